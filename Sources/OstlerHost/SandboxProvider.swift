internal import Glibc
package import OstlerCatalog
internal import OstlerConfig
internal import OstlerJSON
package import OstlerProtocol
package import OstlerSandbox
package import OstlerSystem
package import OstlerTasks
internal import OstlerTrust

/// Decides the policy of each sandbox: of plugins by their manifest, of commands by config and task.
@LoopActor
package final class SandboxProvider {
    package let launcher: Launcher
    package let planner: Planner
    package let vault: SecretVault
    private let settings: HostSettings
    private var programs: [String: ListedPrograms] = [:]
    /// The files of lists before those of now: tasks that wait may have been planned with them.
    private var retired: [ProgramFence] = []
    private var resolved: [String: String] = [:]
    private var certificates: [CertificateKey: [UInt8]] = [:]

    private let resolver: ProfileResolver
    private var effective: [TaskSpec.SandboxRequest: EffectivePolicy] = [:]
    private var bases: [TaskSpec.SandboxRequest: SandboxPolicy] = [:]
    private static let rememberedRequests = 256
    /// Most tasks ask for nothing of their own, and what is said to one is said to all: it is found out once.
    private var allowsPlainTasks = false

    private struct CertificateKey: Hashable {
        let profile: String
        let required: SandboxLayers
        let best: SandboxLayers
        let enforced: SandboxLayers
        let programs: ProgramFence?
        let secrets: [SandboxSecret]
    }

    package init(_ settings: HostSettings) {
        self.settings = settings
        resolver = ProfileResolver(
            settings.config,
            workingDirectory: settings.workingDirectory,
            home: settings.home,
            isOperator: settings.isOperator,
            optionName: settings.profileOption
        )
        vault = SecretVault(settings.config.secrets)
        planner = Planner(layout: HostLayout.probe())
        launcher = Launcher(
            .init(
                program: settings.launcherProgram,
                runID: settings.runID,
                firstUserID: settings.config.sandbox.uidRange.first,
                userIDCount: settings.config.sandbox.uidRange.count
            )
        )
    }

    // MARK: Policies

    /// What a task's sandbox may, with the origin of each part.
    package func effective(for request: TaskSpec.SandboxRequest = .init()) throws(Failure) -> EffectivePolicy {
        if let known = effective[request] { return known }
        var policy = try resolver.resolve(
            option: settings.profile,
            optionMayGrant: settings.profileMayGrant,
            task: request
        )
        for (limit, value) in settings.limits { policy.set(limit, to: value, by: .config(.option("limit"))) }
        if let network = settings.network { try policy.set(network, by: .config(.option("network"))) }
        if effective.count >= Self.rememberedRequests {
            effective.removeAll()
            bases.removeAll()
        }
        effective[request] = policy
        return policy
    }

    /// Why a task cannot have the sandbox that it asks for; nil if it can.
    package func refusal(of task: TaskSpec, launches: Bool) -> Failure? {
        if task.environmentMode == .inherit, settings.inheritedEnvironment == nil { return .noInheritance }
        let isPlain = task.sandbox.isEmpty && task.secrets.isEmpty
        if isPlain, allowsPlainTasks { return nil }
        let refusal = judge(task, launches: launches)
        if isPlain { allowsPlainTasks = refusal == nil }
        return refusal
    }

    private func judge(_ task: TaskSpec, launches: Bool) -> Failure? {
        do throws(Failure) {
            let policy = try effective(for: task.sandbox)
            if policy.fence != .namespaces {
                let profile = policy.profile.value
                if !settings.taskBinds.isEmpty { return .noView(profile) }
                if task.secrets.contains(where: { $0.variable == nil }) { return .noViewOfSecrets(profile) }
            }
            return launches ? nil : task.sandbox.unmetWithoutLaunch
        } catch {
            return error
        }
    }

    func commandSandbox(for task: TaskSpec, executor: String) throws(Failure) -> CommandSandbox {
        CommandSandbox(
            try policy(for: task, executor: executor),
            outputLimit: try effective(for: task.sandbox).limit(.output)
        )
    }

    /// The sandbox of the commands of a task.
    /// - Parameter isStale: whether the files of the executor's lists are to be looked up again.
    package func policy(
        for task: TaskSpec,
        executor: String,
        isStale: Bool = false
    ) throws(Failure) -> SandboxPolicy {
        var policy = try base(for: task.sandbox)
        switch task.environmentMode {
        case .minimal: break
        case .clean: policy.environment = []
        case .inherit where policy.profile == .host:
            policy.environment = inherited(under: try effective(for: task.sandbox))
        case .inherit: break
        }
        // Their values come when the task is about to run.
        policy.secrets = task.secrets.map { SandboxSecret(name: $0.name, variable: $0.variable, bytes: []) }
        if let fence = programs(of: executor).current(isStale: isStale) { policy.enforce(fence) }
        if task.isQuestion, policy.profile.fence == .namespaces { policy.changeNothing() }
        return policy
    }

    /// The sandbox of a plugin.
    package func policy(for plugin: InstalledPlugin) -> SandboxPolicy {
        var policy = SandboxPolicy(profileOfPlugins)
        policy.required.formUnion(settings.required)
        if policy.profile == .host { policy.environment = hostEnvironment }
        policy.apply(settings.config.sandbox.limits)
        let limits = plugin.manifest.limits
        if let memory = limits.memory { policy.limits.memory = UInt64(memory) }
        if let processes = limits.processes { policy.limits.processes = UInt64(processes) }
        // A plugin that serves many tasks holds a few descriptors for each.
        let slots = plugin.manifest.executors.map(\.concurrency).reduce(0, +)
        policy.limits.openFiles = UInt64(limits.openFiles ?? max(Int(policy.limits.openFiles), 64 + slots * 4))
        policy.limits.cpuSeconds = nil
        policy.binds = [
            .init(source: plugin.directory, target: Self.pluginPath, mapsOwner: mapsOwner(plugin.directory))
        ]
        if plugin.manifest.shim != nil {
            policy.binds.append(.init(source: withoutLinks(settings.shimProgram), target: Self.shimPath))
        }
        policy.binds += plugin.permissions.files.map { bind(.init(path: $0.path, isWritable: $0.isWritable)) }
        if plugin.permissions.loopback, policy.profile.fence == .namespaces { policy.network = .loopback }
        return policy
    }

    /// Throws unless a plugin's files are those that were let in. They are looked at beside the loop.
    func check(_ plugin: InstalledPlugin) async throws(TrustError) {
        guard plugin.entry != nil else { return }
        let result = await Task.detached {
            Result { () throws(TrustError) in try plugin.check() }
        }.value
        try result.get()
    }

    /// As ``check(_:)``, and keeps the files from being removed for as long as what it returns lives.
    func hold(_ plugin: InstalledPlugin) async throws(TrustError) -> PluginUse? {
        guard plugin.origin.origin == .store else {
            try await check(plugin)
            return nil
        }
        let use = PluginUse(plugin.directory)
        try await check(plugin)
        return use
    }

    /// Where a plugin finds its own files.
    package nonisolated static let pluginPath = "/plugin"
    /// Where `ostler-shim` shows in the sandbox of a plugin that has no program of its own.
    package nonisolated static let shimPath = "/ostler-shim"

    /// Plugins are fenced as the run is; a task that asks for more does not change what has started.
    private var profileOfPlugins: SandboxPolicy.Profile {
        switch (try? effective())?.fence {
        case .contained: .contained
        case .some(.none): .host
        case .namespaces, nil: .strict
        }
    }

    /// Nothing is the sandbox's own there.
    private var hostEnvironment: [String] {
        let home = settings.home.map { ["HOME=" + $0] } ?? []
        return ["PATH=" + SandboxPolicy.searchPath, "LANG=C.UTF-8"] + home
    }

    /// The caller's variables, below those of the profile.
    private func inherited(under policy: EffectivePolicy) -> [String] {
        let own = policy.environment.map(\.value)
        let names = Set(own.map(\.name))
        let callers = (settings.inheritedEnvironment ?? []).filter { pair in
            !names.contains(String(pair.prefix { $0 != "=" }))
        }
        return callers + own.map { "\($0.name)=\($0.value)" }
    }

    /// What the commands of all tasks with one request have in common.
    private func base(for request: TaskSpec.SandboxRequest) throws(Failure) -> SandboxPolicy {
        if let known = bases[request] { return known }
        let effective = try effective(for: request)
        var policy = SandboxPolicy(SandboxPolicy.Profile(rawValue: effective.base.rawValue) ?? .strict)
        policy.required.formUnion(settings.required)
        policy.name = effective.profile.value
        if policy.profile == .host { policy.environment = hostEnvironment }
        policy.apply(effective)
        policy.binds = effective.grants.map { bind($0.value) } + settings.taskBinds
        policy.workDirectory = settings.workDirectory
        policy.directory = settings.workDirectory == nil ? effective.directory : nil
        if policy.profile.fence != .namespaces, let work = settings.workDirectory { policy.directory = work.source }
        // The place where the sandbox would have a directory of its own.
        if policy.workDirectory == nil,
            let index = policy.binds.firstIndex(where: { $0.target == SandboxPolicy.workPath })
        {
            policy.workDirectory = policy.binds.remove(at: index)
        }
        bases[request] = policy
        return policy
    }

    /// What need not exist is looked up by each sandbox, as it is: a link is no such file.
    private func bind(_ grant: EffectivePolicy.Grant) -> SandboxPolicy.Bind {
        let source = grant.isOptional ? grant.path : withoutLinks(grant.path)
        var status = stat()
        let owned = grant.isOptional ? String(source[..<(source.lastSlash ?? source.endIndex)]) : source
        return .init(
            source: source,
            target: grant.path,
            isWritable: grant.isWritable,
            mapsOwner: geteuid() == 0 && stat(owned, &status) == 0 && status.st_uid == 0,
            isOptional: grant.isOptional
        )
    }

    /// Where a path leads, found out once: links that come later are not followed.
    private func withoutLinks(_ path: String) -> String {
        if let known = resolved[path] { return known }
        guard let found = realpath(path, nil) else { return path }
        defer { free(found) }
        let source = String(cString: found)
        resolved[path] = source
        return source
    }

    /// A directory that only its owner may read is shown to the sandbox's user as its own.
    private func mapsOwner(_ directory: String) -> Bool {
        var status = stat()
        guard geteuid() == 0, stat(directory, &status) == 0 else { return false }
        return status.st_uid == 0 && status.st_mode & 0o005 != 0o005
    }

    /// The allow and block lists of an executor: those of the configuration, in which what a rule allows with some
    /// arguments is among the allowed, and of these what its plugin was granted. Names that exist nowhere in the view
    /// match nothing.
    package func programs(of executor: String) -> ListedPrograms {
        if let known = programs[executor] { return known }
        let config = settings.config.executor(named: executor)
        let granted = settings.catalog.installedExecutor(named: executor)?.plugin.programs
        let lists = ProgramLists(
            allowed: Self.common(granted, config.allowedCommands.map { $0 + config.programsOfAllowRules }),
            blocked: config.blockedCommands,
            bundles: config.bundles,
            opensWork: config.executesWorkDirectory
        )
        let listed = ListedPrograms(lists) { [weak self] old in self?.retire(old) }
        programs[executor] = listed
        return listed
    }

    /// What two allow lists have in common, by file: a name of the one may be a path in the other.
    private static func common(_ granted: [String]?, _ configured: [String]?) -> [String]? {
        guard let granted, let configured else { return granted ?? configured }
        let resolver = ProgramResolver()
        let files = Set(configured.compactMap { resolver.resolve($0)?.identity })
        return granted.filter { name in resolver.resolve(name).map { files.contains($0.identity) } == true }
    }

    /// Why the lists and rules of an executor are against a command line; nil if they are not.
    package func judge(_ program: String, _ arguments: [String], executor: String) -> Failure? {
        let policy = ProgramPolicy(programs(of: executor), settings.config.executor(named: executor))
        return policy.hasRules ? policy.judge(program, arguments, at: JSONPointer("/argv/0")) : nil
    }

    private func retire(_ fence: ProgramFence) {
        for old in retired where old.lists == fence.lists { launcher.dropPlans(of: old) }
        retired.removeAll { $0.lists == fence.lists }
        retired.append(fence)
        certificates.removeAll()
    }

    /// What can be had is required from then on: a plan either enforces it or does not start.
    package func strengthened(_ policy: SandboxPolicy) -> SandboxPolicy {
        var policy = policy
        var layers: [SandboxLayer] = []
        if launcher.capabilities.memory != .none { layers += [.memoryLimit, .cgroupNamespace] }
        if launcher.capabilities.processes != .none { layers.append(.processLimit) }
        if launcher.capabilities.hasLandlock { layers.append(.landlock) }
        policy.required.formUnion(policy.best.intersection(SandboxLayers(layers)))
        return policy
    }

    /// The plan for a policy, made when it is first needed.
    package func plan(for policy: SandboxPolicy) async throws(LaunchFailure) -> LaunchPlan {
        try await launcher.start()
        if let fence = policy.programs, !fence.isLoaded {
            // Files are looked through beside the loop, which serves everybody.
            _ = await Task.detached { fence.load() }.value
        }
        return try await launcher.plan(for: strengthened(policy), planner)
    }

    /// The certificate of a sandbox as JSON text; equal ones are written once.
    package func certificate(_ policy: SandboxPolicy, enforced: SandboxLayers) -> [UInt8] {
        let policy = strengthened(policy)
        let key = CertificateKey(
            profile: "\(policy.name) \(policy.network)",
            required: policy.required,
            best: policy.best,
            enforced: enforced,
            programs: policy.programs,
            secrets: policy.secrets
        )
        if let known = certificates[key] { return known }
        let json = Certificate(policy: policy, enforced: enforced, capabilities: launcher.capabilities).json
        certificates[key] = json
        return json
    }
}
