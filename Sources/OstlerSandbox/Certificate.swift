package import OstlerJSON

/// What a sandbox really enforced, layer by layer. It comes from the launcher, never from a plugin.
package struct Certificate: Sendable {
    /// The profile as it was asked for, and what it is built on.
    package let profile: String
    package let base: SandboxPolicy.Profile
    package let network: SandboxPolicy.Network
    package let required: SandboxLayers
    package let best: SandboxLayers
    package let enforced: SandboxLayers
    package let capabilities: LauncherCapabilities
    /// The lists that are in force; nil if there are none.
    package let programs: ProgramFence?
    /// The secrets that were delivered: their names and places.
    private let secrets: [(name: String, variable: String?, path: String)]

    package init(policy: SandboxPolicy, enforced: SandboxLayers, capabilities: LauncherCapabilities) {
        profile = policy.name
        base = policy.profile
        network = policy.network
        required = policy.required
        best = policy.best
        self.enforced = enforced
        self.capabilities = capabilities
        programs = policy.programs
        secrets = policy.secrets.map { ($0.name, $0.variable, $0.path) }
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("profile")
        writer.string(profile)
        if profile != base.rawValue {
            writer.key("extends")
            writer.string(base.rawValue)
        }
        writer.key("layers")
        writer.beginArray()
        for layer in SandboxLayer.allCases {
            writer.beginObject()
            writer.key("layer")
            writer.string(layer.name)
            writer.key("asked")
            writer.string(asked(layer))
            writer.key("enforced")
            writer.bool(enforced.contains(layer))
            writer.key("mechanism")
            writer.string(mechanism(layer))
            writer.endObject()
        }
        writer.endArray()
        if !secrets.isEmpty { encodeSecrets(into: &writer) }
        writer.endObject()
    }

    private func encodeSecrets(into writer: inout JSONWriter) {
        writer.key("secrets")
        writer.beginArray()
        for secret in secrets {
            writer.beginObject()
            writer.key("name")
            writer.string(secret.name)
            writer.key("as")
            writer.string(secret.variable == nil ? "file" : "env")
            if let variable = secret.variable {
                writer.key("variable")
                writer.string(variable)
            } else {
                writer.key("path")
                writer.string(secret.path)
            }
            writer.endObject()
        }
        writer.endArray()
    }

    /// As JSON text.
    package var json: [UInt8] {
        var writer = JSONWriter()
        encode(into: &writer)
        return writer.bytes
    }

    private func asked(_ layer: SandboxLayer) -> String {
        required.contains(layer) ? "required" : best.contains(layer) ? "best" : "no"
    }

    /// How the layer is, or is not, enforced.
    package func mechanism(_ layer: SandboxLayer) -> String {
        switch base.fence {
        case .namespaces: inNamespaces(layer)
        case .contained: contained(layer)
        case .none: "none"
        }
    }

    private func inNamespaces(_ layer: SandboxLayer) -> String {
        let isEnforced = enforced.contains(layer)
        return switch layer {
        case .userNamespace:
            capabilities.isRealRoot
                ? "user namespace, its user mapped to an unprivileged id of its own"
                : "user namespace, its user mapped to the caller's id"
        case .pidNamespace: "pid namespace"
        case .mountNamespace: "mount namespace, a private copy of the view"
        case .networkNamespace: "network namespace of its own, loopback \(network == .loopback ? "up" : "down")"
        case .ipcNamespace: "ipc namespace"
        case .utsNamespace: "uts namespace"
        case .cgroupNamespace: isEnforced ? "cgroup namespace" : "none"
        case .minimalRoot: "read-only tmpfs root with bound directories"
        case .privateProc: "proc of its own pid namespace"
        case .minimalDev: "null zero full random urandom tty"
        case .boundedTmp: "tmpfs with a size"
        case .`init`: "pid 1 that reaps and forwards signals"
        case .capabilities: "all five sets empty"
        case .noNewPrivileges: "no_new_privs"
        case .seccomp: "filter over the known system calls; newer ones do not exist"
        case .rlimits: "rlimits"
        case .closedDescriptors: "close_range of all but the granted ones"
        case .environment:
            secrets.contains { $0.variable != nil }
                ? "built from the policy alone, with secrets in it" : "built from the policy alone"
        case .parentDeath: "PDEATHSIG of pid 1 and the launcher's socket"
        case .memoryLimit: memory
        case .processLimit:
            isEnforced ? "cgroup \(capabilities.processes.rawValue) pids" : "RLIMIT_NPROC of the user namespace"
        case .landlock: isEnforced ? landlock : "none (kernel offers ABI \(capabilities.landlockABI))"
        case .programLists: programs.map(lists) ?? "none are in force"
        }
    }

    private func contained(_ layer: SandboxLayer) -> String {
        let isOwn = capabilities.hasOwnIDs
        return switch layer {
        case .userNamespace: isOwn ? "none; an unprivileged id of its own" : "none; the caller's id"
        case .pidNamespace, .mountNamespace, .utsNamespace, .cgroupNamespace, .minimalRoot, .privateProc, .minimalDev:
            "none"
        case .networkNamespace: "none; the filter refuses sockets"
        case .ipcNamespace: "none; the filter refuses shared memory, queues and semaphores"
        case .boundedTmp: "none; a directory of its own without a bound, removed afterwards"
        case .`init`: "a process that adopts what is left behind, and ends it"
        case .capabilities:
            isOwn ? "all five sets empty" : "all empty but the bounding set, of which no_new_privs leaves nothing"
        case .seccomp: "filter over the known system calls, without sockets and shared memory; newer ones do not exist"
        case .parentDeath: "PDEATHSIG of its first process and the launcher's socket"
        case .memoryLimit: memory
        case .processLimit:
            enforced.contains(layer)
                ? "cgroup \(capabilities.processes.rawValue) pids"
                : isOwn ? "RLIMIT_NPROC of its id" : "RLIMIT_NPROC above what the machine ran"
        case .programLists: programs == nil ? "none are in force" : "none; there is no view to hold them"
        case .noNewPrivileges, .rlimits, .closedDescriptors, .environment, .landlock: inNamespaces(layer)
        }
    }

    private var memory: String {
        enforced.contains(.memoryLimit)
            ? "cgroup \(capabilities.memory.rawValue) memory" : "RLIMIT_DATA, for each process by itself"
    }

    /// What the version of the kernel's interface offers.
    private var landlock: String {
        let abi = capabilities.landlockABI
        var parts = base.fence == .contained ? ["files", "execution", "device nodes"] : ["writing", "device nodes"]
        if let programs, !programs.lists.opensWork { parts.insert("execution", at: 0) }
        if abi >= 4, network == .none { parts.append("TCP") }
        if abi >= 5 { parts.append("ioctl of devices") }
        if abi >= 6 { parts.append("signals and abstract sockets") }
        return "ABI \(abi): " + parts.joined(separator: ", ")
    }

    private func lists(_ fence: ProgramFence) -> String {
        let content = fence.load()
        let view: String
        if let closure = content.closure {
            let bundles = closure.bundles.isEmpty ? "" : " and \(closure.bundles.joined(separator: ", "))"
            view = "view of \(closure.files.count) program files\(bundles)"
        } else {
            view = "view with \(content.hidden.count) program files hidden"
        }
        let rest = "all else noexec, no memory files"
        guard fence.lists.opensWork else { return "\(view); \(rest)" }
        return "\(view); \(rest); but exec_workdir lets a task execute what it makes in /work"
    }
}
