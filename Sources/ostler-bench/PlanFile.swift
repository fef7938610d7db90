import Glibc
import OstlerSandbox

/// The plan of the default sandbox as a file, for peers that drive the launcher without the host.
enum PlanFile {
    /// - Parameter directory: shown in the view at `/bench`.
    static func write(binding directory: String, to path: String) {
        var policy = SandboxPolicy()
        policy.binds = [.init(source: directory, target: "/bench")]
        let bytes = Planner(layout: HostLayout.probe()).plan(policy).bytes
        let output = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
        precondition(Glibc.write(output, bytes, bytes.count) == bytes.count, "cannot write \(path)")
        close(output)
    }
}
