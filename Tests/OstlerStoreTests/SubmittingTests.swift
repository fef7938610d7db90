internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks
internal import Testing

@Suite struct SubmittingTests {
    @Test(arguments: StoreKind.allCases)
    func `What was accepted is shown as it came in`(_ kind: StoreKind) throws {
        try kind.withStore { store in
            let submission = Submission.sample("a") {
                $0.labels = ["team": "x", "tier": "é"]
                $0.needs = ["gpu", "zone=a"]
                $0.priority = -3
                $0.origin.parentID = "p"
                $0.notes = [Note("policy", detail: Array(#"{"rule":1}"#.utf8))]
                $0.retry = RetryPolicy(attempts: 4, backoff: .linear, least: 5, most: 50)
                $0.idempotency = .keyed
                $0.expiresAt = 9000
            }
            let id = try store.accept(submission)
            let shown = try store.details(of: id)
            #expect(shown.document == submission.document)
            #expect(shown.summary.origin == submission.origin)
            #expect(shown.labels == submission.labels && shown.needs == submission.needs)
            #expect(shown.rules == TaskRules(retry: submission.retry, idempotency: .keyed, expiresAt: 9000, seed: 1))
            #expect(shown.summary.state == .ready && shown.summary.priority == -3 && shown.summary.submittedAt == 1000)
            let events = try store.events(of: id, after: 0, limit: 10)
            #expect(events.map(\.kind) == [.submitted, .note])
            #expect(events[1].word == "policy" && events[1].detail == Array(#"{"rule":1}"#.utf8))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `A full queue refuses the whole batch and keeps nothing of it`(_ kind: StoreKind) throws {
        try kind.withStore { store in
            _ = try store.submit([.sample("a"), .sample("b")], capacity: 3, at: 1)
            let code = storeCode { _ = try store.submit([.sample("c"), .sample("d")], capacity: 3, at: 2) }
            #expect(code == .queueFull)
            #expect(try store.list(TaskFilter(), after: nil, limit: 10).tasks.map(\.name) == ["b", "a"])
            let other = try store.submit([.sample("e") { $0.queue = "other" }], capacity: 3, at: 3)
            #expect(other.count == 1)
            #expect(try store.submit([.sample("f")], capacity: 3, at: 4).count == 1)
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `A key that comes again gives the first task, and is refused for another payload`(_ kind: StoreKind) throws {
        try kind.withStore { store in
            let first = try store.accept(.sample("a", key: "k"))
            #expect(try store.submit([.sample("b", key: "k")], capacity: 0, at: 2) == [.known(first)])
            #expect(storeCode { _ = try store.accept(.sample(payload: "[1]", key: "k")) } == .idempotencyConflict)
            #expect(storeCode { _ = try store.accept(.sample(executor: "http", key: "k")) } == .idempotencyConflict)
            let other = try store.accept(.sample(principal: "bert", key: "k"))
            #expect(other != first)
            let twice = try store.submit([.sample("x", key: "n"), .sample("y", key: "n")], capacity: nil, at: 3)
            #expect(twice == [.accepted(twice[0].task), .known(twice[0].task)])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `Tasks wait for others, and fail with them, to the last one`(_ kind: StoreKind) throws {
        try kind.withStore { store in
            let ids = try store.submit(
                [
                    .sample("a"), .sample("b") { $0.after = [.earlier(0)] },
                    .sample("c") { $0.after = [.earlier(0), .earlier(1)] },
                    .sample("d") { $0.after = [.earlier(2)] },
                ],
                capacity: nil,
                at: 1
            ).map(\.task)
            #expect(try ids.map { try store.state($0) } == [.ready, .blocked, .blocked, .blocked])
            let worker = try store.register(.sample(), at: 1)
            #expect(try store.finish(store.claimAll(worker)[0].lease, .success) == .ended(.succeeded))
            #expect(try ids.map { try store.state($0) } == [.done(.succeeded), .ready, .blocked, .blocked])
            #expect(storeCode { try store.remove([ids[0]], at: 1) } == .neededByOthers)
            #expect(try store.finish(store.claimAll(worker)[0].lease, .failure) == .ended(.failed))
            let states: [TaskLifecycle.State] = [
                .done(.succeeded), .done(.failed), .done(.dependencyFailed), .done(.dependencyFailed),
            ]
            #expect(try ids.map { try store.state($0) } == states)
            #expect(try store.details(of: ids[2]).dependencies == [ids[0], ids[1]])
            #expect(try store.details(of: ids[0]).dependents == [ids[1], ids[2]])
            let late = try store.accept(.sample("e") { $0.after = [.task(ids[0]), .task(ids[1])] })
            #expect(try store.state(late) == .done(.dependencyFailed))
            #expect(storeCode { _ = try store.accept(.sample { $0.after = [.earlier(0)] }) } == .unknownDependency)
            let nobody = TaskID(rawValue: 9999)
            #expect(storeCode { _ = try store.accept(.sample { $0.after = [.task(nobody)] }) } == .unknownDependency)
        }
    }
}
