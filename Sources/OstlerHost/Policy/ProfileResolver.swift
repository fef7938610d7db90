package import OstlerConfig
internal import OstlerJSON
package import OstlerProtocol
internal import OstlerSystem
package import OstlerTasks

/// Config, command line and task together: what holds for a sandbox, with the origin of each part. Pure.
package struct ProfileResolver: Sendable {
    private let sandbox: HostConfig.Sandbox
    private let origins: @Sendable (JSONPointer) -> ConfigOrigin
    private let workingDirectory: String
    private let home: String?
    private let isOperator: Bool
    private let optionName: String

    /// - Parameters:
    ///   - workingDirectory: the caller's, absolute and without links.
    ///   - home: what `~` stands for.
    ///   - isOperator: whether the profile is `host` where the config names none.
    ///   - optionName: the option of the command line that names a profile, without dashes.
    package init(
        _ config: HostConfig,
        workingDirectory: String,
        home: String?,
        isOperator: Bool = false,
        optionName: String = "profile"
    ) {
        self.isOperator = isOperator
        self.optionName = optionName
        sandbox = config.sandbox
        origins = { config.origin(of: $0) }
        self.workingDirectory = workingDirectory
        self.home = home
    }

    /// What a task gets.
    /// - Parameters:
    ///   - option: the profile that the command line names. It may be no wider than the config's, but for the weaker ones
    ///     that the config accepts by name.
    ///   - optionMayGrant: whether it may be wider all the same as long as its fence is no weaker.
    package func resolve(
        option: String? = nil,
        optionMayGrant: Bool = false,
        task: TaskSpec.SandboxRequest = .init()
    ) throws(Failure) -> EffectivePolicy {
        var policy = try configured()
        if let option {
            let asked = try profile(option, .config(.option(optionName))).limited(by: policy)
            let isGranted = optionMayGrant && asked.fence <= policy.fence
            if !isGranted, let denial = denial(asked, beyond: policy), try !isAccepted(asked) { throw denial }
            policy = asked
        }
        if let name = task.profile {
            let asked = try profile(name, .task(Self.place.member("profile"))).limited(by: policy)
            if let denial = denial(asked, beyond: policy, at: Self.place.member("profile")) { throw denial }
            policy = asked
        }
        try narrow(&policy, by: task)
        if policy.base == .workspace, let fault = Workspace.fault(of: workingDirectory, home: home) { throw fault }
        return policy
    }

    private static let place = JSONPointer("/sandbox")

    private func configured() throws(Failure) -> EffectivePolicy {
        let origin = origins(JSONPointer("/sandbox/profile"))
        if isOperator, origin == .builtIn { return try profile("host", .operation) }
        return try profile(sandbox.profile, .config(origin))
    }

    /// Whether the config lets the command line name what is weaker than its own profile.
    private func isAccepted(_ asked: EffectivePolicy) throws(Failure) -> Bool {
        var ceilings: [EffectivePolicy] = []
        if sandbox.allowContained { ceilings.append(try profile("contained", .profile(.contained))) }
        if sandbox.allowHost { ceilings.append(try profile("host", .profile(.host))) }
        return ceilings.contains { asked.widening(beyond: $0) == nil }
    }

    // MARK: Narrowing

    private func narrow(_ policy: inout EffectivePolicy, by task: TaskSpec.SandboxRequest) throws(Failure) {
        let ceiling = policy
        if let network = task.network.flatMap(EffectivePolicy.Network.init(rawValue:)) {
            let pointer = Self.place.member("network")
            policy.network = .init(value: network, origin: .task(pointer))
            if let denial = denial(policy, beyond: ceiling, at: pointer) { throw denial }
        }
        for limit in SandboxLimit.allCases {
            guard let value = task.limits[limit] else { continue }
            let pointer = Self.place.member("limits").member(limit.rawValue)
            policy.limits[limit] = .init(value: value, origin: .task(pointer))
            if let denial = denial(policy, beyond: ceiling, at: pointer) { throw denial }
        }
    }

    private func denial(
        _ asked: EffectivePolicy,
        beyond ceiling: EffectivePolicy,
        at pointer: JSONPointer? = nil
    ) -> Failure? {
        guard let widening = asked.widening(beyond: ceiling) else { return nil }
        let what = pointer.map { $0 == Self.place.member("profile") } ?? true
        return .sandboxWidened(
            widening,
            by: what ? "the profile \(Quotation.text(asked.profile.value))" : "the task's sandbox",
            ceiling: ceiling,
            remedy: remedy(asked, ceiling, isProfile: what),
            at: pointer
        )
    }

    private func remedy(_ asked: EffectivePolicy, _ ceiling: EffectivePolicy, isProfile: Bool) -> String {
        guard isProfile else {
            return "ask for no more than that, or let the config give more: \(ceiling.profile.origin)"
        }
        let name = asked.profile.value
        let also = asked.base == .host ? " and sandbox.allow_host: true" : ""
        let or = asked.base == .contained ? ", or sandbox.allow_contained: true for `--\(optionName)`" : ""
        return "a task only narrows: set sandbox.profile: \(name)\(also) in the config\(or), or leave the profile out"
    }

    // MARK: Profiles

    /// A profile with all that it extends.
    private func profile(_ name: String, _ origin: EffectivePolicy.Origin) throws(Failure) -> EffectivePolicy {
        guard let lineage = sandbox.lineage(of: name), let base = sandbox.base(of: name) else {
            throw .unknownProfile(name, sandbox.profileNames, isOption: origin == .config(.option(optionName)))
        }
        var policy = EffectivePolicy(
            profile: .init(value: name, origin: origin),
            base: base,
            grants: grants(of: base),
            network: .init(value: base == .host ? .host : .none, origin: .profile(base)),
            limits: limits(of: base)
        )
        policy.directory = base == .workspace || base == .host ? workingDirectory : nil
        for name in lineage.dropLast().reversed() {
            guard let profile = sandbox.profiles[name] else { continue }
            try extend(&policy, by: profile, at: JSONPointer("/sandbox/profiles").member(name))
        }
        return policy
    }

    private func grants(of base: HostConfig.BaseProfile) -> [EffectivePolicy.Said<EffectivePolicy.Grant>] {
        guard base == .workspace else { return [] }
        let origin = EffectivePolicy.Origin.profile(base)
        let directory = EffectivePolicy.Grant(path: workingDirectory, isWritable: true)
        let prefix = workingDirectory == "/" ? "/" : workingDirectory + "/"
        return [.init(value: directory, origin: origin)]
            + Workspace.controlFiles.map {
                .init(value: .init(path: prefix + $0, isWritable: false, isOptional: true), origin: origin)
            }
    }

    private func limits(of base: HostConfig.BaseProfile) -> [SandboxLimit: EffectivePolicy.Said<Int64?>] {
        var limits: [SandboxLimit: EffectivePolicy.Said<Int64?>] = [:]
        for limit in SandboxLimit.allCases {
            let origin = origins(JSONPointer("/sandbox/limits").member(limit.rawValue))
            limits[limit] = .init(value: sandbox.limits[limit], origin: .config(origin))
        }
        return limits
    }

    private func extend(
        _ policy: inout EffectivePolicy,
        by profile: HostConfig.Profile,
        at pointer: JSONPointer
    ) throws(Failure) {
        func origin(_ pointer: JSONPointer) -> EffectivePolicy.Origin { .config(origins(pointer)) }
        for (key, paths) in [("ro", profile.readOnly), ("rw", profile.readWrite)] {
            for (index, path) in paths.enumerated() {
                let grant = EffectivePolicy.Grant(path: try expanded(path), isWritable: key == "rw")
                policy.grants.removeAll { $0.value.path == grant.path }
                policy.grants.append(.init(value: grant, origin: origin(pointer.member(key).element(index))))
            }
        }
        if let network = profile.network.flatMap({ EffectivePolicy.Network(rawValue: $0.rawValue) }) {
            policy.network = .init(value: network, origin: origin(pointer.member("network")))
        }
        for (limit, value) in profile.limits {
            let place = pointer.member("limits").member(limit.rawValue)
            policy.limits[limit] = .init(value: value, origin: origin(place))
            policy.ownLimits.insert(limit)
        }
        for variable in profile.environment {
            policy.environment.removeAll { $0.value.name == variable.name }
            policy.environment.append(
                .init(value: variable, origin: origin(pointer.member("env").member(variable.name)))
            )
        }
    }

    private func expanded(_ path: String) throws(Failure) -> String {
        guard path.hasPrefix("~") else { return path }
        guard let home, home.isAbsolutePath else { throw .noHome(path) }
        let parts = (home.pathParts + path.dropFirst().pathParts).map(String.init)
        return "/" + parts.joined(separator: "/")
    }
}
