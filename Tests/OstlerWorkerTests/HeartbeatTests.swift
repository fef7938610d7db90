internal import Glibc
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks
internal import OstlerTestSupport
internal import OstlerWorker
internal import Synchronization
internal import Testing

/// Reports of one worker, and what it notices of others.
@Suite struct HeartbeatTests {
    private let store = MemoryTaskStore()

    private static var quick: WorkerPace {
        var pace = WorkerPace()
        // Whoever reports must not pass for silent on a busy machine.
        (pace.beat, pace.patience) = (5, 2000)
        return pace
    }

    private func register(_ identity: ProcessIdentity?) throws -> WorkerID {
        let registration = WorkerRegistration(
            name: "w",
            identity: try #require(identity),
            slots: 1,
            labels: [],
            executors: ["command"]
        )
        return try store.register(registration, at: 1)
    }

    private var here: ProcessIdentity? { ProcessIdentity(of: getpid(), role: "worker") }

    @Test func `It counts up until it is stopped, and says when it drains`() throws {
        let worker = try register(here)
        let heart = try Beating(store, worker, Self.quick)
        eventuallyOnThread { (try? store.workers()[0].beats) ?? 0 >= 3 }
        heart.heartbeat.drain()
        eventuallyOnThread { (try? store.workers()[0].state) == .draining }
        heart.heartbeat.stop()
    }

    @Test func `A worker whose process is gone is told at once`() throws {
        let worker = try register(here)
        var gone = try #require(here)
        gone.startTime += 1
        let lost = try register(gone)
        let heart = try Beating(store, worker, Self.quick)
        defer { heart.heartbeat.stop() }
        eventuallyOnThread { heart.silent.contains(Heartbeat.Silence(worker: lost, beats: nil)) }
    }

    @Test func `A worker that lives and does not report is told with what it had counted to`() throws {
        let worker = try register(here)
        let (quiet, busy) = (try register(here), try register(here))
        _ = try store.beat(quiet, isDraining: false, at: 1)
        let (heart, other) = (try Beating(store, worker, Self.quick), try Beating(store, busy, Self.quick))
        defer { for each in [heart, other] { each.heartbeat.stop() } }
        eventuallyOnThread { heart.silent.contains(Heartbeat.Silence(worker: quiet, beats: 1)) }
        #expect(!heart.silent.contains { $0.worker == busy })
    }

    @Test func `Who wants an attempt to end is passed on, and so is that the worker was given up`() throws {
        let worker = try register(here)
        let spec = TaskSpec(id: "t", executor: "command", payload: Array("{}".utf8))
        let origin = TaskOrigin(runID: "r", principal: "p")
        let submission = Submission(spec, document: Array("{}".utf8), origin: origin)
        let task = try store.submit([submission], capacity: nil, at: 1)[0].task
        let claim = try #require(try store.claim(ClaimRequest(worker: worker, slots: 1, intends: true), at: 2).first)
        #expect(try !store.cancel(task, by: "p", at: 3))
        let heart = try Beating(store, worker, Self.quick)
        defer { heart.heartbeat.stop() }
        eventuallyOnThread { heart.cancelRequests == [claim.lease] }
        _ = try store.evict(worker, beats: nil, by: try register(here), at: 4)
        eventuallyOnThread { heart.failure?.storeCode == .workerEvicted }
    }
}

/// A heartbeat with what it has said.
private final class Beating: Sendable {
    private struct Said {
        var silent: [Heartbeat.Silence] = []
        var cancelRequests: [Lease] = []
        var failure: Failure?
    }

    private let said: SaidBox
    let heartbeat: Heartbeat

    private final class SaidBox: Sendable {
        let value = Mutex(Said())
    }

    init(_ store: any TaskStore, _ worker: WorkerID, _ pace: WorkerPace) throws {
        let said = SaidBox()
        self.said = said
        heartbeat = Heartbeat(store, of: worker, pace: pace) { pulse in
            said.value.withLock { said in
                switch pulse {
                case .alive(let requests, let silent):
                    said.cancelRequests = requests
                    said.silent += silent
                case .failed(let failure): said.failure = failure
                }
            }
        }
        try heartbeat.start()
    }

    var silent: [Heartbeat.Silence] { said.value.withLock { $0.silent } }
    var cancelRequests: [Lease] { said.value.withLock { $0.cancelRequests } }
    var failure: Failure? { said.value.withLock { $0.failure } }
}
