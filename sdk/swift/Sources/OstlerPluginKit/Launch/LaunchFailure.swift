internal import COstlerLaunchClient
internal import Glibc

/// A command was not started; nothing of it ran.
struct LaunchFailure: Error, Sendable {
    /// Where it failed, a number of the protocol's section 8.
    let stage: Int32
    let errno: Int32
    let detail: String

    private static let requestStage: Int32 = 1
    private static let directoryStage: Int32 = 16
    private static let programStage: Int32 = 17

    static let channelClosed = LaunchFailure(stage: requestStage, errno: EPIPE, detail: "the launch channel is closed")

    /// The request could not be sent.
    init(sending errno: Int32) {
        self.init(stage: Self.requestStage, errno: errno, detail: "the request could not be sent")
    }

    init(_ event: ostler_client_event) {
        let detail = withUnsafeBytes(of: event.detail) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        self.init(stage: event.stage, errno: event.err, detail: detail)
    }

    private init(stage: Int32, errno: Int32, detail: String) {
        self.stage = stage
        self.errno = errno
        self.detail = detail
    }

    /// What to say of the task.
    func failed(_ program: String) -> TaskFailed {
        let (code, fault): (String, TaskFailed.Fault) =
            switch (stage, errno) {
            case (Self.programStage, EPERM): ("command_denied", .user)
            case (Self.programStage, ENOENT): ("command_not_found", .user)
            case (Self.programStage, _): ("command_not_executable", .user)
            case (Self.directoryStage, _): ("working_dir_not_usable", .user)
            case (Self.requestStage, _): ("launch_failed", .executor)
            default: ("launch_failed", .sandbox)
            }
        let what = detail.isEmpty ? "stage \(stage)" : detail
        return TaskFailed(
            "\(program) was not started: \(what): \(String(cString: strerror(errno)))",
            code: code,
            fault: fault,
            sideEffects: .none,
            exitCode: -1
        )
    }
}
