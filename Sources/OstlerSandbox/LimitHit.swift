internal import Glibc
package import OstlerProtocol

extension SandboxPolicy.Limits {
    /// The resource limit that ended a command, if its end shows one: by the kernel's signal, or by a shell's word of it
    /// (128 and the number of the signal).
    package func hit(by report: ExitReport) -> Failure.Limit? {
        func ended(by signal: Int32) -> Bool { report.signal == signal || report.exitCode == 128 + signal }
        if let cpuSeconds {
            let used = (report.usage.userMicroseconds + report.usage.systemMicroseconds) / 1_000_000
            // The kernel warns at the limit and kills a second later.
            if used >= cpuSeconds, ended(by: SIGXCPU) || ended(by: SIGKILL) {
                return .init(name: "cpu", limit: cpuSeconds, observed: used)
            }
        }
        if let fileSize, ended(by: SIGXFSZ) { return .init(name: "file_size", limit: fileSize, observed: fileSize) }
        return nil
    }
}
