internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks
internal import Testing

/// What a list tells of why a task failed, while it is tried again and when it is done.
@Suite struct ErrorCodeTests {
    private static let patient = Submission.sample {
        $0.idempotency = .pure
        $0.retry = RetryPolicy(attempts: 3, least: 0, most: 0)
    }

    private func failure(_ code: String?, _ outcome: Outcome = .failed) -> AttemptEnd {
        AttemptEnd(outcome, sideEffects: .possible, code: code)
    }

    private func code(_ store: any TaskStore, _ task: TaskID) throws -> String? {
        try store.details(of: task).summary.errorCode
    }

    @Test(arguments: StoreKind.allCases)
    func `The code of a failure stays through all steps of the next attempt until that one ends`(kind: StoreKind) throws
    {
        try kind.withStore { store in
            let task = try store.accept(Self.patient)
            let worker = try store.register(.sample(), at: 1)
            _ = try store.finish(store.claimAll(worker)[0].lease, failure("first"))
            #expect(try code(store, task) == "first")
            let lease = try store.claimAll(worker)[0].lease
            #expect(try code(store, task) == "first")
            _ = try store.intend([lease], at: 1001)
            try store.identify(lease, .sample, at: 1002)
            #expect(try code(store, task) == "first")
            #expect(try !store.cancel(task, by: "anna", at: 1003))
            #expect(try code(store, task) == "first")
            #expect(try store.finish(lease, failure("second"), at: 1004) == .ended(.failed))
            let shown = try store.details(of: task)
            #expect(shown.summary.errorCode == "second" && shown.summary.reason == .cancelled)
            #expect(shown.attempts.map(\.errorCode) == ["first", "second"])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `An attempt that is given back says nothing of the failure before it`(kind: StoreKind) throws {
        try kind.withStore { store in
            let task = try store.accept(Self.patient)
            let (worker, heir) = (try store.register(.sample(), at: 1), try store.register(.sample("heir"), at: 1))
            _ = try store.finish(store.claimAll(worker)[0].lease, failure("first"))
            #expect(try store.release([store.claimAll(worker)[0].lease], at: 1001) == [.released])
            #expect(try code(store, task) == "first")
            _ = try store.claimAll(worker)
            let orphans = try #require(try store.evict(worker, beats: nil, by: heir, at: 1002))
            #expect(try store.abandon(orphans[0].lease, at: 1003) == .released)
            #expect(try code(store, task) == "first")
            let lease = try store.claimAll(heir)[0].lease
            #expect(try !store.cancel(task, by: "anna", at: 1004))
            #expect(try store.release([lease], at: 1005) == [.ended(.cancelled)])
            let shown = try store.details(of: task)
            #expect(try store.state(task) == .done(.cancelled) && shown.summary.errorCode == "first")
            #expect(shown.attempts.map(\.errorCode) == ["first", nil, nil, nil])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `A success and a failure without a code leave none, and attempts keep their own`(kind: StoreKind) throws {
        try kind.withStore { store in
            let worker = try store.register(.sample(), at: 1)
            for end in [AttemptEnd.success, failure(nil, .timeout)] {
                let task = try store.accept(Self.patient)
                _ = try store.finish(store.claimAll(worker)[0].lease, failure("first"))
                let lease = try store.claimAll(worker)[0].lease
                _ = try store.finish(lease, end)
                let shown = try store.details(of: task)
                #expect(shown.summary.errorCode == nil, "\(end.outcome)")
                #expect(shown.attempts.map(\.errorCode) == ["first", nil], "\(end.outcome)")
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `A task that ends while it waits for its next attempt still tells why it had to`(kind: StoreKind) throws {
        try kind.withStore { store in
            let worker = try store.register(.sample(), at: 1)
            var brief = Self.patient
            brief.expiresAt = 2000
            let (cancelled, expired) = (try store.accept(Self.patient), try store.accept(brief))
            for claim in try store.claimAll(worker) {
                #expect(try store.finish(claim.lease, failure("exit")) == .retries(at: 1000))
            }
            #expect(try store.cancel(cancelled, by: "anna", at: 1500))
            #expect(try store.expire(at: 2000) == 1)
            #expect(try store.state(cancelled) == .done(.cancelled) && store.state(expired) == .done(.expired))
            for task in [cancelled, expired] {
                #expect(try code(store, task) == "exit")
                #expect(try store.details(of: task).attempts.map(\.outcome) == [.failed])
                try store.reopen(task, by: "anna", at: 3000)
                #expect(try code(store, task) == nil, "it begins anew")
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `A task that brought down three workers is set aside with the last code, until somebody lets it try again`(
        kind: StoreKind
    ) throws {
        try kind.withStore { store in
            var now: Int64 = 1000
            let task = try store.accept(Self.patient, at: now)
            let heir = try store.register(.sample("heir", executors: []), at: now)
            for fault in 1...3 {
                let worker = try store.register(.sample("w\(fault)"), at: now)
                let lease = try store.claimAll(worker, intends: true, at: now)[0].lease
                #expect(lease.attempt == fault)
                now += 10
                // The second falls over its plugin, and lives to tell.
                if fault == 2 {
                    let end = failure("plugin_died", .executorCrash)
                    #expect(try store.finish(lease, end, at: now) == .retries(at: now))
                    #expect(try code(store, task) == "plugin_died")
                    continue
                }
                let orphans = try #require(try store.evict(worker, beats: nil, by: heir, at: now))
                let expected: Settlement = fault == 3 ? .ended(.lost) : .retries(at: now)
                #expect(try store.abandon(orphans[0].lease, at: now) == expected)
                #expect(try code(store, task) == "worker_lost")
            }
            let shown = try store.details(of: task)
            #expect(shown.summary.isSetAside && shown.summary.reason == .poison && shown.faults == 3)
            #expect(shown.attempts.map(\.errorCode) == ["worker_lost", "plugin_died", "worker_lost"])
            try store.reopen(task, by: "anna", at: now)
            let again = try store.details(of: task)
            #expect(!again.summary.isSetAside && again.summary.reason == nil && again.summary.errorCode == nil)
            #expect(again.faults == 0 && again.attempts.count == 3, "what was tried stays in its history")
        }
    }
}
