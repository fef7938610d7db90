internal import Glibc
package import OstlerProtocol
package import OstlerSandbox
internal import OstlerSystem

/// Says what a refused sandbox means, why it is likely, and what to do.
package enum LaunchDiagnosis {
    package static func failure(_ failure: LaunchFailure) -> Failure {
        if failure.stage == "launcher" { return launcherLost }
        let layer = failure.layer.map { "layer \($0.name), " } ?? ""
        let detail = failure.detail.isEmpty ? "" : " (\(failure.detail))"
        var report = Failure(
            "sandbox_unavailable",
            fault: .sandbox,
            retry: failure.errno == ESTALE ? .same : .otherNode,
            message: "the sandbox could not be built: \(layer)step \(failure.stage): "
                + "\(Errno.message(failure.errno))\(detail); nothing was run"
        )
        report.hint = hint(failure)
        return report
    }

    /// By the kernel's rule the death of the launcher is the death of every pid 1 that it had started.
    private static let launcherLost = Failure(
        "launcher_lost",
        fault: .sandbox,
        retry: .same,
        sideEffects: .possible,
        message: "the launcher ended unexpectedly, and everything that it had started ended with it",
        hint: "it was killed, or it crashed: look at the kernel's log. A new one is started for the next task"
    )

    private static func hint(_ failure: LaunchFailure) -> String {
        switch (failure.stage, failure.errno) {
        case ("start", ENOENT): "ostler-launch is missing from libexec: install Ostler again"
        case ("slot", EPERM), ("user", EPERM), ("start", EPERM), ("clone", EPERM):
            "this place does not allow user namespaces: look at the sysctls kernel.unprivileged_userns_clone and "
                + "user.max_user_namespaces, at AppArmor's userns restriction, or run the container with a seccomp "
                + "profile that allows clone and unshare; `ostler doctor` tells which"
        case ("slot", ENOSPC), ("slot", EUSERS):
            "no more namespaces are allowed: raise the sysctls user.max_user_namespaces and user.max_net_namespaces"
        case ("template", ESTALE):
            "the programs of this machine were changed, perhaps by an upgrade, after they had been checked: run it again"
        case ("template", ENOENT): "a file or directory that was asked for does not exist on this machine"
        case ("template", _), ("mount", _):
            "mounts are refused here, as in many containers; `ostler doctor` tells which step fails"
        case ("cgroup", _): "the cgroup of this process is not writable; `ostler doctor` tells which controllers are"
        case ("seccomp", _): "the kernel or the container refuses seccomp filters"
        default: "`ostler doctor` probes each layer by doing"
        }
    }
}
