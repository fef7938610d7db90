internal import COstlerLaunch
internal import Glibc
internal import OstlerJSON
internal import OstlerPluginWire
internal import OstlerProtocol
internal import OstlerSystem

extension RunEnd {
    /// The one answer to `execute`.
    func result(task: String, payload: CommandPayload) -> ExecuteResult {
        switch self {
        case .exited(let exit, let cancelled):
            return Self.result(task, exit, cancelled)
        case .notStarted(_, cancelled: true), .withdrawn:
            return ExecuteResult(task: task, outcome: .cancelled, exitCode: -1)
        case .notStarted(let failure, cancelled: false):
            return .failed(task, failure.failure(of: payload))
        case .launcherLost(let mayHaveRun):
            return .failed(task, .launcherGone(sideEffects: mayHaveRun ? .possible : .none))
        }
    }

    private static func result(_ task: String, _ exit: CommandExit, _ cancelled: Bool) -> ExecuteResult {
        var result: ExecuteResult
        if let signal = exit.signal {
            result = ExecuteResult(task: task, outcome: cancelled ? .cancelled : .failed, exitCode: -1)
            result.signal = signal
        } else {
            let outcome: ExecuteResult.Outcome = exit.exitCode == 0 ? .succeeded : .failed
            result = ExecuteResult(task: task, outcome: outcome, exitCode: exit.exitCode)
        }
        result.usage = exit.usage
        return result
    }
}

extension Failure {
    static func launcherGone(sideEffects: SideEffects) -> Failure {
        Failure(
            "sandbox_error",
            fault: .sandbox,
            retry: .same,
            sideEffects: sideEffects,
            message: "the launcher is gone: its end of the launch channel is closed",
            hint: "the host's log says why; commands need a new plugin process"
        )
    }

    static func launchNotGranted(_ reason: String) -> Failure {
        Failure(
            "launch_not_granted",
            fault: .host,
            message: "the plugin may not start commands: \(reason)",
            hint: "grant `launch` to the plugin `command`"
        )
    }
}

extension LaunchFailure {
    /// What to tell the person whose command was not started.
    func failure(of payload: CommandPayload) -> Failure {
        let isProgram = stage == Int32(OSTLER_STAGE_PROGRAM.rawValue)
        switch errno {
        case _ where stage == Int32(OSTLER_STAGE_CWD.rawValue):
            return workingDirectory(payload)
        case ENOENT where isProgram || isExec: return notFound(payload)
        case EACCES where isProgram || isExec:
            return user(
                "command_not_executable",
                payload,
                "cannot be executed",
                "check that it is a file with execute permission"
            )
        case ENOEXEC where isProgram || isExec:
            return user(
                "command_not_executable",
                payload,
                "is neither a program for this machine nor a script that names its interpreter",
                "a script needs a first line such as #!/bin/sh"
            )
        case EPERM where isProgram:
            return user(
                "command_denied",
                payload,
                "is denied by the lists of allowed and blocked commands",
                "see executors.command.allowed_commands and blocked_commands in the host's config"
            )
        case E2BIG where isProgram || isExec:
            return user(
                "arguments_too_long",
                payload,
                "was given more arguments and environment than the kernel takes",
                "pass long input on stdin or in a file"
            )
        default: return sandbox
        }
    }

    private var isExec: Bool { stage == Int32(OSTLER_STAGE_EXEC.rawValue) }
    private var clause: String { detail.isEmpty ? "" : " (\(detail))" }

    private func user(_ code: String, _ payload: CommandPayload, _ what: String, _ hint: String) -> Failure {
        // The detail is the program's name in most cases: nobody needs to read it twice.
        let clause = detail == "\(payload.command)" ? "" : clause
        let message = "the command \"\(payload.command)\" \(what)\(clause)"
        return Failure(code, fault: .user, message: message, pointer: JSONPointer("/payload/command"), hint: hint)
    }

    private func notFound(_ payload: CommandPayload) -> Failure {
        if isExec {
            return user(
                "command_not_found",
                payload,
                "exists, but the interpreter or loader that it names does not",
                "check the #! line of a script, or the libraries of a program"
            )
        }
        if payload.command.bytes.contains(UInt8(ascii: "/")) {
            return user(
                "command_not_found",
                payload,
                "does not exist",
                "paths are those that the task sees; a profile may show it less than the machine has"
            )
        }
        let path = payload.environment.first { $0.key == "PATH" }.map { " in PATH \($0.value)" } ?? ""
        return user(
            "command_not_found",
            payload,
            "was not found\(path)",
            "commands are searched along the task's own PATH: write the full path, or set PATH"
        )
    }

    private func workingDirectory(_ payload: CommandPayload) -> Failure {
        let name = payload.workingDirectory.map { "\"\($0)\"" } ?? "of the task"
        return Failure(
            "working_dir_not_found",
            fault: .user,
            message: "the working directory \(name) cannot be entered: \(Errno.message(errno))\(clause)",
            pointer: payload.workingDirectory == nil ? nil : JSONPointer("/payload/working_dir"),
            hint: "paths are those that the task sees: make it, or let the task's profile show it"
        )
    }

    private var sandbox: Failure {
        let stage = String(cString: ostler_stage_name(stage))
        let isPassing = [EAGAIN, ENOMEM, EMFILE, ENFILE, ENOBUFS].contains(errno)
        return Failure(
            "sandbox_error",
            fault: .sandbox,
            retry: isPassing ? .same : .never,
            message: "the sandbox failed at stage \(stage): \(Errno.message(errno)) (errno \(errno))\(clause)",
            hint: "`ostler doctor` tests each layer of the sandbox"
        )
    }
}
