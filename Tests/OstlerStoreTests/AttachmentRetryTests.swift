internal import OstlerProtocol
internal import OstlerTasks
internal import OstlerTestSupport
internal import Testing

@testable internal import OstlerStore

/// What came of one attempt takes the place of what came of the one before.
@Suite struct AttachmentRetryTests {
    /// A task that may be tried again at once, as often as one likes.
    private static func patient(_ name: String = "t") -> Submission {
        .sample(name) {
            $0.idempotency = .pure
            $0.retry = RetryPolicy(attempts: 1000, least: 0, most: 0)
        }
    }

    private func attachment(_ name: String, _ byte: UInt8, _ count: Int = 100) -> OstlerStore.Attachment {
        OstlerStore.Attachment(name: name, bytes: [UInt8](repeating: byte, count: count))
    }

    private func isKept(_ attachment: OstlerStore.Attachment, in store: any TaskStore) -> Bool {
        do { return try store.blob(AttachmentRecord(attachment).digest) == attachment.bytes } catch { return false }
    }

    private func finish(
        _ store: any TaskStore,
        _ lease: Lease,
        _ attachments: [OstlerStore.Attachment],
        _ end: AttemptEnd = .failure,
        result: String = "{}"
    ) throws -> Settlement {
        try store.finish([Completion(lease, end, result: Array(result.utf8), attachments: attachments)], at: 1000)[0]
    }

    @Test(arguments: StoreKind.allCases)
    func `Attachments of the latest attempt stand in their order, and those before are gone`(kind: StoreKind) throws {
        try kind.withStore { store in
            let task = try store.accept(Self.patient())
            let worker = try store.register(.sample(), at: 1)
            let (out, errors) = (attachment("stdout", 1), attachment("stderr", 2, 50))
            #expect(try finish(store, store.claimAll(worker)[0].lease, [out, errors]) == .retries(at: 1000))
            #expect(try store.details(of: task).attachments.map(\.name) == ["stdout", "stderr"])
            // The bytes of one come again under another name; the other's do not.
            let (same, new) = (attachment("report", 2, 50), attachment("stdout", 3, 7))
            let second = try store.claimAll(worker, intends: true)[0].lease
            #expect(try finish(store, second, [same, new], .success, result: "[1,2]") == .ended(.succeeded))
            let shown = try store.details(of: task)
            #expect(shown.attachments == [AttachmentRecord(same), AttachmentRecord(new)])
            #expect(!isKept(out, in: store) && isKept(same, in: store) && isKept(new, in: store))
            #expect(shown.summary.bytes == Int64(shown.document.count + "[1,2]".utf8.count + 50 + 7))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `An attempt without attachments leaves none, and output of all attempts stays`(kind: StoreKind) throws {
        try kind.withStore { store in
            let task = try store.accept(Self.patient())
            let worker = try store.register(.sample(), at: 1)
            let lease = try store.claimAll(worker)[0].lease
            try store.append([LogChunk(stream: "stdout", bytes: [1, 2, 3])], to: lease, at: 1000)
            let empty = attachment("stderr", 0, 0)
            _ = try finish(store, lease, [attachment("stdout", 1), empty])
            #expect(isKept(empty, in: store), "no bytes are bytes, too")
            _ = try finish(store, store.claimAll(worker)[0].lease, [], result: "[]")
            let shown = try store.details(of: task)
            #expect(shown.attachments.isEmpty && shown.result == Array("[]".utf8))
            #expect(!isKept(attachment("stdout", 1), in: store) && !isKept(empty, in: store))
            #expect(shown.summary.bytes == Int64(shown.document.count + 2 + 3))
        }
    }

    @Test(arguments: StoreKind.allCases)
    func `What a lost attempt would have brought does not take the place of what is there`(kind: StoreKind) throws {
        try kind.withStore { store in
            let task = try store.accept(Self.patient())
            let (worker, other) = (try store.register(.sample(), at: 1), try store.register(.sample("o"), at: 1))
            let (first, late) = (attachment("stdout", 1), attachment("stdout", 2))
            _ = try finish(store, store.claimAll(worker)[0].lease, [first], result: "[1]")
            let lease = try store.claimAll(worker, intends: true)[0].lease
            let orphans = try #require(try store.evict(worker, beats: nil, by: other, at: 1000))
            #expect(try store.abandon(orphans[0].lease, at: 1000) == .retries(at: 1000))
            #expect(try finish(store, lease, [late], .success, result: "[2]") == .stale)
            let shown = try store.details(of: task)
            #expect(shown.result == Array("[1]".utf8) && shown.attachments == [AttachmentRecord(first)])
            #expect(isKept(first, in: store) && !isKept(late, in: store))
            #expect(shown.attempts.map(\.outcome) == [.failed, .lost])
        }
    }

    @Test(arguments: StoreKind.allCases, [UInt64(1), 2, 3])
    func `Bytes are there as long as a task names them, and no longer`(kind: StoreKind, seed: UInt64) throws {
        try kind.withStore { store in
            var random = SeededGenerator(seed: seed)
            // Few contents for many attempts: tasks share them, and take and leave them by turns.
            let pool = (0..<5).map { attachment("stdout", UInt8($0), $0) }
            for number in 0..<4 { _ = try store.accept(Self.patient("t\(number)")) }
            let worker = try store.register(.sample(), at: 1)
            var named: [TaskID: [OstlerStore.Attachment]] = [:]
            for step in 0..<25 {
                for claim in try store.claimAll(worker, slots: Int.random(in: 1...4, using: &random)) {
                    let count = Int.random(in: 0...3, using: &random)
                    let chosen = Array(pool.shuffled(using: &random).prefix(count))
                    named[claim.lease.task] = chosen
                    #expect(try finish(store, claim.lease, chosen) == .retries(at: 1000))
                }
                for attachment in pool {
                    let isNamed = named.values.contains { $0.contains(attachment) }
                    #expect(isKept(attachment, in: store) == isNamed, "seed \(seed), step \(step)")
                }
            }
            for (task, attachments) in named {
                let shown = try store.details(of: task)
                #expect(shown.attachments == attachments.map { AttachmentRecord($0) })
                let sum = attachments.reduce(0) { $0 + $1.bytes.count }
                #expect(shown.summary.bytes == Int64(shown.document.count + 2 + sum))
            }
        }
    }
}
