package import OstlerProtocol
internal import Synchronization

/// A store that lasts as long as its process: what another store is compared with, and what tests use that need no file.
/// It looks through everything each time; what it keeps is told by its types alone.
package final class MemoryTaskStore: TaskStore {
    private let tables = Mutex(MemoryTables())

    package init() {}

    private func read<R>(_ body: (borrowing MemoryTables) throws(Failure) -> R) throws(Failure) -> R {
        try change { (tables: inout MemoryTables) throws(Failure) in try body(tables) }
    }

    /// Happens as a whole or not at all.
    private func write<R>(_ body: (inout MemoryTables) throws(Failure) -> R) throws(Failure) -> R {
        try change { (tables: inout MemoryTables) throws(Failure) in
            var copy = tables
            let result = try body(&copy)
            copy.changes += 1
            tables = copy
            return result
        }
    }

    private func change<R>(_ body: (inout MemoryTables) throws(Failure) -> R) throws(Failure) -> R {
        let outcome: Result<R, Failure> = tables.withLock { tables in
            do throws(Failure) { return .success(try body(&tables)) } catch { return .failure(error) }
        }
        return try outcome.get()
    }
}

// Each operation is one call of the tables.
extension MemoryTaskStore {
    package func submit(_ batch: [Submission], capacity: Int?, at now: Int64) throws(Failure) -> [Acceptance] {
        try write { (tables) throws(Failure) in try tables.submit(batch, capacity: capacity, at: now) }
    }

    package func record(_ runs: [FinishedRun]) throws(Failure) -> [TaskID] {
        try write { (tables) throws(Failure) in runs.map { tables.record($0) } }
    }

    package func register(_ worker: WorkerRegistration, at now: Int64) throws(Failure) -> WorkerID {
        try write { (tables) throws(Failure) in tables.register(worker, at: now) }
    }

    package func beat(_ worker: WorkerID, isDraining: Bool, at now: Int64) throws(Failure) -> HeartbeatAnswer {
        try write { (tables) throws(Failure) in try tables.beat(worker, isDraining: isDraining, at: now) }
    }

    package func cancelRequests(to worker: WorkerID) throws(Failure) -> [Lease] {
        try read { (tables) throws(Failure) in try tables.cancelRequests(to: worker) }
    }

    package func nextMoments(after now: Int64) throws(Failure) -> NextMoments {
        try read { (tables) throws(Failure) in tables.nextMoments(after: now) }
    }

    package func retire(_ worker: WorkerID, at now: Int64) throws(Failure) {
        try write { (tables) throws(Failure) in try tables.retire(worker, at: now) }
    }

    package func claim(_ request: ClaimRequest, at now: Int64) throws(Failure) -> [Claim] {
        try write { (tables) throws(Failure) in try tables.claim(request, at: now) }
    }

    package func intend(_ leases: [Lease], at now: Int64) throws(Failure) -> [Lease] {
        try write { (tables) throws(Failure) in leases.filter { tables.intend($0, at: now) } }
    }

    package func identify(_ lease: Lease, _ identity: ProcessIdentity, at now: Int64) throws(Failure) {
        try write { (tables) throws(Failure) in try tables.identify(lease, identity, at: now) }
    }

    package func release(_ leases: [Lease], at now: Int64) throws(Failure) -> [Settlement] {
        try write { (tables) throws(Failure) in leases.map { tables.release($0, at: now) } }
    }

    package func finish(_ completions: [Completion], at now: Int64) throws(Failure) -> [Settlement] {
        try write { (tables) throws(Failure) in completions.map { tables.finish($0, at: now) } }
    }

    package func evict(
        _ worker: WorkerID,
        beats: Int64?,
        by successor: WorkerID,
        at now: Int64
    ) throws(Failure) -> [Orphan]? {
        try write { (tables) throws(Failure) in try tables.evict(worker, beats: beats, by: successor, at: now) }
    }

    package func abandon(_ lease: Lease, at now: Int64) throws(Failure) -> Settlement {
        try write { (tables) throws(Failure) in tables.abandon(lease, at: now) }
    }

    package func cancel(_ task: TaskID, by principal: String, at now: Int64) throws(Failure) -> Bool {
        try write { (tables) throws(Failure) in try tables.cancel(task, by: principal, at: now) }
    }

    package func reopen(_ task: TaskID, by principal: String, at now: Int64) throws(Failure) {
        try write { (tables) throws(Failure) in try tables.reopen(task, by: principal, at: now) }
    }

    package func expire(at now: Int64) throws(Failure) -> Int {
        try write { (tables) throws(Failure) in tables.expire(at: now) }
    }

    package func remove(_ tasks: [TaskID], at now: Int64) throws(Failure) {
        try write { (tables) throws(Failure) in try tables.remove(tasks) }
    }

    package func setPaused(_ queue: String, _ isPaused: Bool, at now: Int64) throws(Failure) {
        try write { (tables) throws(Failure) in tables.queues[queue] = isPaused }
    }

    package func list(_ filter: TaskFilter, after cursor: TaskID?, limit: Int) throws(Failure) -> TaskPage {
        try read { (tables) throws(Failure) in tables.list(filter, after: cursor, limit: limit) }
    }

    package func details(of task: TaskID) throws(Failure) -> TaskDetails {
        try read { (tables) throws(Failure) in tables.details(try tables.task(task)) }
    }

    package func events(of task: TaskID, after sequence: Int64, limit: Int) throws(Failure) -> [TaskEvent] {
        try read { (tables) throws(Failure) in
            Array(try tables.task(task).events.filter { $0.sequence > sequence }.prefix(limit))
        }
    }

    package func note(_ notes: [Note], on task: TaskID, attempt: Int?, at now: Int64) throws(Failure) {
        try write { (tables) throws(Failure) in
            _ = try tables.task(task)
            for note in notes { tables.tasks[task]?.add(JournalEntry(note, attempt: attempt), at: now) }
        }
    }

    package func append(_ chunks: [LogChunk], to lease: Lease, at now: Int64) throws(Failure) {
        try write { (tables) throws(Failure) in try tables.append(chunks, to: lease, at: now) }
    }

    package func log(of task: TaskID, after sequence: Int64, limit: Int) throws(Failure) -> [LogRecord] {
        try read { (tables) throws(Failure) in
            Array(try tables.task(task).log.filter { $0.sequence > sequence }.prefix(limit))
        }
    }

    package func blob(_ digest: String) throws(Failure) -> [UInt8] {
        try read { (tables) throws(Failure) in
            guard let bytes = tables.blobs[digest] else { throw .unknownBlob(digest) }
            return bytes
        }
    }

    package func statistics(at now: Int64) throws(Failure) -> [QueueStatistics] {
        try read { (tables) throws(Failure) in tables.statistics(at: now) }
    }

    package func workers() throws(Failure) -> [WorkerRecord] {
        try read { (tables) throws(Failure) in tables.listedWorkers }
    }

    package func changeMark() throws(Failure) -> Int64 {
        try read { (tables) throws(Failure) in tables.changes }
    }

    package func plan(_ policy: RetentionPolicy, at now: Int64) throws(Failure) -> RetentionPlan {
        try read { (tables) throws(Failure) in tables.retention(policy, at: now).plan }
    }

    package func collect(_ policy: RetentionPolicy, at now: Int64) throws(Failure) -> RetentionPlan {
        try write { (tables) throws(Failure) in
            let (plan, leaving) = tables.retention(policy, at: now)
            tables.drop(leaving)
            return plan
        }
    }

    package func compact() throws(Failure) {}
}
