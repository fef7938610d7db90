import OstlerProtocol
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

@testable import OstlerHost

@Suite struct `Supervision of a plugin` {
    private let start = Instant(nanoseconds: 1_000_000_000)
    private let failure = Failure("executor_crashed", fault: .executor, message: "it died of signal 11")

    /// Milliseconds until it may be started, after so many failures at once; nil if tasks are refused until then.
    private func pause(after failures: Int) -> (milliseconds: Int64, isRefused: Bool) {
        var supervision = Supervision()
        for _ in 0..<failures { supervision.failed(failure, at: start) }
        switch supervision.verdict(at: start) {
        case .start: return (0, false)
        case .wait(let moment): return (moment.microseconds(since: start) / 1000, false)
        case .refuse(_, let moment): return (moment.microseconds(since: start) / 1000, true)
        }
    }

    @Test func `each failure in a row doubles the pause, until tasks are refused`() {
        #expect((0...4).map { pause(after: $0).milliseconds } == [0, 0, 100, 200, 400])
        #expect((0...4).allSatisfy { !pause(after: $0).isRefused })
        #expect(pause(after: 5) == (30_000, true))
    }

    @Test func `an answer makes good what was before`() {
        var supervision = Supervision()
        for _ in 0..<4 { supervision.failed(failure, at: start) }
        supervision.answered()
        guard case .start = supervision.verdict(at: start) else {
            Issue.record("it waits")
            return
        }
        #expect(supervision.failures == 0)
    }

    @Test func `after the refusal one start is tried, and its failure refuses again`() {
        var supervision = Supervision()
        for _ in 0..<5 { supervision.failed(failure, at: start) }
        let later = start.advanced(milliseconds: 30_000)
        guard case .start = supervision.verdict(at: later) else {
            Issue.record("it is not tried")
            return
        }
        supervision.failed(failure, at: later)
        guard case .refuse(let reason, let moment) = supervision.verdict(at: later) else {
            Issue.record("it is not refused")
            return
        }
        #expect(reason.message == failure.message)
        #expect(moment == later.advanced(milliseconds: 30_000))
    }
}

@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct CircuitTests {
    @Test func `a plugin that crashes at each task is refused with the reason, and tried again by nobody's leave`()
        async throws
    {
        try await withHost { host in
            var codes: [String] = []
            for _ in 0..<7 {
                let result = await host.run(#"{"do":"signal","signal":11}"#, timeout: 30_000)
                #expect(result.outcome == .executorCrash)
                codes.append(result.error?.code ?? "")
            }
            #expect(
                codes == Array(repeating: "executor_crashed", count: 5) + [
                    "executor_unavailable", "executor_unavailable",
                ]
            )
            let refused = await host.run(#"{"do":"succeed"}"#, timeout: 30_000)
            #expect(refused.error?.code == "executor_unavailable")
            #expect(refused.error?.retry == .after)
            #expect(refused.error?.sideEffects == Failure.SideEffects.none)
            #expect(refused.error?.message.contains("signal 11") == true, "\(refused.error?.message ?? "")")
        }
    }
}
