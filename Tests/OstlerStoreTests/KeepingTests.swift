internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks
internal import OstlerTestSupport
internal import Testing

@Suite struct KeepingTests {
    /// Ten tasks, one each second, of which the last two are not done.
    private func fill(_ store: any TaskStore) throws -> [TaskID] {
        let worker = try store.register(.sample(), at: 0)
        return try (0..<10).map { number in
            let now = Int64(number) * 1000
            let task = try store.accept(.sample("t\(number)"), at: now)
            guard number < 8 else { return task }
            let lease = try store.claimAll(worker, at: now)[0].lease
            let attachment = Attachment(name: "stdout", bytes: [UInt8](repeating: UInt8(number / 2), count: 100_000))
            _ = try store.finish([Completion(lease, .success, result: [123, 125], attachments: [attachment])], at: now)
            return task
        }
    }

    private func names(_ store: any TaskStore) throws -> [String] {
        try store.list(TaskFilter(), after: nil, limit: 100).tasks.map(\.name).reversed()
    }

    @Test(arguments: StoreKind.allCases)
    func `A policy removes what it says, and what is not done stays`(_ kind: StoreKind) throws {
        try kind.withStore { store in
            let tasks = try fill(store)
            let first = try store.details(of: tasks[0]).attachments[0]
            let byAge = RetentionPolicy(age: 5000)
            let plan = try store.plan(byAge, at: 9000)
            #expect(plan.tasks == [.age: 4] && plan.oldest == 0 && plan.newest == 3000 && plan.keptTasks == 4)
            #expect(try names(store).count == 10, "a plan removes nothing")
            #expect(try store.collect(byAge, at: 9000) == plan)
            #expect(try names(store) == (4..<10).map { "t\($0)" })
            #expect(storeCode { _ = try store.blob(first.digest) } == .unknownBlob)
            #expect(storeCode { _ = try store.details(of: tasks[0]) } == .unknownTask)
            #expect(try store.collect(RetentionPolicy(count: 3), at: 9000).tasks == [.count: 1])
            let last = try store.details(of: tasks[7])
            #expect(try store.collect(RetentionPolicy(bytes: last.summary.bytes), at: 9000).tasks == [.bytes: 2])
            #expect(try names(store) == ["t7", "t8", "t9"])
            #expect(try store.blob(last.attachments[0].digest).count == 100_000, "equal bytes of a task that stays")
            #expect(try store.collect(RetentionPolicy(count: 0), at: 9000).total == 1)
            #expect(try names(store) == ["t8", "t9"])
        }
    }

    @Test func `What was removed is given back to the file system`() throws {
        try withTemporaryDirectory { directory in
            let store = try SQLiteTaskStore(path: directory.file("store.db"))
            _ = try fill(store)
            try store.compact()
            let before = try directory.read("store.db").count
            #expect(before > 400_000)
            _ = try store.collect(RetentionPolicy(count: 0), at: 9000)
            try store.compact()
            #expect(try directory.read("store.db").count < before - 300_000)
            #expect(try names(store) == ["t8", "t9"])
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `A list is read page by page, without gap or repetition, while tasks are added`(_ kind: StoreKind) throws {
        try kind.withStore { store in
            _ = try fill(store)
            var (seen, cursor): ([String], TaskID?) = ([], nil)
            repeat {
                let page = try store.list(TaskFilter(), after: cursor, limit: 3)
                seen += page.tasks.map(\.name)
                cursor = page.next
                _ = try store.accept(.sample("new"))
            } while cursor != nil
            #expect(seen == (0..<10).reversed().map { "t\($0)" })
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `The mark changes with the store, and only then`(_ kind: StoreKind) throws {
        try kind.withStore { store in
            let mark = try store.changeMark()
            #expect(try store.changeMark() == mark)
            let task = try store.accept()
            let second = try store.changeMark()
            #expect(second != mark)
            _ = try store.details(of: task)
            #expect(try store.changeMark() == second)
        }
    }

    @Test func `An inline run stands in the history as a task that is done`() throws {
        try SQLiteTaskStore.withQuickStore { store in
            let run = FinishedRun(
                .sample("inline", key: "k"),
                .failure,
                result: Array("{}".utf8),
                submittedAt: 1,
                startedAt: 2,
                endedAt: 3
            )
            let id = try store.record([run])[0]
            let shown = try store.details(of: id)
            #expect(shown.summary.state == .done(.failed) && shown.summary.endedAt == 3)
            #expect(try store.kinds(of: id) == [.submitted, .started, .ended])
            #expect(try store.submit([.sample(key: "k")], capacity: nil, at: 4) != [.known(id)])
            #expect(try store.statistics(at: 5)[0].done == [.failed: 1])
        }
    }
}
