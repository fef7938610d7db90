import OstlerHost
import Testing

/// Every pair of state and event of an executor process.
@Suite struct ProcessStateTests {
    private typealias Row = (state: ProcessState, event: ProcessState.Event, next: ProcessState)

    private static let states: [ProcessState] = [.launching, .greeting, .serving, .leaving, .ended]
    private static let events: [ProcessState.Event] = [.spawned, .welcomed, .stop, .ended]
    private static let legal: [Row] = [
        (.launching, .spawned, .greeting), (.launching, .stop, .leaving), (.launching, .ended, .ended),
        (.greeting, .welcomed, .serving), (.greeting, .stop, .leaving), (.greeting, .ended, .ended),
        (.serving, .stop, .leaving), (.serving, .ended, .ended),
        (.leaving, .ended, .ended),
    ]

    @Test func `legal pairs lead on, all others change nothing`() {
        for state in Self.states {
            for event in Self.events {
                var next = state
                let isLegal = next.handle(event)
                let row = Self.legal.first { $0.state == state && $0.event == event }
                #expect(isLegal == (row != nil), "\(state), \(event)")
                #expect(next == row?.next ?? state, "\(state), \(event)")
            }
        }
    }

    @Test func `only a process that is not leaving takes tasks`() {
        #expect(Self.states.filter(\.takesTasks) == [.launching, .greeting, .serving])
    }
}
