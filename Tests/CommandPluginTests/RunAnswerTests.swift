import COstlerLaunch
import Glibc
import OstlerJSON
import OstlerProtocol
import Testing

@testable import OstlerCommandPlugin

@Suite struct RunAnswerTests {
    private let usage = ExecuteResult.Usage(user: 1, system: 2, wall: 3, peak: 4)

    private func payload(_ text: String = #"{"command":"frob"}"#) throws -> CommandPayload {
        try CommandPayload(parsing: Array(text.utf8))
    }

    /// Wait status, after a cancel, outcome, exit code, signal.
    @Test(
        arguments: [
            (0, false, ExecuteResult.Outcome.succeeded, 0, nil),
            (0, true, .succeeded, 0, nil),
            (1 << 8, false, .failed, 1, nil),
            (255 << 8, true, .failed, 255, nil),
            (9, false, .failed, -1, 9),
            (15, true, .cancelled, -1, 15),
            (11 | 0x80, false, .failed, -1, 11),
        ] as [(Int32, Bool, ExecuteResult.Outcome, Int32, Int32?)]
    )
    func `a wait status becomes a result`(
        status: Int32,
        cancelled: Bool,
        outcome: ExecuteResult.Outcome,
        code: Int32,
        signal: Int32?
    ) throws {
        let end = RunEnd.exited(CommandExit(status: status, usage: usage), cancelled: cancelled)
        let result = end.result(task: "t", payload: try payload())
        #expect(result.outcome == outcome)
        #expect(result.exitCode == code)
        #expect(result.signal == signal)
        #expect(result.usage == usage)
        #expect(result.error == nil && result.metadata == nil)
    }

    @Test(arguments: [
        (OSTLER_STAGE_PROGRAM, ENOENT, "command_not_found", Failure.Fault.user),
        (OSTLER_STAGE_EXEC, ENOENT, "command_not_found", .user),
        (OSTLER_STAGE_PROGRAM, EACCES, "command_not_executable", .user),
        (OSTLER_STAGE_EXEC, EACCES, "command_not_executable", .user),
        (OSTLER_STAGE_EXEC, ENOEXEC, "command_not_executable", .user),
        (OSTLER_STAGE_PROGRAM, EPERM, "command_denied", .user),
        (OSTLER_STAGE_EXEC, E2BIG, "arguments_too_long", .user),
        (OSTLER_STAGE_CWD, ENOENT, "working_dir_not_found", .user),
        (OSTLER_STAGE_CWD, EACCES, "working_dir_not_found", .user),
        (OSTLER_STAGE_EXEC, EPERM, "sandbox_error", .sandbox),
        (OSTLER_STAGE_MOUNT, ENOENT, "sandbox_error", .sandbox),
        (OSTLER_STAGE_CLONE, EAGAIN, "sandbox_error", .sandbox),
        (OSTLER_STAGE_REQUEST, EPERM, "sandbox_error", .sandbox),
    ])
    func `a refusal of the launcher becomes an error`(
        stage: ostler_stage,
        errno: Int32,
        code: String,
        fault: Failure.Fault
    ) throws {
        let refusal = LaunchFailure(stage: Int32(stage.rawValue), errno: errno, detail: "the detail")
        let result = RunEnd.notStarted(refusal, cancelled: false).result(task: "t", payload: try payload())
        #expect(result.outcome == .failed)
        #expect(result.exitCode == -1)
        let error = try #require(result.error)
        #expect(error.code == code)
        #expect(error.fault == fault)
        #expect(error.sideEffects == .none)
        #expect(error.hint != nil)
        #expect(error.message.contains("the detail"))
    }

    @Test func `a sandbox error names the stage and the cause`() throws {
        let failure = LaunchFailure(stage: Int32(OSTLER_STAGE_SECCOMP.rawValue), errno: ENOSYS, detail: "")
        let error = failure.failure(of: try payload())
        #expect(error.message.contains("seccomp"))
        #expect(error.message.contains("Function not implemented"))
        #expect(error.retry == .never)
    }

    @Test func `what may pass can be tried again`() throws {
        let failure = LaunchFailure(stage: Int32(OSTLER_STAGE_REQUEST.rawValue), errno: EAGAIN, detail: "")
        #expect(failure.failure(of: try payload()).retry == .same)
    }

    @Test func `a missing command is named with the path that was searched`() throws {
        let failure = LaunchFailure(stage: Int32(OSTLER_STAGE_PROGRAM.rawValue), errno: ENOENT, detail: "")
        let payload = try payload(#"{"command":"frob","env":{"PATH":"/opt/bin"}}"#)
        #expect(failure.failure(of: payload).message == "the command \"frob\" was not found in PATH /opt/bin")
    }

    @Test func `a missing path is not said to be searched for`() throws {
        let failure = LaunchFailure(stage: Int32(OSTLER_STAGE_PROGRAM.rawValue), errno: ENOENT, detail: "")
        let error = failure.failure(of: try payload(#"{"command":"/opt/frob"}"#))
        #expect(error.message.contains("\"/opt/frob\" does not exist"))
        #expect(error.pointer?.description == "/payload/command")
    }

    /// A command may well run on the machine itself.
    @Test func `what is not there is told without a sandbox`() throws {
        for (stage, text) in [
            (OSTLER_STAGE_PROGRAM, #"{"command":"frob"}"#), (OSTLER_STAGE_PROGRAM, #"{"command":"/opt/frob"}"#),
            (OSTLER_STAGE_EXEC, #"{"command":"frob"}"#), (OSTLER_STAGE_CWD, #"{"command":"frob","working_dir":"/no"}"#),
        ] {
            let failure = LaunchFailure(stage: Int32(stage.rawValue), errno: ENOENT, detail: "")
            let error = failure.failure(of: try payload(text))
            #expect(!(error.message + (error.hint ?? "")).contains("sandbox"))
        }
    }

    @Test func `the working directory is named`() throws {
        let failure = LaunchFailure(stage: Int32(OSTLER_STAGE_CWD.rawValue), errno: ENOTDIR, detail: "")
        let error = failure.failure(of: try payload(#"{"command":"ls","working_dir":"/etc/hosts"}"#))
        #expect(error.message.contains("\"/etc/hosts\""))
        #expect(error.message.contains("Not a directory"))
        #expect(error.pointer?.description == "/payload/working_dir")
    }

    @Test func `nothing that was cancelled before its start is a failure`() throws {
        let refusal = LaunchFailure(stage: Int32(OSTLER_STAGE_PROGRAM.rawValue), errno: ENOENT, detail: "")
        for end in [RunEnd.withdrawn, .notStarted(refusal, cancelled: true)] {
            let result = end.result(task: "t", payload: try payload())
            #expect(result.outcome == .cancelled)
            #expect(result.error == nil)
        }
    }

    @Test func `a lost launcher tells whether something may have been done`() throws {
        for (mayHaveRun, sideEffects) in [(true, Failure.SideEffects.possible), (false, .none)] {
            let result = RunEnd.launcherLost(mayHaveRun: mayHaveRun).result(task: "t", payload: try payload())
            #expect(result.outcome == .failed)
            #expect(result.error?.code == "sandbox_error")
            #expect(result.error?.sideEffects == sideEffects)
        }
    }
}
