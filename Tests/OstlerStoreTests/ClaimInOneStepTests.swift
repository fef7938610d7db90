internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks
internal import OstlerTestSupport
internal import Testing

/// A claim that intends and names its process is what the three steps are, one after the other.
@Suite struct ClaimInOneStepTests {
    private static let process = ProcessIdentity(bootID: "b", pid: 70, startTime: .max, role: "plugin")

    private func inOneStep(_ store: any TaskStore, _ worker: WorkerID, _ slots: Int, at now: Int64) throws -> [Claim] {
        let request = ClaimRequest(worker: worker, slots: slots, intends: true, identity: Self.process)
        return try store.claim(request, at: now)
    }

    private func inThree(_ store: any TaskStore, _ worker: WorkerID, _ slots: Int, at now: Int64) throws -> [Claim] {
        let claims = try store.claim(ClaimRequest(worker: worker, slots: slots), at: now)
        let leases = claims.map(\.lease)
        #expect(try store.intend(leases, at: now) == leases)
        for lease in leases { try store.identify(lease, Self.process, at: now) }
        return claims
    }

    @Test(arguments: StoreKind.allCases, [UInt64(1), 2, 3])
    func `Timelines, attempts and counts are those of the three steps`(kind: StoreKind, seed: UInt64) throws {
        try kind.withStore { one in
            try kind.withStore { other in
                var random = SeededGenerator(seed: seed)
                var tasks: [TaskID] = []
                for number in 0..<12 {
                    let submission = Submission.sample("t\(number)") {
                        $0.idempotency = .pure
                        $0.retry = RetryPolicy(attempts: 3, least: 40, most: 40)
                        $0.priority = Int64.random(in: 0...2, using: &random)
                        $0.notBefore = Int64.random(in: 900...1300, using: &random)
                    }
                    let task = try one.accept(submission)
                    #expect(try other.accept(submission) == task)
                    tasks.append(task)
                }
                let workers = (try one.register(.sample(), at: 1), try other.register(.sample(), at: 1))
                for round in 0..<20 {
                    let (now, slots) = (1000 + Int64(round) * 25, Int.random(in: 0...4, using: &random))
                    let (first, second) = (
                        try inOneStep(one, workers.0, slots, at: now), try inThree(other, workers.1, slots, at: now)
                    )
                    #expect(first.map(\.lease) == second.map(\.lease), "seed \(seed), round \(round)")
                    #expect(first.map(\.begunBefore) == second.map(\.begunBefore), "seed \(seed), round \(round)")
                    // Some run on, so that the last comparison meets all states.
                    for lease in first.map(\.lease) where Int.random(in: 0..<4, using: &random) > 0 {
                        let end: AttemptEnd = Bool.random(using: &random) ? .failure : .success
                        #expect(try one.finish(lease, end, at: now + 5) == other.finish(lease, end, at: now + 5))
                    }
                }
                for task in tasks {
                    #expect(try one.details(of: task) == other.details(of: task), "seed \(seed)")
                    let events = try one.events(of: task, after: 0, limit: 1000)
                    #expect(try other.events(of: task, after: 0, limit: 1000) == events, "seed \(seed)")
                    #expect(events.map(\.sequence) == Array(1...Int64(events.count)))
                }
                #expect(try one.workers() == other.workers())
                #expect(try one.statistics(at: 1500) == other.statistics(at: 1500))
            }
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `A process is named only where the claim intends, and what was only claimed can be given back`(
        kind: StoreKind
    ) throws {
        try kind.withStore { store in
            let task = try store.accept()
            let worker = try store.register(.sample(), at: 1)
            let request = ClaimRequest(worker: worker, slots: 1, intends: false, identity: Self.process)
            let lease = try #require(try store.claim(request, at: 1000).first).lease
            let attempt = try #require(try store.details(of: task).attempts.first)
            #expect(attempt.identities.isEmpty && attempt.intendedAt == nil && attempt.identifiedAt == nil)
            #expect(try store.release([lease], at: 1001) == [.released])

            let begun = try #require(try inOneStep(store, worker, 1, at: 1002).first).lease
            #expect(begun.attempt == 2)
            #expect(try store.release([begun], at: 1003) == [.stale], "something may have been started for it")
            #expect(try store.intend([begun], at: 1003).isEmpty, "it is past that")
            #expect(try store.kinds(of: task) == [.submitted, .claimed, .released, .claimed, .starting, .started])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `A second process stands behind the first, whose moment stays`(kind: StoreKind) throws {
        try kind.withStore { store in
            let task = try store.accept()
            let worker = try store.register(.sample(), at: 1)
            let lease = try #require(try inOneStep(store, worker, 1, at: 1000).first).lease
            try store.identify(lease, .sample, at: 1010)
            let attempt = try #require(try store.details(of: task).attempts.first)
            #expect(attempt.identities == [Self.process, .sample])
            #expect(attempt.claimedAt == 1000 && attempt.intendedAt == 1000 && attempt.identifiedAt == 1000)
            #expect(try store.kinds(of: task) == [.submitted, .claimed, .starting, .started], "it was told once")
        }
    }
}
