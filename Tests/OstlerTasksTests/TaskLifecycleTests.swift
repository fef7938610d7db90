internal import OstlerProtocol
internal import OstlerTestSupport
internal import Testing

@testable import OstlerTasks

@Suite struct TaskLifecycleTests {
    @Test func `The page of states says what the machine does`() throws {
        try expectSection("transitions", ofPage: "docs/reference/task-states.md", is: TaskLifecycleTable.text)
    }

    @Test func `Reports under another number change nothing`() {
        for (_, state) in TaskLifecycleTable.states {
            let before = TaskLifecycleTable.life(state, .pure)
            for number in [-1, 0, 2, 3] {
                let events: [TaskLifecycle.Event] = [
                    .intend(attempt: number), .identify(attempt: number), .release(attempt: number),
                    .abandon(attempt: number), .finish(attempt: number, AttemptEnd(.succeeded, sideEffects: .done)),
                ]
                for event in events {
                    var life = before
                    #expect(life.handle(event, at: 5) == .refused(.staleAttempt))
                    #expect(life == before)
                }
            }
        }
    }

    @Test func `A worker's fault is tried again by itself, and set aside at the third time`() {
        var life = TaskLifecycle(rules: TaskRules(idempotency: .idempotent), availableAt: 0)
        for attempt in 1...3 {
            #expect(life.handle(.claim, at: life.availableAt) == .moved)
            #expect(life.handle(.intend(attempt: attempt), at: life.availableAt) == .moved)
            let change = life.handle(.abandon(attempt: attempt), at: life.availableAt)
            if attempt < 3 {
                #expect(change == .retries(at: life.availableAt))
            } else {
                #expect(change == .ended(.lost, .poison))
            }
        }
        #expect(life.isSetAside)
        #expect(life.handle(.reopen, at: 99) == .moved)
        #expect(!life.isSetAside && life.faults == 0 && life.availableAt == 99)
    }

    @Test func `A worker that goes before it said that it starts something costs no try`() {
        var life = TaskLifecycle(rules: TaskRules(idempotency: .unsafe), availableAt: 0)
        for attempt in 1...10 {
            #expect(life.handle(.claim, at: 0) == .moved)
            #expect(life.handle(.abandon(attempt: attempt), at: 0) == .moved)
        }
        #expect(life.state == .ready && life.begun == 0 && life.faults == 0)
    }

    @Test(arguments: [
        (Idempotency.pure, false, true), (.idempotent, false, true), (.keyed, false, false), (.keyed, true, true),
        (.unsafe, true, false),
    ])
    func `What may have had effects is done again only if its class allows`(
        _ idempotency: Idempotency,
        _ hasKey: Bool,
        _ again: Bool
    ) {
        let rules = TaskRules(retry: RetryPolicy(attempts: 2), idempotency: idempotency, hasKey: hasKey)
        func decision(_ effects: Failure.SideEffects) -> TaskRules.RetryDecision {
            rules.decide(
                after: AttemptEnd(.failed, sideEffects: effects),
                failures: 1,
                faults: 0,
                expiresAt: nil,
                at: 0
            )
        }
        for effects in [Failure.SideEffects.possible, .done] { #expect((decision(effects) != .end(.unsafe)) == again) }
        #expect(decision(.none) != .end(.unsafe))
    }

    @Test(arguments: [
        (AttemptEnd(.succeeded, sideEffects: .done), AttemptEnd.Kind.final),
        (AttemptEnd(.denied, sideEffects: .none), .final),
        (AttemptEnd(.limit, sideEffects: .possible), .final),
        (AttemptEnd(.failed, sideEffects: .possible), .failure),
        (AttemptEnd(.failed, sideEffects: .none, fault: .user), .final),
        (AttemptEnd(.timeout, sideEffects: .possible), .failure),
        (AttemptEnd(.executorCrash, sideEffects: .possible), .fault),
        (AttemptEnd(.lost, sideEffects: .possible), .fault),
        (AttemptEnd(.sandboxError, sideEffects: .none), .final),
        (AttemptEnd(.sandboxError, sideEffects: .none, retry: .same), .fault),
        (AttemptEnd(.infra, sideEffects: .none, retry: .never), .final),
    ])
    func `Whose failure it was decides who asks for another try`(_ end: AttemptEnd, _ kind: AttemptEnd.Kind) {
        #expect(end.kind == kind)
    }

    @Test(arguments: RetryPolicy.Backoff.allCases)
    func `Waits stay within their bounds and are the same for the same seed`(_ backoff: RetryPolicy.Backoff) {
        let policy = RetryPolicy(attempts: 100, backoff: backoff, least: 1000, most: 60_000)
        for failure in [1, 2, 3, 10, 62, 63, 64, 1_000_000, .max] {
            for seed: UInt64 in [0, 1, .max] {
                let wait = policy.wait(afterFailure: failure, seed: seed)
                #expect((500...60_000).contains(wait))
                #expect(wait == policy.wait(afterFailure: failure, seed: seed))
            }
        }
        #expect(Set((0..<20).map { policy.wait(afterFailure: 1, seed: $0) }).count > 10)
        #expect(RetryPolicy(attempts: 2, least: 0, most: 0).wait(afterFailure: 70, seed: 1) == 0)
    }

    @Test func `There is no retry past the time of a task, nor of one that is to be cancelled`() {
        let rules = TaskRules(retry: RetryPolicy(attempts: 5), idempotency: .pure, expiresAt: 100)
        var late = TaskLifecycle(rules: rules, availableAt: 0)
        _ = late.handle(.claim, at: 0)
        let failure = AttemptEnd(.failed, sideEffects: .none)
        #expect(late.handle(.finish(attempt: 1, failure), at: 0) == .ended(.failed, .expires))

        var unwanted = TaskLifecycle(rules: TaskRules(retry: rules.retry, idempotency: .pure), availableAt: 0)
        _ = unwanted.handle(.claim, at: 0)
        #expect(unwanted.handle(.cancel, at: 0) == .moved)
        #expect(unwanted.handle(.finish(attempt: 1, failure), at: 0) == .ended(.failed, .cancelled))
    }
}

@Suite struct WorkerWatchTests {
    @Test func `A worker is silent when its count has stood still for so long on the watcher's clock`() {
        var watch = WorkerWatch<Int>(patience: 15)
        #expect(watch.observe([(1, 5), (2, 5)], at: 0).isEmpty)
        #expect(watch.observe([(1, 6), (2, 5)], at: 14).isEmpty)
        #expect(watch.observe([(1, 6), (2, 5)], at: 15).map(\.id) == [2])
        #expect(watch.observe([(1, 6)], at: 29).map(\.id) == [1])
        #expect(watch.observe([(1, 7), (2, 5)], at: 30).isEmpty, "one that comes back is watched anew")
    }
}
