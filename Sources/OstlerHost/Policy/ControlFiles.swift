internal import Glibc
package import OstlerSandbox

/// Names of a workspace that other programs obey, and that were not there when a command was about to start. A view can
/// protect only what exists, so whoever lets the command run is told which of them it made.
package struct ControlFiles: Sendable {
    private let absent: [String]

    /// What is not there now.
    package init(of policy: SandboxPolicy) {
        absent = policy.binds.lazy.filter { $0.isOptional && !$0.isWritable }.map(\.source).filter { !Self.exists($0) }
    }

    /// Paths that have come to be since, in the order of ``Workspace/controlFiles``.
    package func made() -> [String] { absent.filter(Self.exists) }

    private static func exists(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0
    }
}
