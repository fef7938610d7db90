internal import COstlerLaunch

/// One protection of a sandbox. The raw values are the bits of `enum ostler_layer`.
package enum SandboxLayer: UInt32, Sendable, CaseIterable {
    case userNamespace = 0
    case pidNamespace
    case mountNamespace
    case networkNamespace
    case ipcNamespace
    case utsNamespace
    case cgroupNamespace
    case minimalRoot
    case privateProc
    case minimalDev
    case boundedTmp
    case `init`
    case capabilities
    case noNewPrivileges
    case seccomp
    case rlimits
    case closedDescriptors
    case environment
    case parentDeath
    case memoryLimit
    case processLimit
    case landlock
    case programLists

    /// As the certificate, the config and `--require` have it.
    package var name: String {
        switch self {
        case .userNamespace: "user_namespace"
        case .pidNamespace: "pid_namespace"
        case .mountNamespace: "mount_namespace"
        case .networkNamespace: "network_namespace"
        case .ipcNamespace: "ipc_namespace"
        case .utsNamespace: "uts_namespace"
        case .cgroupNamespace: "cgroup_namespace"
        case .minimalRoot: "minimal_root"
        case .privateProc: "private_proc"
        case .minimalDev: "minimal_dev"
        case .boundedTmp: "bounded_tmp"
        case .`init`: "init"
        case .capabilities: "capabilities"
        case .noNewPrivileges: "no_new_privs"
        case .seccomp: "seccomp"
        case .rlimits: "rlimits"
        case .closedDescriptors: "closed_descriptors"
        case .environment: "environment"
        case .parentDeath: "parent_death"
        case .memoryLimit: "memory_limit"
        case .processLimit: "process_limit"
        case .landlock: "landlock"
        case .programLists: "program_lists"
        }
    }

    package init?(name: String) {
        guard let layer = Self.allCases.first(where: { $0.name == name }) else { return nil }
        self = layer
    }
}

/// A set of layers, as the launcher writes it.
package struct SandboxLayers: OptionSet, Sendable, Hashable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package init(_ layers: some Sequence<SandboxLayer>) {
        var bits: UInt32 = 0
        for layer in layers { bits |= 1 << layer.rawValue }
        self.init(rawValue: bits)
    }

    package func contains(_ layer: SandboxLayer) -> Bool { rawValue & (1 << layer.rawValue) != 0 }

    /// What `strict` does not start without.
    package static let strictRequired = SandboxLayers(
        SandboxLayer.allCases.filter { !Self.strictBest.contains($0) && $0 != .programLists }
    )
    /// What `strict` takes if it can be had; its absence shows in the certificate.
    package static let strictBest = SandboxLayers([.cgroupNamespace, .memoryLimit, .processLimit, .landlock])
    /// What `contained` does not start without.
    package static let containedRequired = SandboxLayers([
        .`init`, .capabilities, .noNewPrivileges, .seccomp, .rlimits, .closedDescriptors, .environment, .parentDeath,
        .landlock,
    ])
    package static let containedBest = SandboxLayers([.memoryLimit, .processLimit])
}
