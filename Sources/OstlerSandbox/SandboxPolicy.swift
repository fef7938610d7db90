/// What a sandbox may see, do and use. It is what config, manifest and task come down to, before any plan.
package struct SandboxPolicy: Sendable, Hashable {
    /// How strong the fence is.
    package enum Profile: String, Sendable, CaseIterable {
        case strict
        /// Also the caller's directory.
        case workspace
        /// Without namespaces, by filter, rules and limits alone.
        case contained
        /// Nothing.
        case host

        /// What it is built of.
        package var fence: Fence {
            switch self {
            case .strict, .workspace: .namespaces
            case .contained: .contained
            case .host: .none
            }
        }
    }

    /// What stands between a sandbox and the machine. The raw values are those of `enum ostler_fence_kind`.
    package enum Fence: UInt32, Sendable {
        case namespaces
        case contained
        case none
    }

    /// How far the network of a sandbox with namespaces reaches.
    package enum Network: Sendable {
        case none
        case loopback
    }

    /// A piece of the host that shows in the view.
    package struct Bind: Sendable, Hashable {
        /// A path without symbolic links: a sandbox does not start once there is one on it.
        package var source: String
        package var target: String
        package var isWritable: Bool
        /// Whether the caller's own files appear as the sandbox's user's (needed when Ostler is run by root).
        package var mapsOwner: Bool
        /// Whether it need not exist; each sandbox looks anew.
        package var isOptional: Bool

        package init(
            source: String,
            target: String,
            isWritable: Bool = false,
            mapsOwner: Bool = false,
            isOptional: Bool = false
        ) {
            self.source = source
            self.target = target
            self.isWritable = isWritable
            self.mapsOwner = mapsOwner
            self.isOptional = isOptional
        }
    }

    /// Upper bounds; nil for none.
    package struct Limits: Sendable, Hashable {
        /// Bytes.
        package var memory: UInt64? = 1 << 30
        package var processes: UInt64? = 256
        package var openFiles: UInt64 = 256
        /// Bytes of each writable area: /tmp and the work directory.
        package var temporary: UInt64 = 64 << 20
        /// Seconds of processor time of one process.
        package var cpuSeconds: UInt64?
        /// Bytes of one file.
        package var fileSize: UInt64?

        package init() {}
    }

    package private(set) var profile: Profile = .strict
    /// The name of the profile as it was asked for: its own, or that of one which extends it.
    package var name = Profile.strict.rawValue
    package var limits = Limits()
    package var binds: [Bind] = []
    package var network = Network.none
    /// `KEY=VALUE`, the whole of what a process starts with unless a launch adds to it.
    package var environment: [String] = SandboxPolicy.minimalEnvironment
    /// What is delivered to the sandbox and to nothing else.
    package var secrets: [SandboxSecret] = []
    /// The lists of programs that are in force; nil if there are none.
    package var programs: ProgramFence?
    package var required: SandboxLayers = .strictRequired
    package var best: SandboxLayers = .strictBest
    /// A directory of the host that becomes the work directory; nil for an empty one that vanishes with the sandbox.
    package var workDirectory: Bind?
    /// Where commands begin; nil: in the work directory.
    package var directory: String?

    /// What the profile asks for, and no more.
    package init(_ profile: Profile = .strict) {
        self.profile = profile
        name = profile.rawValue
        guard profile.fence != .namespaces else { return }
        required = profile == .contained ? .containedRequired : []
        best = profile == .contained ? .containedBest : []
    }

    func asks(_ layer: SandboxLayer) -> Bool { required.contains(layer) || best.contains(layer) }

    /// Puts lists of programs in force; they are required to hold unless they are themselves a way around.
    package mutating func enforce(_ fence: ProgramFence) {
        programs = fence
        let layer = SandboxLayers([.programLists])
        if fence.lists.opensWork { best.insert(layer) } else { required.insert(layer) }
    }

    /// Where programs are looked up in the view.
    package static let searchPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
    /// The work directory in the view.
    package static let workPath = "/work"

    package static let minimalEnvironment = [
        "PATH=\(searchPath)", "HOME=\(workPath)", "LANG=C.UTF-8", "LOGNAME=ostler", "TMPDIR=/tmp", "USER=ostler",
    ]
}
