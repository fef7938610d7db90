internal import Glibc
internal import OstlerHost
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem

/// What can go wrong with a command that is run without a plugin.
extension Failure {
    /// A sandbox that could not be had, or one that stood and in which nothing was started.
    static func notStarted(_ failure: LaunchFailure, _ program: [UInt8]) -> Failure {
        guard failure.isProgramFault else { return LaunchDiagnosis.failure(failure) }
        let name = "\"" + String(decoding: program, as: UTF8.self) + "\""
        switch (failure.stage, failure.errno) {
        case ("cwd", _):
            let reason = "\(failure.detail): \(Errno.message(failure.errno))"
            return user("working_dir_not_found", "the directory cannot be entered in the sandbox: \(reason)", nil)
        case ("program", EPERM):
            return user(
                "command_denied",
                "the command \(name) is denied by the lists of programs",
                "`ostler sandbox explain` shows the lists that hold"
            )
        case ("program", ENOENT), ("program", ENOTDIR):
            return user(
                "command_not_found",
                "the command \(name) does not exist in the sandbox",
                "programs are looked up along the sandbox's PATH; grant by --ro what lies elsewhere"
            )
        case ("exec", ENOENT):
            return user(
                "command_not_found",
                "the command \(name) exists, but the interpreter or loader that it names does not",
                "check the #! line of a script, and the libraries that the sandbox offers"
            )
        default:
            let reason = Errno.message(failure.errno)
            return user("command_not_executable", "the command \(name) cannot be executed: \(reason)", nil)
        }
    }

    private static func user(_ code: String, _ message: String, _ hint: String?) -> Failure {
        Failure(code, fault: .user, message: message, hint: hint)
    }

    /// A signal came before the command was started.
    static let interrupted = Failure(
        "interrupted",
        fault: .user,
        message: "interrupted before the command was started; nothing was run"
    )

    static func noTerminal(_ error: any Error) -> Failure {
        Failure(
            "no_terminal",
            fault: .infra,
            message: "no terminal can be made for the command: \(error); nothing was run",
            hint: "run it with --no-pty, or see that /dev/ptmx can be opened"
        )
    }

    /// SIGKILL did not end it.
    static let undead = Failure(
        "survivors",
        fault: .sandbox,
        sideEffects: .possible,
        message: "processes of the command did not die within 10 s of SIGKILL; the kernel may be stuck in I/O",
        hint: "look for processes in state D; the machine may need a restart"
    )
}
