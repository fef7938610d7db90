import OstlerProtocol
import Testing

@testable import OstlerCommandPlugin

@Suite struct RunStateTests {
    private static let exit = CommandExit(status: 0, usage: .init(user: 1, system: 2, wall: 3, peak: 4))
    private static let failure = LaunchFailure(stage: 17, errno: 2, detail: "")

    /// State, event, action, next state.
    struct Row: CustomTestStringConvertible {
        let state: RunState
        let event: RunState.Event
        let action: RunState.Action
        let next: RunState

        init(_ state: RunState, _ event: RunState.Event, _ action: RunState.Action, _ next: RunState) {
            (self.state, self.event, self.action, self.next) = (state, event, action, next)
        }

        var testDescription: String { "\(state) + \(event)" }
    }

    private static func running(_ open: RunState.Streams, exit: CommandExit? = nil, cancelled: Bool = false) -> RunState
    {
        .running(open: open, exit: exit, cancelled: cancelled)
    }

    private static let table: [Row] = [
        Row(.queued, .sent, .none, .launching(cancelled: false)),
        Row(.queued, .cancel, .answer(.withdrawn), .ended),
        Row(.queued, .refused(failure), .answer(.notStarted(failure, cancelled: false)), .ended),
        Row(.queued, .launcherLost, .answer(.launcherLost(mayHaveRun: false)), .ended),
        Row(.queued, .launched, .ignore, .queued),
        Row(.queued, .exited(exit), .ignore, .queued),

        Row(.launching(cancelled: false), .launched, .adoptDescriptors, running(.both)),
        Row(.launching(cancelled: true), .launched, .adoptDescriptors, running(.both, cancelled: true)),
        Row(.launching(cancelled: false), .cancel, .none, .launching(cancelled: true)),
        Row(.launching(cancelled: true), .cancel, .none, .launching(cancelled: true)),
        Row(
            .launching(cancelled: true),
            .refused(failure),
            .answer(.notStarted(failure, cancelled: true)),
            .ended
        ),
        Row(.launching(cancelled: false), .exited(exit), .answer(.exited(exit, cancelled: false)), .ended),
        Row(.launching(cancelled: false), .launcherLost, .answer(.launcherLost(mayHaveRun: true)), .ended),
        Row(.launching(cancelled: false), .sent, .ignore, .launching(cancelled: false)),
        Row(.launching(cancelled: false), .streamEnded(.stdout), .ignore, .launching(cancelled: false)),

        Row(running(.both), .streamEnded(.stdout), .none, running(.stderr)),
        Row(running(.stderr), .streamEnded(.stderr), .none, running([])),
        Row(running([]), .exited(exit), .answer(.exited(exit, cancelled: false)), .ended),
        Row(running(.both), .exited(exit), .none, running(.both, exit: exit)),
        Row(running(.stdout, exit: exit), .streamEnded(.stdout), .answer(.exited(exit, cancelled: false)), .ended),
        Row(running(.both, exit: exit), .streamEnded(.stderr), .none, running(.stdout, exit: exit)),
        Row(running(.both), .cancel, .none, running(.both, cancelled: true)),
        Row(running(.both, exit: exit), .cancel, .none, running(.both, exit: exit)),
        Row(running([], cancelled: true), .exited(exit), .answer(.exited(exit, cancelled: true)), .ended),
        Row(running(.both), .refused(failure), .answer(.notStarted(failure, cancelled: false)), .ended),
        Row(running(.both, exit: exit), .refused(failure), .ignore, running(.both, exit: exit)),
        Row(running(.both), .launcherLost, .answer(.launcherLost(mayHaveRun: true)), .ended),
        Row(running(.stdout, exit: exit), .launcherLost, .none, running(.stdout, exit: exit)),
        Row(running(.both), .launched, .ignore, running(.both)),
        Row(running(.both), .sent, .ignore, running(.both)),
        Row(running(.both, exit: exit), .exited(exit), .ignore, running(.both, exit: exit)),

        Row(.ended, .exited(exit), .ignore, .ended),
        Row(.ended, .cancel, .ignore, .ended),
    ]

    @Test(arguments: table)
    func `each event has one effect`(row: Row) {
        var state = row.state
        #expect(state.handle(row.event) == row.action)
        #expect(state == row.next)
    }

    @Test func `a cancel is too late once the end is known`() {
        #expect(RunState.queued.cancelReply == .cancelling)
        #expect(RunState.launching(cancelled: true).cancelReply == .cancelling)
        #expect(Self.running([]).cancelReply == .cancelling)
        #expect(Self.running(.both, exit: Self.exit).cancelReply == .tooLate)
        #expect(RunState.ended.cancelReply == .unknown)
    }

    /// The end must be the same whatever order the three events come in, and be told once.
    @Test func `exit and the two ends of streams may come in any order`() {
        let events: [RunState.Event] = [.exited(Self.exit), .streamEnded(.stdout), .streamEnded(.stderr)]
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            var state = Self.running(.both)
            let actions = order.map { state.handle(events[$0]) }
            #expect(actions == [.none, .none, .answer(.exited(Self.exit, cancelled: false))])
        }
    }
}
