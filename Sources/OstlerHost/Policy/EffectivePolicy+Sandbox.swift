internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerTasks

extension SandboxPolicy {
    /// What needs no look at the machine.
    mutating func apply(_ effective: EffectivePolicy) {
        for limit in SandboxLimit.allCases { apply(limit, effective.limit(limit)) }
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
    static func profileNotBuilt(_ base: String) -> Failure {
        Failure(
            "profile_unavailable",
            fault: .user,
            message: "the profile \(base) cannot be built in this version",
            pointer: JSONPointer("/sandbox/profile"),
            hint: "use the profile strict"
        )
    }
}
