internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerTasks

extension SandboxPolicy {
    /// What needs no look at the machine.
    mutating func apply(_ effective: EffectivePolicy) {
        for limit in SandboxLimit.allCases { apply(limit, effective.limit(limit)) }
        network = effective.network.value == .loopback ? .loopback : .none
        environment += effective.environment.map { "\($0.value.name)=\($0.value.value)" }
    }

    mutating func apply(_ limits: HostConfig.Limits) {
        for limit in SandboxLimit.allCases { apply(limit, limits[limit]) }
    }

    private mutating func apply(_ limit: SandboxLimit, _ value: Int64?) {
        let amount = value.map { UInt64($0) }
        switch limit {
        case .memory: limits.memory = amount
        case .processes: limits.processes = amount
        case .openFiles: limits.openFiles = amount ?? limits.openFiles
        case .tmp: limits.temporary = amount ?? limits.temporary
        // The host's own, which counts what comes through the plugin.
        case .output: break
        case .cpu: limits.cpuSeconds = value.map { UInt64(max(1, ($0 + 999) / 1000)) }
        case .fileSize: limits.fileSize = amount
        }
    }
}

extension TaskSpec.SandboxRequest {
    /// What a task asks for that its executor's own process, which serves other tasks too, cannot give.
    var unmetWithoutLaunch: Failure? {
        let limits = SandboxLimit.allCases.filter { $0 != .output && self.limits.keys.contains($0) }
        let members = limits.map { "limits/\($0.rawValue)" } + (network == nil ? [] : ["network"])
        guard let member = members.first else { return nil }
        return Failure(
            "unsupported_member",
            fault: .user,
            message: "the executor runs its tasks in its own process, whose sandbox is made before them",
            pointer: JSONPointer("/sandbox/" + member),
            hint: "leave it out, or set limits in the plugin's manifest"
        )
    }
}

extension Failure {
    static func noViewOfSecrets(_ profile: String) -> Failure {
        Failure(
            "no_view",
            fault: .user,
            message: "the profile \(Quotation.text(profile)) has no view, so there is no /run/secrets",
            pointer: JSONPointer("/secrets"),
            hint: "ask for the secret as a variable, with \"as\": \"env\", or run where there can be namespaces"
        )
    }

    static func noView(_ profile: String) -> Failure {
        Failure(
            "no_view",
            fault: .user,
            message: "the profile \(Quotation.text(profile)) has no view, so there is no /in and no /out",
            hint: "leave out --in and --out; grant what a task needs by ro and rw of a profile, at its own path"
        )
    }
}
