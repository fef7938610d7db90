internal import Glibc
internal import OstlerCatalog
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks
internal import OstlerWorker

/// A worker in the foreground: signals drain and end it, and what it does is told.
@LoopActor
final class WorkerRun {
    private let settings: WorkerSettings
    private let executors: [String]
    private let isJSON: Bool
    private let store: SQLiteTaskStore
    private let host: HostSettings
    private var tally = OutcomeTally()
    private let output = OutputWriter(1)

    init(_ store: SQLiteTaskStore, _ settings: WorkerSettings, _ host: HostSettings, isJSON: Bool) {
        (self.store, self.settings, self.host, self.isJSON) = (store, settings, host, isJSON)
        executors = host.catalog.executorNames
    }

    /// - Returns: the exit code.
    func run() async -> Int32 {
        guard !executors.isEmpty else {
            Log.error("there is no executor that this worker could offer", code: "no_executors")
            return Outcome.invalid.exitCode
        }
        let worker = Worker(store, settings, host) { self.tell($0) }
        let interrupts = Interrupts { [weak worker] _, count in
            if count == 1 { worker?.drain() } else { worker?.stop() }
        }
        let end = await worker.run()
        if tally.total > 0 { Log.info(tally.text) }
        await output.finish()
        let code = output.tellFault("stdout") ? Outcome.infra.exitCode : 0
        switch end {
        case .drained, .evicted: return code
        case .stopped: return interrupts.exitCode ?? code
        case .failed(let failure):
            Log.failure(failure)
            Log.error("the worker ends, and what it ran was ended: the store does not take its word")
            return Outcome.infra.exitCode
        }
    }

    private func tell(_ notice: WorkerNotice) {
        if isJSON { emit(notice) }
        switch notice {
        case .registered(let worker):
            Log.info("worker \(worker) runs \(settings.slots) at once of \(executors.joined(separator: ", "))")
        case .settled(let lease, let name, let settlement, let error):
            settled(lease, name, settlement, error)
        case .draining(let running):
            Log.info("claiming nothing any more; \(running) still run; once more to end them at once")
        case .tookOver(let former, let orphans):
            Log.warning("worker \(former) is gone: what it held is taken over, \(orphans) attempts")
        case .recovered(let lease, let settlement, let isProven):
            let proof = isProven ? "nothing of it is left" : "nothing shows whether it still runs"
            Log.info("attempt \(lease.attempt): \(settlement.text); \(proof)", .init(task: lease.task.description))
        case .resists(let lease, let pids):
            let processes = pids.map { "\($0)" }.joined(separator: ", ")
            Log.error(
                "what a lost worker had started cannot be ended yet: processes \(processes)",
                .init(task: lease.task.description)
            )
        case .storeFails(let trouble):
            Log.error("the store fails, and nothing is claimed meanwhile: \(trouble.message)", code: trouble.code)
        case .storeWorks: Log.info("the store works again")
        case .evicted(let worker):
            Log.error(
                "worker \(worker) was taken for dead: what it ran is ended",
                code: StoreCode.workerEvicted.rawValue
            )
        case .sandboxFails(let trouble):
            Log.error("nothing can be run now: \(trouble.message)", code: trouble.code)
        }
    }

    private func settled(_ lease: Lease, _ name: String, _ settlement: Settlement, _ error: String?) {
        let subject = Log.Subject(task: lease.task.description)
        let cause = error.map { ": \($0)" } ?? ""
        if case .ended(let outcome) = settlement {
            tally.add(outcome)
            guard !outcome.satisfiesDependents else { return Log.debug("\(name): \(settlement.text)", subject) }
        }
        Log.info("\(name), attempt \(lease.attempt): \(settlement.text)\(cause)", subject)
    }

    /// An object a line, for programs.
    private func emit(_ notice: WorkerNotice) {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("time_ms")
        writer.int(WallClock.milliseconds)
        notice.encode(into: &writer)
        writer.endObject()
        writer.newline()
        output.write(writer.bytes)
    }
}

extension Settlement {
    /// What came of an attempt, for people.
    fileprivate var text: String {
        switch self {
        case .ended(let outcome): outcome.rawValue
        case .released: "given back"
        case .retries(let moment): "tried again at \(WallClock.text(milliseconds: moment))"
        case .stale: "refused, since it is no longer this worker's"
        }
    }

    fileprivate func encode(into writer: inout JSONWriter) {
        writer.key("settlement")
        switch self {
        case .ended(let outcome):
            writer.string("ended")
            writer.key("outcome")
            writer.string(outcome.rawValue)
        case .released: writer.string("released")
        case .retries(let moment):
            writer.string("retries")
            writer.key("at_ms")
            writer.int(moment)
        case .stale: writer.string("stale")
        }
    }
}

extension WorkerNotice {
    fileprivate func encode(into writer: inout JSONWriter) {
        func event(_ name: StaticString, _ worker: WorkerID? = nil, _ lease: Lease? = nil) {
            writer.key("event")
            writer.string(static: name)
            if let worker {
                writer.key("worker")
                writer.int(worker.rawValue)
            }
            if let lease {
                writer.key("task")
                writer.int(lease.task.rawValue)
                writer.key("attempt")
                writer.int(lease.attempt)
            }
        }
        switch self {
        case .registered(let worker): event("registered", worker)
        case .settled(let lease, _, let settlement, let error):
            event("settled", nil, lease)
            settlement.encode(into: &writer)
            writer.optional("error", error)
        case .draining(let running):
            event("draining")
            writer.key("running")
            writer.int(running)
        case .tookOver(let worker, let orphans):
            event("took_over", worker)
            writer.key("attempts")
            writer.int(orphans)
        case .recovered(let lease, let settlement, let isProven):
            event("recovered", nil, lease)
            settlement.encode(into: &writer)
            writer.optional("survivors", isProven ? "none" : "unverified")
        case .resists(let lease, _): event("resists", nil, lease)
        case .storeFails(let trouble):
            event("store_fails")
            writer.optional("code", trouble.code)
        case .storeWorks: event("store_works")
        case .evicted(let worker): event("evicted", worker)
        case .sandboxFails(let trouble):
            event("sandbox_fails")
            writer.optional("code", trouble.code)
        }
    }
}
