internal import Glibc
internal import OstlerProtocol
internal import OstlerTasks
internal import OstlerTestSupport
internal import Testing

@testable internal import OstlerStore

/// What goes wrong with a file: each its own code, what to do, and nothing lost that was accepted.
@Suite struct StoreFaultTests {
    /// - Returns: the failure of an operation; nil if there was none.
    private func failure(_ body: () throws -> Void) -> Failure? {
        do {
            try body()
            return nil
        } catch { return error as? Failure }
    }

    private func expect(
        _ code: StoreCode,
        hint: String,
        sourceLocation: SourceLocation = #_sourceLocation,
        _ body: () throws -> Void
    ) {
        let failure = failure(body)
        #expect(
            failure?.code == code.rawValue,
            "\(failure?.message ?? "nothing failed")",
            sourceLocation: sourceLocation
        )
        #expect(failure?.hint?.contains(hint) == true, "\(failure?.hint ?? "")", sourceLocation: sourceLocation)
    }

    @Test(.enabled(if: geteuid() == 0, "only root can mount"))
    func `A full disk refuses what is new and keeps what was accepted`() throws {
        try withTemporaryDirectory { directory in
            let place = try directory.makeDirectory("small")
            try #require(exitStatus(of: "/bin/mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", place]) == 0)
            defer { umount2(place, Int32(MNT_DETACH)) }
            let path = place + "/store.db"
            var accepted: [TaskID] = []
            var refusal: Failure?
            do {
                let store = try SQLiteTaskStore(path: path)
                for number in 0..<1000 where refusal == nil {
                    let task = Submission.sample(
                        "t\(number)",
                        payload: "\"" + String(repeating: "x", count: 20_000) + "\""
                    )
                    refusal = failure { accepted.append(try store.accept(task)) }
                }
                #expect(refusal?.code == StoreCode.storeFull.rawValue, "\(refusal?.message ?? "nothing failed")")
                #expect(refusal?.hint?.contains("make room") == true)
                #expect(!accepted.isEmpty)
                #expect(try store.list(TaskFilter(), after: nil, limit: 1000).tasks.map(\.id) == accepted.reversed())
            }
            try #require(exitStatus(of: "/bin/mount", ["-o", "remount,size=8m", place]) == 0)
            let store = try SQLiteTaskStore(path: path)
            #expect(try store.list(TaskFilter(), after: nil, limit: 1000).tasks.map(\.id) == accepted.reversed())
            #expect(try store.findDamage().isEmpty)
            _ = try store.accept(.sample("after"))
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can mount"))
    func `A read-only file system is told as one`() throws {
        try withTemporaryDirectory { directory in
            let place = try directory.makeDirectory("fixed")
            try #require(exitStatus(of: "/bin/mount", ["-t", "tmpfs", "-o", "size=2m", "tmpfs", place]) == 0)
            defer { umount2(place, Int32(MNT_DETACH)) }
            do { _ = try SQLiteTaskStore(path: place + "/store.db").accept() }
            try #require(exitStatus(of: "/bin/mount", ["-o", "remount,ro", place]) == 0)
            for name in ["store.db", "new.db"] {
                expect(.storeReadOnly, hint: "mount the file system for writing") {
                    _ = try SQLiteTaskStore(path: place + "/" + name)
                }
            }
        }
    }

    @Test func `A store that another process keeps locked is told after a bounded wait`() throws {
        try withTemporaryDirectory { directory in
            let path = directory.file("store.db")
            let kept = try SQLiteTaskStore(path: path).accept()
            let other = try SQLiteConnection(path, patience: 0)
            try other.execute("BEGIN IMMEDIATE")
            let store = try SQLiteTaskStore(path: path, schema: .current, patience: 20)
            expect(.storeLocked, hint: "fuser") { _ = try store.accept() }
            #expect(try store.details(of: kept).summary.id == kept, "reading goes on")
            try other.execute("ROLLBACK")
            _ = try store.accept()
        }
    }

    @Test func `A newer schema is refused, an older one is taken further, one that is too old is refused`() throws {
        try withTemporaryDirectory { directory in
            let path = directory.file("store.db")
            let kept = try SQLiteTaskStore(path: path).accept()
            let second = StoreSchema.Step(version: 2, sql: "ALTER TABLE worker ADD COLUMN mood TEXT")
            let newer = StoreSchema(steps: StoreSchema.current.steps + [second])
            let upgraded = try SQLiteTaskStore(path: path, schema: newer, patience: 100)
            #expect(try upgraded.details(of: kept).summary.id == kept)
            let before = try directory.read("store.db")
            expect(.storeTooNew, hint: "the version of ostler that wrote it") { _ = try SQLiteTaskStore(path: path) }
            let third = StoreSchema.Step(version: 4, sql: "SELECT 1")
            expect(.storeTooOld, hint: "older version") {
                _ = try SQLiteTaskStore(path: path, schema: StoreSchema(steps: [third]), patience: 100)
            }
            #expect(try directory.read("store.db") == before)
        }
    }

    @Test func `A step that fails leaves the schema as it was`() throws {
        try withTemporaryDirectory { directory in
            let path = directory.file("store.db")
            let kept = try SQLiteTaskStore(path: path).accept()
            let broken = StoreSchema.Step(version: 2, sql: "ALTER TABLE task ADD COLUMN x TEXT; DROP TABLE nowhere")
            let schema = StoreSchema(steps: StoreSchema.current.steps + [broken])
            let code = storeCode { _ = try SQLiteTaskStore(path: path, schema: schema, patience: 100) }
            #expect(code == .storeFault)
            #expect(try SQLiteTaskStore(path: path).details(of: kept).summary.id == kept)
        }
    }

    @Test func `What is no store is not touched`() throws {
        try withTemporaryDirectory { directory in
            let text =
                "This is a letter, and no database; it is longer than the head of one, which has a hundred bytes.\n"
            try directory.write("letter", text + text)
            expect(.storeNotOurs, hint: "another file") { _ = try SQLiteTaskStore(path: directory.file("letter")) }
            #expect(try directory.read("letter") == Array((text + text).utf8))
            try directory.write("foreign.db", "")
            try SQLiteConnection(directory.file("foreign.db"), patience: 0).execute("CREATE TABLE mine (x)")
            expect(.storeNotOurs, hint: "another file") { _ = try SQLiteTaskStore(path: directory.file("foreign.db")) }
            expect(.storeUnreachable, hint: "directory") {
                _ = try SQLiteTaskStore(path: directory.file("no/store.db"))
            }
            expect(.storeUnreachable, hint: "directory") { _ = try SQLiteTaskStore(path: directory.path) }
        }
    }

    @Test func `A file that was cut short or written over is told as damaged`() throws {
        try withTemporaryDirectory { directory in
            let path = directory.file("store.db")
            do {
                let store = try SQLiteTaskStore(path: path)
                _ = try store.submit((0..<50).map { .sample("t\($0)") }, capacity: nil, at: 1)
                try store.compact()
            }
            let whole = try directory.read("store.db")
            for cut in [whole.count / 2, 4096] {
                try directory.write("store.db", whole.prefix(cut))
                expect(.storeCorrupt, hint: ".recover") {
                    _ = try SQLiteTaskStore(path: path).list(TaskFilter(), after: nil, limit: 100)
                }
            }
            var spoilt = whole
            for place in 4096..<spoilt.count { spoilt[place] = 0xA5 }
            try directory.write("store.db", spoilt)
            expect(.storeCorrupt, hint: ".recover") { _ = try SQLiteTaskStore(path: path).accept() }
        }
    }

    @Test func `Many threads and two connections write at the same time, and nothing is lost`() throws {
        try withTemporaryDirectory { directory in
            let path = directory.file("store.db")
            let stores = [try SQLiteTaskStore(path: path), try SQLiteTaskStore(path: path)]
            let lanes = Lanes(8) { lane in
                for number in 0..<15 {
                    // One of the batch refuses it as a whole, among others that are accepted in the same transaction.
                    let bad = number % 5 == 4
                    let tasks: [Submission] =
                        [.sample("l\(lane)-\(number)")] + (bad ? [.sample { $0.after = [.earlier(7)] }] : [])
                    let code = storeCode { _ = try stores[lane % 2].submit(tasks, capacity: nil, at: 1) }
                    guard code == (bad ? .unknownDependency : nil) else { return false }
                }
                return true
            }
            #expect(lanes.join())
            let names = try stores[0].list(TaskFilter(), after: nil, limit: 1000).tasks.map(\.name)
            #expect(names.count == 8 * 12 && Set(names).count == names.count)
        }
    }

    @Test func `Many open a new store at the same time, and all get the same one`() throws {
        try withTemporaryDirectory { directory in
            let path = directory.file("store.db")
            let lanes = Lanes(8) { lane in
                storeCode { _ = try SQLiteTaskStore(path: path).accept(.sample("l\(lane)")) } == nil
            }
            #expect(lanes.join())
            let store = try SQLiteTaskStore(path: path)
            #expect(try store.list(TaskFilter(), after: nil, limit: 100).tasks.count == 8)
            #expect(namesOfDirectory(directory.path).allSatisfy { $0.hasPrefix("store.db") && !$0.contains("new") })
            var status = stat()
            #expect(stat(path, &status) == 0 && status.st_mode & 0o777 == 0o600)
        }
    }

    @Test func `A submitter that is killed has lost nothing that it was told is accepted`() throws {
        try withTemporaryDirectory { directory in
            let path = directory.file("store.db")
            var random = SeededGenerator(seed: 3)
            for _ in 0..<(Surroundings.environment("OSTLER_LONG") == "1" ? 200 : 6) {
                let told = try Feeder.kill(path, after: Int.random(in: 1...25, using: &random))
                let store = try SQLiteTaskStore(path: path)
                for task in told { #expect(try store.state(task) == .ready) }
                #expect(try store.findDamage().isEmpty)
            }
        }
    }
}
