internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks
internal import Testing

@Suite struct WorkingTests {
    @Test(arguments: StoreKind.allCases)
    func `Claims go by priority, then first come, to whoever covers what is needed`(_ kind: StoreKind) throws {
        try kind.withStore { store in
            for (name, priority, needs, executor) in [
                ("a", 0, [], "command"), ("b", 5, [], "command"), ("c", 0, [], "command"),
                ("d", 9, ["gpu"], "command"), ("e", 9, [], "http"), ("f", 5, ["x"], "command"),
            ] as [(String, Int64, Set<String>, String)] {
                _ = try store.accept(
                    .sample(name, executor: executor) {
                        $0.priority = priority
                        $0.needs = needs
                    }
                )
            }
            let plain = try store.register(.sample(labels: ["x", "y"]), at: 1)
            #expect(try store.claimAll(plain, slots: 2).map(\.name) == ["b", "f"])
            #expect(try store.claimAll(plain).map(\.name) == ["a", "c"])
            #expect(try store.claimAll(plain).isEmpty)
            let other = try store.register(.sample(labels: ["gpu"], executors: ["http", "command"]), at: 1)
            #expect(try store.claimAll(other).map(\.name) == ["d", "e"])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `Nothing is claimed before its moment, past its time, or from a paused queue`(_ kind: StoreKind) throws {
        try kind.withStore { store in
            let later = try store.accept(.sample("later") { $0.notBefore = 2000 })
            let brief = try store.accept(.sample("brief") { $0.expiresAt = 1500 })
            _ = try store.accept(.sample("other") { $0.queue = "side" })
            try store.setPaused("side", true, at: 1000)
            let worker = try store.register(.sample(), at: 1)
            #expect(try store.claimAll(worker, at: 1600).isEmpty)
            #expect(try store.state(brief) == .done(.expired))
            #expect(try store.claimAll(worker, at: 1999).isEmpty)
            #expect(try store.claimAll(worker, at: 2000).map(\.lease.task) == [later])
            try store.setPaused("side", false, at: 2000)
            let request = ClaimRequest(worker: worker, slots: 1, queues: ["default"])
            #expect(try store.claim(request, at: 2000).isEmpty)
            #expect(try store.claimAll(worker, at: 2000).map(\.name) == ["other"])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `An attempt leaves its marks, and a failure is tried again when its moment has come`(_ kind: StoreKind) throws
    {
        try kind.withStore { store in
            let id = try store.accept(
                .sample {
                    $0.idempotency = .idempotent
                    $0.retry = RetryPolicy(attempts: 2, least: 100, most: 100)
                }
            )
            let worker = try store.register(.sample(), at: 1)
            let lease = try store.claimAll(worker)[0].lease
            #expect(try store.intend([lease], at: 1010) == [lease])
            try store.identify(lease, .sample, at: 1020)
            try store.append([LogChunk(stream: "stdout", bytes: [1, 2])], to: lease, at: 1030)
            guard case .retries(let moment) = try store.finish(lease, .failure, at: 1040) else {
                Issue.record("it was not tried again")
                return
            }
            #expect((1090...1140).contains(moment))
            #expect(try store.claimAll(worker, at: moment - 1).isEmpty)
            let second = try store.claimAll(worker, intends: true, at: moment)[0]
            #expect(second.lease.attempt == 2 && second.begunBefore == 1)
            #expect(try store.finish(second.lease, .success, result: "[2]", at: moment + 5) == .ended(.succeeded))
            let shown = try store.details(of: id)
            #expect(shown.result == Array("[2]".utf8) && shown.failures == 1 && shown.begun == 2)
            #expect(shown.attempts.map(\.outcome) == [.failed, .succeeded])
            #expect(shown.attempts[0].identities == [.sample])
            #expect(shown.attempts.map(\.intendedAt) == [1010, moment])
            let kinds: [TaskEvent.Kind] = [
                .submitted, .claimed, .starting, .started, .retryScheduled, .claimed, .starting, .ended,
            ]
            #expect(try store.kinds(of: id) == kinds)
            #expect(try store.log(of: id, after: 0, limit: 9).map(\.chunk.bytes) == [[1, 2]])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `Late reports of a worker that was given up change nothing`(_ kind: StoreKind) throws {
        try kind.withStore { store in
            let unsafe = try store.accept(.sample("unsafe"))
            let again = try store.accept(.sample("again") { $0.idempotency = .pure })
            let untouched = try store.accept(.sample("untouched"))
            let (stopped, successor) = (
                try store.register(.sample("s"), at: 1), try store.register(.sample("t"), at: 1)
            )
            let leases = try store.claimAll(stopped).map(\.lease)
            #expect(try store.intend(Array(leases.prefix(2)), at: 1).count == 2)
            #expect(try store.evict(stopped, beats: 1, by: successor, at: 2) == nil, "it has not counted to 1")
            let orphans = try #require(try store.evict(stopped, beats: 0, by: successor, at: 2))
            #expect(orphans.map(\.phase) == [.starting, .starting, .claimed])
            #expect(try store.finish(leases[0], .success) == .stale)
            #expect(try store.finish(leases[2], .success) == .stale)
            #expect(storeCode { try store.identify(leases[1], .sample, at: 3) } == .staleAttempt)
            #expect(storeCode { try store.append([], to: leases[1], at: 3) } == .staleAttempt)
            #expect(try store.intend(leases, at: 3).isEmpty)
            #expect(storeCode { _ = try store.beat(stopped, isDraining: false, at: 3) } == .workerEvicted)
            #expect(storeCode { _ = try store.claimAll(stopped) } == .workerEvicted)
            #expect(storeCode { try store.retire(successor, at: 3) } == .workerBusy)
            #expect(try store.abandon(orphans[0].lease, at: 3) == .ended(.lost))
            guard case .retries = try store.abandon(orphans[1].lease, at: 3) else {
                Issue.record("what is pure was not tried again")
                return
            }
            #expect(try store.abandon(orphans[2].lease, at: 3) == .released)
            #expect(try store.abandon(orphans[2].lease, at: 3) == .stale)
            #expect(try store.state(unsafe) == .done(.lost))
            #expect(try store.state(again) == .ready && store.state(untouched) == .ready)
            #expect(try store.kinds(of: unsafe).suffix(3) == [.workerLost, .staleReport, .ended])
            try store.retire(successor, at: 4)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `A cancel ends what waits and is told to the worker of what runs`(_ kind: StoreKind) throws {
        try kind.withStore { store in
            let (running, waiting) = (try store.accept(), try store.accept())
            let worker = try store.register(.sample(), at: 1)
            let lease = try store.claimAll(worker, slots: 1)[0].lease
            #expect(try store.cancel(waiting, by: "bert", at: 2))
            #expect(try store.cancel(running, by: "bert", at: 2) == false)
            #expect(try store.cancel(running, by: "bert", at: 2) == false)
            #expect(try store.beat(worker, isDraining: false, at: 3).cancelRequests == [lease])
            let end = AttemptEnd(.cancelled, sideEffects: .possible)
            #expect(try store.finish(lease, end, at: 4) == .ended(.cancelled))
            #expect(storeCode { _ = try store.cancel(running, by: "bert", at: 5) } == .alreadyDone)
            let events = try store.events(of: running, after: 0, limit: 9)
            #expect(events.map(\.kind) == [.submitted, .claimed, .cancelRequested, .ended])
            #expect(events[2].principal == "bert" && events[3].word == "cancelled")
            try store.reopen(waiting, by: "bert", at: 6)
            #expect(try store.claimAll(worker, at: 6).map(\.lease.task) == [waiting])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `What runs below a known process stands with its intent, and is found when its worker is gone`(kind: StoreKind)
        throws
    {
        try kind.withStore { store in
            let task = try store.accept()
            let worker = try store.register(.sample(), at: 1000)
            let request = ClaimRequest(worker: worker, slots: 1, intends: true, identity: .sample)
            let claim = try #require(try store.claim(request, at: 1000).first)
            #expect(claim.begunBefore == 0)
            #expect(try store.state(task) == .running(.started))
            #expect(try store.kinds(of: task) == [.submitted, .claimed, .starting, .started])
            let orphans = try store.evict(worker, beats: nil, by: try store.register(.sample("x"), at: 1000), at: 1001)
            #expect(orphans?.first?.identities == [.sample])
            #expect(orphans?.first?.phase == .started)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `The next moments are those of waiting tasks, and past ones are none`(kind: StoreKind) throws {
        try kind.withStore { store in
            #expect(try store.nextMoments(after: 0) == NextMoments())
            _ = try store.accept(.sample("now"), at: 1000)
            #expect(try store.nextMoments(after: 1000) == NextMoments())
            _ = try store.accept(.sample("later") { $0.notBefore = 5000 }, at: 1000)
            _ = try store.accept(.sample("latest") { $0.notBefore = 7000 }, at: 1000)
            _ = try store.accept(.sample("short") { $0.expiresAt = 3000 }, at: 1000)
            #expect(try store.nextMoments(after: 1000) == NextMoments(due: 5000, expiry: 3000))
            #expect(try store.nextMoments(after: 5000) == NextMoments(due: 7000, expiry: nil))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `A worker can ask what is to end without reporting`(kind: StoreKind) throws {
        try kind.withStore { store in
            let task = try store.accept()
            let worker = try store.register(.sample(), at: 1000)
            let lease = try store.claimAll(worker, intends: true)[0].lease
            #expect(try store.cancelRequests(to: worker).isEmpty)
            _ = try store.cancel(task, by: "anna", at: 1001)
            #expect(try store.cancelRequests(to: worker) == [lease])
            #expect(try store.workers().first { $0.id == worker }?.beats == 0)
            _ = try store.evict(worker, beats: nil, by: try store.register(.sample("x"), at: 1002), at: 1002)
            #expect(storeCode { _ = try store.cancelRequests(to: worker) } == .workerEvicted)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `Output that comes with the end follows what was appended before`(kind: StoreKind) throws {
        try kind.withStore { store in
            let task = try store.accept()
            let worker = try store.register(.sample(), at: 1000)
            let lease = try store.claimAll(worker, intends: true)[0].lease
            let (first, second) = (LogChunk(stream: "stdout", bytes: [1]), LogChunk(stream: "stderr", bytes: [2]))
            try store.append([first], to: lease, at: 1001)
            _ = try store.finish([Completion(lease, .success, result: Array("{}".utf8), log: [second])], at: 1002)
            #expect(try store.log(of: task, after: 0, limit: 10).map(\.chunk) == [first, second])
            // A late one changes nothing.
            _ = try store.finish([Completion(lease, .success, result: Array("{}".utf8), log: [second])], at: 1003)
            #expect(try store.log(of: task, after: 0, limit: 10).count == 2)
        }
    }
}
