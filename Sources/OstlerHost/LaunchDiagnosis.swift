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
        report.hint = hint(failure) + (isLackOfNamespaces(failure) ? weaker : "")
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

    private static func isLackOfNamespaces(_ failure: LaunchFailure) -> Bool {
        if failure.stage == "slot" { return failure.layer == .userNamespace }
        return ["mount", "template", "uts"].contains(failure.stage) && [EPERM, EACCES, EROFS].contains(failure.errno)
    }

    private static let listsNeedView =
        "lists of allowed and blocked commands hold only in a profile with namespaces: name one by `--profile strict`, with "
        + "`ostler apply` by `--sandbox strict`, or in the config by sandbox.profile"

    private static let weaker =
        "; where there can be no namespaces, the profile contained is the weaker choice, by `sandbox: {profile: contained}` "
        + "in the config"

    private static func hint(_ failure: LaunchFailure) -> String {
        switch (failure.stage, failure.errno) {
        case ("start", ENOENT): "there is no ostler-launch there: install Ostler again, or correct OSTLER_LIBEXEC"
        case ("slot", EPERM), ("user", EPERM), ("start", EPERM), ("clone", EPERM):
            "this place does not allow user namespaces: look at the sysctls kernel.unprivileged_userns_clone and "
                + "user.max_user_namespaces, at AppArmor's userns restriction, or run the container with a seccomp "
                + "profile that allows clone and unshare; in a chroot there are none; `ostler doctor` tells which step fails"
        case ("slot", EROFS), ("uts", EPERM):
            "the container's profile stands in the way: run it with `--cap-add SYS_ADMIN` and `--security-opt "
                + "unmask=ALL` (podman) or `systempaths=unconfined` (docker)"
        case ("user", ENOTSUP):
            "without namespaces root's commands need an id of their own: run ostler as an ordinary user, or give root "
                + "CAP_SETUID, CAP_SETGID and ids that exist here by sandbox.uid_range"
        case ("directory", _): "make room for temporary files, or name a directory for them by TMPDIR"
        case ("slot", ENOTSUP):
            "run ostler as an ordinary user, or give root these capabilities and ids by sandbox.uid_range"
        case ("slot", ENOSPC), ("slot", EUSERS):
            "no more namespaces are allowed: raise the sysctls user.max_user_namespaces and user.max_net_namespaces"
        case ("template", ESTALE):
            "the programs of this machine were changed, perhaps by an upgrade, after they had been checked: run it again"
        case ("template", ENOENT): "a file or directory that was asked for does not exist on this machine"
        case ("template", ELOOP), ("mount", ELOOP):
            "a symbolic link has come onto the path of something that was granted: grant nothing that lies within a "
                + "directory which sandboxes write to"
        case ("template", EPERM), ("mount", EPERM):
            "mounts are refused here, as by the seccomp filters of many containers: run it with a filter that allows mount "
                + "and pivot_root (docker: `--security-opt seccomp=unconfined`); `ostler doctor` tells which step fails"
        case ("template", _), ("mount", _):
            "mounts are refused here, as in many containers; `ostler doctor` tells which step fails"
        case ("cgroup", _):
            "the cgroup of this process is not writable: run as root, give this user a delegated cgroup (systemd: "
                + "Delegate=yes), or do without `--require`; `ostler doctor` tells which controllers are writable"
        case ("seccomp", _):
            "the kernel or the container refuses seccomp filters: run the container with a profile that allows seccomp "
                + "and prctl, or on a kernel that is built with CONFIG_SECCOMP_FILTER"
        case ("landlock", _):
            "this kernel has no Landlock of the second version, or it is not switched on (lsm= at its start), or the "
                + "container refuses it: do without `--require`, or run where `ostler doctor` shows it"
        case ("request", ENOTSUP) where failure.layer == .programLists: listsNeedView
        case ("request", ENOTSUP):
            "neither the kernel nor this place offers it: do without `--require`, or run where `ostler doctor` shows it"
        default: "`ostler doctor` probes each layer by doing"
        }
    }
}
