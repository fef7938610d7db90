package import OstlerProtocol

// Each operation is one transaction.
extension SQLiteTaskStore {
    package func submit(_ batch: [Submission], capacity: Int?, at now: Int64) throws(Failure) -> [Acceptance] {
        try write(synced: true) { (tables) throws(Failure) in try tables.submit(batch, capacity: capacity, at: now) }
    }

    package func record(_ runs: [FinishedRun]) throws(Failure) -> [TaskID] {
        try write(synced: false) { (tables) throws(Failure) in
            try runs.map { (run) throws(Failure) in try tables.record(run) }
        }
    }

    package func register(_ worker: WorkerRegistration, at now: Int64) throws(Failure) -> WorkerID {
        try write(synced: false) { (tables) throws(Failure) in try tables.register(worker, at: now) }
    }

    package func beat(_ worker: WorkerID, isDraining: Bool, at now: Int64) throws(Failure) -> HeartbeatAnswer {
        try write(synced: false) { (tables) throws(Failure) in
            try tables.beat(worker, isDraining: isDraining, at: now)
        }
    }

    package func cancelRequests(to worker: WorkerID) throws(Failure) -> [Lease] {
        try read { (tables) throws(Failure) in try tables.cancelRequests(to: worker) }
    }

    package func nextMoments(after now: Int64) throws(Failure) -> NextMoments {
        try read { (tables) throws(Failure) in try tables.nextMoments(after: now) }
    }

    package func retire(_ worker: WorkerID, at now: Int64) throws(Failure) {
        try write(synced: false) { (tables) throws(Failure) in try tables.retire(worker, at: now) }
    }

    package func claim(_ request: ClaimRequest, at now: Int64) throws(Failure) -> [Claim] {
        try write(synced: request.intends) { (tables) throws(Failure) in try tables.claim(request, at: now) }
    }

    package func intend(_ leases: [Lease], at now: Int64) throws(Failure) -> [Lease] {
        try write(synced: true) { (tables) throws(Failure) in
            var standing: [Lease] = []
            for lease in leases where try tables.intend(lease, at: now) { standing.append(lease) }
            return standing
        }
    }

    package func identify(_ lease: Lease, _ identity: ProcessIdentity, at now: Int64) throws(Failure) {
        // The identity of a process says nothing after a loss of power, so nobody waits for the disk.
        try write(synced: false) { (tables) throws(Failure) in try tables.identify(lease, identity, at: now) }
    }

    package func release(_ leases: [Lease], at now: Int64) throws(Failure) -> [Settlement] {
        try write(synced: false) { (tables) throws(Failure) in
            try leases.map { (lease) throws(Failure) in try tables.release(lease, at: now) }
        }
    }

    package func finish(_ completions: [Completion], at now: Int64) throws(Failure) -> [Settlement] {
        try write(synced: true) { (tables) throws(Failure) in
            try completions.map { (completion) throws(Failure) in try tables.finish(completion, at: now) }
        }
    }

    package func evict(
        _ worker: WorkerID,
        beats: Int64?,
        by successor: WorkerID,
        at now: Int64
    ) throws(Failure) -> [Orphan]? {
        try write(synced: false) { (tables) throws(Failure) in
            try tables.evict(worker, beats: beats, by: successor, at: now)
        }
    }

    package func abandon(_ lease: Lease, at now: Int64) throws(Failure) -> Settlement {
        try write(synced: true) { (tables) throws(Failure) in try tables.abandon(lease, at: now) }
    }

    package func cancel(_ task: TaskID, by principal: String, at now: Int64) throws(Failure) -> Bool {
        try write(synced: true) { (tables) throws(Failure) in try tables.cancel(task, by: principal, at: now) }
    }

    package func reopen(_ task: TaskID, by principal: String, at now: Int64) throws(Failure) {
        try write(synced: true) { (tables) throws(Failure) in try tables.reopen(task, by: principal, at: now) }
    }

    package func expire(at now: Int64) throws(Failure) -> Int {
        var total = 0
        while true {
            let count = try write(synced: false) { (tables) throws(Failure) in try tables.expire(at: now) }
            guard count > 0 else { return total }
            total += count
        }
    }

    package func remove(_ tasks: [TaskID], at now: Int64) throws(Failure) {
        try write(synced: false) { (tables) throws(Failure) in try tables.remove(tasks) }
    }

    package func setPaused(_ queue: String, _ isPaused: Bool, at now: Int64) throws(Failure) {
        try write(synced: true) { (tables) throws(Failure) in try tables.setPaused(queue, isPaused) }
    }

    package func list(_ filter: TaskFilter, after cursor: TaskID?, limit: Int) throws(Failure) -> TaskPage {
        try read { (tables) throws(Failure) in try tables.list(filter, after: cursor, limit: limit) }
    }

    package func details(of task: TaskID) throws(Failure) -> TaskDetails {
        let details = try read { (tables) throws(Failure) in try tables.details(of: task) }
        if details.summary.endedAt != nil { try gate.sync() }
        return details
    }

    package func events(of task: TaskID, after sequence: Int64, limit: Int) throws(Failure) -> [TaskEvent] {
        try read { (tables) throws(Failure) in try tables.events(of: task, after: sequence, limit: limit) }
    }

    package func note(_ notes: [Note], on task: TaskID, attempt: Int?, at now: Int64) throws(Failure) {
        try write(synced: false) { (tables) throws(Failure) in
            guard try tables.exists(task) else { throw .unknownTask(task) }
            for note in notes { try tables.add(JournalEntry(note, attempt: attempt), to: task, at: now) }
        }
    }

    package func append(_ chunks: [LogChunk], to lease: Lease, at now: Int64) throws(Failure) {
        try write(synced: false) { (tables) throws(Failure) in try tables.append(chunks, to: lease, at: now) }
    }

    package func log(of task: TaskID, after sequence: Int64, limit: Int) throws(Failure) -> [LogRecord] {
        try read { (tables) throws(Failure) in try tables.log(of: task, after: sequence, limit: limit) }
    }

    package func blob(_ digest: String) throws(Failure) -> [UInt8] {
        try read { (tables) throws(Failure) in try tables.blob(digest) }
    }

    package func statistics(at now: Int64) throws(Failure) -> [QueueStatistics] {
        try read { (tables) throws(Failure) in try tables.statistics(at: now) }
    }

    package func workers() throws(Failure) -> [WorkerRecord] {
        try read { (tables) throws(Failure) in try tables.workers() }
    }

    package func plan(_ policy: RetentionPolicy, at now: Int64) throws(Failure) -> RetentionPlan {
        try read { (tables) throws(Failure) in RetentionPlan(try tables.candidates(policy, at: now)) }
    }

    /// In steps: whoever wants to write meanwhile waits for one of them, not for all.
    package func collect(_ policy: RetentionPolicy, at now: Int64) throws(Failure) -> RetentionPlan {
        let candidates = try read { (tables) throws(Failure) in try tables.candidates(policy, at: now) }
        let leaving = candidates.filter { $0.reason != nil }.map(\.id)
        var removed: Set<TaskID> = []
        for first in stride(from: 0, to: leaving.count, by: Self.mostRemoved) {
            let step = leaving[first..<min(first + Self.mostRemoved, leaving.count)]
            let gone = try write(synced: false) { (tables) throws(Failure) in
                var gone: [TaskID] = []
                for id in step where try tables.dropIfDone(id) { gone.append(id) }
                return gone
            }
            removed.formUnion(gone)
        }
        return RetentionPlan(candidates.filter { $0.reason == nil || removed.contains($0.id) })
    }

    private static var mostRemoved: Int { 200 }
}
