internal import Glibc
import OstlerHost
import OstlerProtocol
import OstlerSandbox
import OstlerSystem
import Testing

/// What is said of sandboxes that cannot be had.
@Suite struct LaunchDiagnosisTests {
    /// What a step of the launcher answers looks like a system call that failed.
    private func diagnose(_ stage: String, _ number: Int32) -> Failure {
        LaunchDiagnosis.failure(LaunchFailure(describing: SystemFailure(stage, errno: number)))
    }

    @Test func `programs that were changed are looked up anew if it is run again`() {
        let failure = diagnose("template", ESTALE)
        #expect(failure.retry == .same)
        #expect(failure.hint?.contains("run it again") == true)
    }

    @Test(arguments: [
        ("start", ENOENT, "there is no ostler-launch"), ("start", EPERM, "kernel.unprivileged_userns_clone"),
        ("slot", EPERM, "AppArmor"), ("user", EPERM, "seccomp profile"), ("clone", EPERM, "`ostler doctor`"),
        ("slot", EPERM, "in a chroot there are none"), ("slot", ENOTSUP, "as an ordinary user"),
        ("landlock", ENOTSUP, "lsm="),
        ("mount", ELOOP, "symbolic link"), ("slot", EROFS, "unmask=ALL"), ("uts", EPERM, "--cap-add SYS_ADMIN"),
        ("request", ENOTSUP, "`--require`"),
        ("slot", ENOSPC, "user.max_user_namespaces"), ("slot", EUSERS, "user.max_net_namespaces"),
        ("template", ENOENT, "does not exist on this machine"), ("template", EPERM, "mounts are refused"),
        ("mount", EACCES, "mounts are refused"), ("cgroup", EACCES, "not writable"),
        ("seccomp", EINVAL, "seccomp filters"), ("rlimit", EPERM, "`ostler doctor`"),
    ])
    func `a hint for each cause`(_ stage: String, _ number: Int32, _ hint: String) {
        let failure = diagnose(stage, number)
        #expect(failure.code == "sandbox_unavailable")
        #expect(failure.fault == .sandbox)
        #expect(failure.retry == .otherNode)
        #expect(failure.sideEffects == Failure.SideEffects.none)
        #expect(failure.message.hasPrefix("the sandbox could not be built: step \(stage): \(Errno.message(number))"))
        #expect(failure.message.hasSuffix("nothing was run"))
        #expect(failure.hint?.contains(hint) == true)
    }

    @Test func `a launcher that died`() {
        let failure = LaunchDiagnosis.failure(LaunchFailure(launcherLost: ()))
        #expect(failure.code == "launcher_lost")
        #expect(failure.fault == .sandbox)
        #expect(failure.retry == .same)
        #expect(failure.sideEffects == .possible)
        #expect(failure.message == "the launcher ended unexpectedly, and everything that it had started ended with it")
    }

    @Test func `an error without a number`() {
        struct Odd: Error {}
        let failure = LaunchDiagnosis.failure(LaunchFailure(describing: Odd()))
        #expect(failure.message.contains("step host"))
        #expect(failure.message.contains("Odd()"))
    }
}
