internal import OstlerProtocol
internal import OstlerTasks
internal import OstlerTestSupport
internal import Testing

@testable internal import OstlerStore

/// What several events make of one task before anything of it is written.
@Suite struct TaskVisitTests {
    private static let worker = WorkerID(rawValue: 3)

    private func visit(unmet: Int = 0, at now: Int64 = 100) -> TaskVisit {
        let rules = TaskRules(retry: RetryPolicy(attempts: 2, least: 10, most: 10), idempotency: .pure)
        return TaskVisit(TaskID(rawValue: 1), TaskLifecycle(rules: rules, availableAt: 100, unmet: unmet), at: now)
    }

    @Test func `Events of one visit follow each other, and what was found stays to compare with`() {
        var visit = visit()
        #expect(visit.handle(.claim, worker: Self.worker) == .moved)
        #expect(visit.handle(.intend(attempt: 1), worker: Self.worker) == .moved)
        #expect(visit.handle(.identify(attempt: 1), worker: Self.worker) == .moved)
        #expect(visit.before.state == .ready && visit.before.attempt == 0)
        #expect(visit.life.state == .running(.started) && visit.life.begun == 1)
        #expect(visit.entries.map(\.kind) == [.claimed, .starting, .started])
        #expect(visit.entries.map(\.attempt) == [1, 1, 1])
        #expect(visit.entries.allSatisfy { $0.worker == Self.worker && $0.principal == nil })
        #expect(visit.ended == nil && visit.end == nil)
    }

    @Test func `What is refused or changes nothing leaves no line`() {
        var early = visit(at: 99)
        #expect(early.handle(.claim, worker: Self.worker) == .refused(.notAvailable))
        #expect(early.handle(.expire) == .none)
        #expect(early.handle(.reopen, principal: "anna") == .refused(.notDone))
        #expect(early.entries.isEmpty && early.life == early.before)

        var running = visit()
        running.handle(.claim)
        #expect(running.handle(.intend(attempt: 2)) == .refused(.staleAttempt))
        #expect(running.handle(.cancel, principal: "anna") == .moved)
        #expect(running.handle(.cancel, principal: "bert") == .none)
        #expect(running.entries.map(\.kind) == [.claimed, .cancelRequested])
        #expect(running.entries.last?.principal == "anna")
    }

    @Test func `A task is unblocked by the last of those that it waits for, and ends with the first that fails`() {
        var patient = visit(unmet: 2)
        #expect(patient.handle(.dependencyDone(.succeeded)) == .moved)
        #expect(patient.entries.isEmpty && patient.life.unmet == 1, "one is met, of which nobody is told")
        patient.handle(.dependencyDone(.skipped))
        #expect(patient.entries.map(\.kind) == [.unblocked] && patient.life.state == .ready)
        #expect(patient.entries.first?.attempt == nil)

        var doomed = visit(unmet: 2)
        doomed.handle(.dependencyDone(.failed))
        #expect(doomed.ended == .dependencyFailed && doomed.reason == nil)
        #expect(doomed.handle(.dependencyDone(.succeeded)) == .none)
        #expect(doomed.entries.map(\.word) == ["dependency_failed"])
    }

    @Test func `An end says why nothing follows, and a retry is no end`() {
        let failed = AttemptEnd(.failed, sideEffects: .possible)
        var visit = visit()
        visit.handle(.claim)
        guard case .retries(let moment) = visit.handle(.finish(attempt: 1, failed)) else {
            Issue.record("it was not tried again")
            return
        }
        #expect((105...110).contains(moment))
        #expect(visit.ended == nil && visit.reason == nil)
        var second = TaskVisit(visit.id, visit.life, at: moment)
        second.handle(.claim)
        #expect(second.handle(.finish(attempt: 2, failed)) == .ended(.failed, .exhausted))
        #expect(second.ended == .failed && second.reason == .exhausted)
        #expect(second.entries.map(\.kind) == [.claimed, .ended] && second.entries.map(\.attempt) == [2, 2])
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `Whatever happens in a visit, its task is as the events alone make it`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        var visit = visit(unmet: Int.random(in: 0...1, using: &random), at: 1000)
        var life = visit.life
        for step in 0..<40 {
            let attempt = max(0, life.attempt - Int.random(in: 0...3, using: &random) / 3)
            let end = AttemptEnd(
                [.succeeded, .failed, .lost].randomElement(using: &random) ?? .failed,
                sideEffects: .none
            )
            let events: [TaskLifecycle.Event] = [
                .claim, .claim, .intend(attempt: attempt), .identify(attempt: attempt), .release(attempt: attempt),
                .finish(attempt: attempt, end), .abandon(attempt: attempt), .cancel, .reopen, .expire,
                .dependencyDone(.succeeded),
            ]
            let event = events.randomElement(using: &random) ?? .claim
            let (before, known) = (life, visit.entries.count)
            let change = life.handle(event, at: 1000)
            #expect(visit.handle(event) == change, "step \(step)")
            #expect(visit.life == life, "step \(step)")
            let new = visit.entries.count - known
            #expect(new <= 1 && (new == 0 || life != before), "step \(step): \(event)")
            if case .ended(let outcome, let reason) = change {
                #expect(new == 1 && visit.ended == outcome && visit.reason == reason, "step \(step)")
            }
        }
    }
}
