internal import Glibc
internal import OstlerProtocol
internal import OstlerTasks
internal import OstlerTestSupport
internal import Synchronization
internal import Testing

@testable internal import OstlerStore

/// What is brought to the disk, when, and who waits for it.
@Suite struct LogSyncTests {
    /// A disk that counts how often something was brought to it, and can be held or made to fail.
    private final class Disk: Sendable {
        private struct State {
            var calls = 0
            var isHeld = false
            var error: Int32 = 0
        }

        private let state = Mutex(State())

        var calls: Int { state.withLock { $0.calls } }
        func hold(_ isHeld: Bool) { state.withLock { $0.isHeld = isHeld } }
        func fail(_ error: Int32) { state.withLock { $0.error = error } }

        func write() -> Int32 {
            state.withLock { $0.calls += 1 }
            eventuallyOnThread("a disk that is let go") { state.withLock { !$0.isHeld } }
            return state.withLock { $0.error }
        }
    }

    private func withStore(_ body: (SQLiteTaskStore, Disk) throws -> Void) throws {
        let disk = Disk()
        try withTemporaryDirectory { directory in
            let store = try SQLiteTaskStore(
                path: directory.file("store.db"),
                schema: .current,
                patience: 10_000,
                synchronise: { _ in disk.write() }
            )
            try body(store, disk)
        }
    }

    @Test func `What must outlive a loss of power is on the disk when it is told, the rest waits for nothing`() throws {
        try withStore { store, disk in
            func calls(_ body: () throws -> Void) throws -> Int {
                let before = disk.calls
                try body()
                return disk.calls - before
            }
            var (isRunning, hasEnded) = (false, false)
            var (id, worker, claims) = (TaskID(rawValue: 0), WorkerID(rawValue: 0), [Claim]())
            var counts = [try calls { worker = try store.register(.sample(), at: 1) }]
            counts.append(try calls { id = try store.accept() })
            counts.append(try calls { claims = try store.claimAll(worker, intends: true) })
            let lease = claims[0].lease
            counts.append(try calls { try store.identify(lease, .sample, at: 1000) })
            counts.append(try calls { _ = try store.beat(worker, isDraining: false, at: 1000) })
            counts.append(try calls { isRunning = try store.state(id) == .running(.started) })
            counts.append(try calls { _ = try store.finish(lease, .success) })
            counts.append(try calls { hasEnded = try store.state(id) == .done(.succeeded) })
            #expect(counts == [0, 1, 1, 0, 0, 0, 1, 1])
            #expect(isRunning && hasEnded)
        }
    }

    @Test func `While one waits for the disk others write, and those who wait then share one more wait`() throws {
        try withStore { store, disk in
            let threads = 8
            let done = Atomic(0)
            disk.hold(true)
            let lanes = Lanes(threads) { _ in
                defer { done.add(1, ordering: .relaxed) }
                return (try? store.accept()) != nil
            }
            try eventuallyOnThread("all commits") { try store.statistics(at: 1000).first?.ready == threads }
            eventuallyOnThread("one of them at the disk") { disk.calls == 1 }
            #expect(done.load(ordering: .relaxed) == 0)
            disk.hold(false)
            #expect(lanes.join())
            // Whoever was between its commit and its count when the disk was let go waits once more.
            #expect(disk.calls <= 3)
        }
    }

    @Test func `A disk that failed once is not believed again`() throws {
        try withStore { store, disk in
            _ = try store.accept()
            disk.fail(EIO)
            #expect(storeCode { _ = try store.accept() } == .storeFault)
            disk.fail(0)
            #expect(storeCode { _ = try store.accept() } == .storeFault)
            #expect(throws: Never.self) { _ = try store.register(.sample(), at: 1) }
        }
    }

    @Test func `A log that cannot be opened fails who asks, and nobody after it is there`() throws {
        try withTemporaryDirectory { directory in
            let sync = LogSync(directory.file("store.db")) { _ in 0 }
            let first = sync.noteCommit()
            #expect(throws: Failure.self) { try sync.sync(first) }
            try directory.write("store.db-wal", "")
            #expect(throws: Never.self) { try sync.sync(first) }
        }
    }
}
