internal import OstlerProtocol

/// How a command ended, in the words of the kernel.
struct CommandExit: Equatable {
    /// As `waitpid` gives it.
    var status: Int32
    var usage: ExecuteResult.Usage

    /// The signal that ended it; nil if it exited by itself.
    var signal: Int32? { status & 0x7F == 0 ? nil : status & 0x7F }
    var exitCode: Int32 { status >> 8 & 0xFF }
}

/// Why a command was not started.
struct LaunchFailure: Equatable {
    /// `enum ostler_stage`.
    var stage: Int32
    var errno: Int32
    var detail: String
}

/// What there is to say of a run when it is over.
enum RunEnd: Equatable {
    case exited(CommandExit, cancelled: Bool)
    case notStarted(LaunchFailure, cancelled: Bool)
    /// Cancelled before the launcher was asked.
    case withdrawn
    /// The launcher is gone; `mayHaveRun` is false if it was never asked.
    case launcherLost(mayHaveRun: Bool)
}

/// The life of one run. Pure: the caller performs the action that comes back.
enum RunState: Equatable {
    /// The request to launch waits for room in the socket.
    case queued
    /// The launcher has been asked.
    case launching(cancelled: Bool)
    /// There is a command, or there was and its output is not all read yet.
    case running(open: Streams, exit: CommandExit?, cancelled: Bool)
    case ended

    struct Streams: OptionSet {
        let rawValue: UInt8
        static let stdout = Streams(rawValue: 1)
        static let stderr = Streams(rawValue: 2)
        static let both: Streams = [.stdout, .stderr]
    }

    enum Event: Equatable {
        case sent
        case launched
        /// The launcher says no, or the request could not be sent.
        case refused(LaunchFailure)
        case streamEnded(Streams)
        case exited(CommandExit)
        case cancel
        case launcherLost
    }

    enum Action: Equatable {
        case none
        /// Read what the command writes, and write what it reads.
        case adoptDescriptors
        /// Close everything and answer the task.
        case answer(RunEnd)
        /// The event makes no sense in this state: descriptors that came with it are closed, nothing else changes.
        case ignore
    }

    /// What the host is told when it cancels now.
    var cancelReply: CancelResult.State {
        switch self {
        case .queued, .launching, .running(_, exit: nil, _): .cancelling
        case .running: .tooLate
        case .ended: .unknown
        }
    }

    mutating func handle(_ event: Event) -> Action {
        switch (self, event) {
        case (.queued, .sent):
            self = .launching(cancelled: false)
            return .none
        case (.queued, .cancel):
            return end(.withdrawn)
        case (.queued, .refused(let failure)):
            return end(.notStarted(failure, cancelled: false))
        case (.queued, .launcherLost):
            return end(.launcherLost(mayHaveRun: false))

        case (.launching(let cancelled), .launched):
            self = .running(open: .both, exit: nil, cancelled: cancelled)
            return .adoptDescriptors
        case (.launching, .cancel):
            self = .launching(cancelled: true)
            return .none
        case (.launching(let cancelled), .refused(let failure)):
            return end(.notStarted(failure, cancelled: cancelled))
        case (.launching(let cancelled), .exited(let exit)):
            return end(.exited(exit, cancelled: cancelled))

        case (.running(let open, let exit, let cancelled), .streamEnded(let stream)):
            return proceed(open.subtracting(stream), exit, cancelled)
        case (.running(let open, nil, let cancelled), .exited(let exit)):
            return proceed(open, exit, cancelled)
        case (.running(let open, nil, _), .cancel):
            self = .running(open: open, exit: nil, cancelled: true)
            return .none
        case (.running(_, nil, let cancelled), .refused(let failure)):
            return end(.notStarted(failure, cancelled: cancelled))

        case (.launching, .launcherLost), (.running(_, nil, _), .launcherLost):
            return end(.launcherLost(mayHaveRun: true))
        // The end is known already; the pipes end by themselves, since nobody is left to hold them.
        case (.running, .launcherLost), (.running, .cancel):
            return .none

        case (.queued, .launched), (.queued, .streamEnded), (.queued, .exited), (.launching, .sent),
            (.launching, .streamEnded), (.running, .sent), (.running, .launched), (.running, .exited),
            (.running, .refused), (.ended, _):
            return .ignore
        }
    }

    private mutating func proceed(_ open: Streams, _ exit: CommandExit?, _ cancelled: Bool) -> Action {
        guard open.isEmpty, let exit else {
            self = .running(open: open, exit: exit, cancelled: cancelled)
            return .none
        }
        return end(.exited(exit, cancelled: cancelled))
    }

    private mutating func end(_ end: RunEnd) -> Action {
        self = .ended
        return .answer(end)
    }
}
