internal import OstlerProtocol
internal import OstlerTasks

extension SQLiteTables {
    func register(_ worker: WorkerRegistration, at now: Int64) throws(Failure) -> WorkerID {
        try db.run(
            """
            INSERT INTO worker (name, boot_id, pid, start_time, cgroup, role, slots, labels, executors, state, beats,
                registered_at, last_seen_at)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'active', 0, ?, ?)
            """,
            .text(worker.name),
            .text(worker.identity.bootID),
            SQLiteValue(Int(worker.identity.pid)),
            .integer(Int64(bitPattern: worker.identity.startTime)),
            SQLiteValue(worker.identity.cgroup),
            .text(worker.identity.role),
            SQLiteValue(worker.slots),
            .text(worker.labels.sortedLines),
            .text(worker.executors.sortedLines),
            .integer(now),
            .integer(now)
        )
        return WorkerID(rawValue: db.lastInsertedRow)
    }

    private func worker(
        _ id: WorkerID
    ) throws(Failure) -> (state: WorkerRecord.State, beats: Int64, labels: Set<String>, executors: Set<String>) {
        let found = try db.row("SELECT state, beats, labels, executors FROM worker WHERE id = ?", SQLiteValue(id)) {
            (row) throws(Failure) in
            let state: WorkerRecord.State = try row.word(0)
            return (state, row.int(1), Set(lines: row.text(2)), Set(lines: row.text(3)))
        }
        guard let found else { throw .unknownWorker(id) }
        return found
    }

    /// A worker that may still report.
    func living(
        _ id: WorkerID
    ) throws(Failure) -> (state: WorkerRecord.State, labels: Set<String>, executors: Set<String>) {
        let worker = try worker(id)
        guard worker.state == .active || worker.state == .draining else { throw .workerEvicted(id) }
        return (worker.state, worker.labels, worker.executors)
    }

    func beat(_ id: WorkerID, isDraining: Bool, at now: Int64) throws(Failure) -> HeartbeatAnswer {
        _ = try living(id)
        try db.run(
            """
            UPDATE worker SET beats = beats + 1, last_seen_at = ?, state = iif(?, 'draining', state) WHERE id = ?
            """,
            .integer(now),
            SQLiteValue(isDraining),
            SQLiteValue(id)
        )
        return HeartbeatAnswer(cancelRequests: try cancelRequests(to: id))
    }

    func cancelRequests(to id: WorkerID) throws(Failure) -> [Lease] {
        _ = try living(id)
        return try db.rows(
            """
            SELECT t.id, t.attempt FROM lease l JOIN task t ON t.id = l.task WHERE l.worker = ? AND t.cancel_requested
            ORDER BY t.id
            """,
            SQLiteValue(id)
        ) { Lease(task: TaskID(rawValue: $0.int(0)), attempt: Int($0.int(1)), worker: id) }
    }

    func nextMoments(after now: Int64) throws(Failure) -> NextMoments {
        let moments = try db.row(
            """
            SELECT (SELECT min(due) FROM waiting WHERE kind = 'delayed' AND due > ?1),
                (SELECT min(expires_at) FROM waiting WHERE expires_at > ?1)
            """,
            .integer(now)
        ) { NextMoments(due: $0.optionalInt(0), expiry: $0.optionalInt(1)) }
        return moments ?? NextMoments()
    }

    func retire(_ id: WorkerID, at now: Int64) throws(Failure) {
        _ = try living(id)
        let running = try db.number("SELECT count(*) FROM lease WHERE worker = ?", SQLiteValue(id))
        guard running == 0 else { throw .workerBusy(id, Int(running)) }
        try db.run(
            "UPDATE worker SET state = 'retired', last_seen_at = ? WHERE id = ?",
            .integer(now),
            SQLiteValue(id)
        )
    }

    func evict(
        _ id: WorkerID,
        beats: Int64?,
        by successor: WorkerID,
        at now: Int64
    ) throws(Failure) -> [Orphan]? {
        let worker = try worker(id)
        _ = try living(successor)
        guard id != successor, worker.state != .retired, beats ?? worker.beats == worker.beats else { return nil }
        try db.run("UPDATE worker SET state = 'evicted' WHERE id = ?", SQLiteValue(id))
        let held = try db.rows(
            """
            SELECT t.id, t.attempt, t.state FROM lease l JOIN task t ON t.id = l.task WHERE l.worker = ? ORDER BY t.id
            """,
            SQLiteValue(id)
        ) { (row) throws(Failure) in
            let phase: TaskLifecycle.Phase = try row.word(2)
            return (Lease(task: TaskID(rawValue: row.int(0)), attempt: Int(row.int(1)), worker: successor), phase)
        }
        try db.run("UPDATE lease SET worker = ? WHERE worker = ?", SQLiteValue(successor), SQLiteValue(id))
        var orphans: [Orphan] = []
        for (lease, phase) in held {
            try add(JournalEntry(.workerLost, attempt: lease.attempt, worker: id), to: lease.task, at: now)
            let identities = try identities(of: lease.task)[lease.attempt] ?? []
            orphans.append(Orphan(lease: lease, phase: phase, identities: identities, formerWorker: id))
        }
        return orphans
    }
}
