internal import OstlerProtocol
internal import OstlerTasks

// MARK: Workers

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
    private func living(
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

// MARK: Attempts

extension SQLiteTables {
    func claim(_ request: ClaimRequest, at now: Int64) throws(Failure) -> [Claim] {
        let worker = try living(request.worker)
        guard worker.state == .active else { return [] }
        _ = try expire(at: now)
        try db.run("UPDATE waiting SET kind = 'ready' WHERE kind = 'delayed' AND due <= ?", .integer(now))
        let routes = try db.rows(
            """
            SELECT r.id, r.executor, r.needs, q.name FROM route r JOIN queue q ON q.id = r.queue WHERE NOT q.paused
            """
        ) { (id: $0.int(0), executor: $0.text(1), needs: Set<String>(lines: $0.text(2)), queue: $0.text(3)) }
        var found: [(priority: Int64, task: TaskID)] = []
        for route in routes
        where worker.executors.contains(route.executor) && route.needs.isSubset(of: worker.labels)
            && request.queues?.contains(route.queue) ?? true
        {
            found += try db.rows(
                """
                SELECT priority, task FROM waiting WHERE kind = 'ready' AND route = ?
                ORDER BY priority DESC, task LIMIT ?
                """,
                .integer(route.id),
                SQLiteValue(max(0, request.slots))
            ) { ($0.int(0), TaskID(rawValue: $0.int(1))) }
        }
        found.sort { ($1.priority, $0.task) < ($0.priority, $1.task) }
        var claims: [Claim] = []
        for (_, task) in found.prefix(max(0, request.slots)) {
            if let claim = try claim(task, for: request, at: now) { claims.append(claim) }
        }
        return claims
    }

    private func claim(_ id: TaskID, for request: ClaimRequest, at now: Int64) throws(Failure) -> Claim? {
        guard try handle(.claim, id, worker: request.worker, at: now) == .moved else { return nil }
        try db.run("INSERT INTO lease VALUES (?, ?)", SQLiteValue(id), SQLiteValue(request.worker))
        try db.run("UPDATE task SET claimed_at = ? WHERE id = ?", .integer(now), SQLiteValue(id))
        let claim = try db.row(
            """
            SELECT t.attempt, t.name, t.executor, s.document, t.run_id, t.parent_id, t.principal, q.name, t.priority,
                s.idempotency_key, t.submitted_at, t.begun
            FROM task t JOIN submission s ON s.task = t.id JOIN route r ON r.id = t.route JOIN queue q ON q.id = r.queue
            WHERE t.id = ?
            """,
            SQLiteValue(id)
        ) { row in
            Claim(
                lease: Lease(task: id, attempt: Int(row.int(0)), worker: request.worker),
                name: row.text(1),
                executor: row.text(2),
                document: row.bytes(3),
                origin: TaskOrigin(runID: row.text(4), parentID: row.optionalText(5), principal: row.text(6)),
                queue: row.text(7),
                priority: row.int(8),
                idempotencyKey: row.optionalText(9),
                submittedAt: row.int(10),
                begunBefore: Int(row.int(11))
            )
        }
        guard let claim else { return nil }
        try db.run(
            "INSERT INTO attempt (task, number, worker, claimed_at) VALUES (?, ?, ?, ?)",
            SQLiteValue(id),
            SQLiteValue(claim.lease.attempt),
            SQLiteValue(request.worker),
            .integer(now)
        )
        if request.intends, try intend(claim.lease, at: now), let identity = request.identity {
            try identify(claim.lease, identity, at: now)
        }
        return claim
    }

    /// Whether who reports may.
    private func stands(_ lease: Lease) throws(Failure) -> Bool {
        try db.number(
            "SELECT count(*) FROM lease l JOIN task t ON t.id = l.task WHERE t.id = ? AND t.attempt = ? AND l.worker = ?",
            SQLiteValue(lease.task),
            SQLiteValue(lease.attempt),
            SQLiteValue(lease.worker)
        ) > 0
    }

    func intend(_ lease: Lease, at now: Int64) throws(Failure) -> Bool {
        guard try stands(lease) else { return false }
        let change = try handle(.intend(attempt: lease.attempt), lease.task, worker: lease.worker, at: now)
        guard change == .moved else { return false }
        try db.run(
            "UPDATE attempt SET intended_at = ? WHERE task = ? AND number = ?",
            .integer(now),
            SQLiteValue(lease.task),
            SQLiteValue(lease.attempt)
        )
        return true
    }

    func identify(_ lease: Lease, _ identity: ProcessIdentity, at now: Int64) throws(Failure) {
        guard try stands(lease),
            try handle(.identify(attempt: lease.attempt), lease.task, worker: lease.worker, at: now) == .moved
        else { throw .staleAttempt(lease) }
        let (task, attempt) = (SQLiteValue(lease.task), SQLiteValue(lease.attempt))
        try db.run(
            "UPDATE attempt SET identified_at = coalesce(identified_at, ?) WHERE task = ? AND number = ?",
            .integer(now),
            task,
            attempt
        )
        try db.run(
            """
            INSERT INTO identity
            SELECT ?1, ?2, coalesce(max(sequence), 0) + 1, ?3, ?4, ?5, ?6, ?7 FROM identity WHERE task = ?1 AND attempt = ?2
            """,
            task,
            attempt,
            .text(identity.bootID),
            SQLiteValue(Int(identity.pid)),
            .integer(Int64(bitPattern: identity.startTime)),
            SQLiteValue(identity.cgroup),
            .text(identity.role)
        )
    }

    func release(_ lease: Lease, at now: Int64) throws(Failure) -> Settlement {
        try settle(lease, by: .release(attempt: lease.attempt), at: now)
    }

    func abandon(_ lease: Lease, at now: Int64) throws(Failure) -> Settlement {
        let isClaimed = try lifecycle(of: lease.task)?.phase == .claimed
        // An attempt that was given back has no outcome.
        return try settle(lease, by: .abandon(attempt: lease.attempt), isClaimed ? nil : .abandoned, at: now)
    }

    func finish(_ completion: Completion, at now: Int64) throws(Failure) -> Settlement {
        let lease = completion.lease
        guard try stands(lease) else {
            guard try exists(lease.task) else { return .stale }
            let word = completion.end.outcome.rawValue
            let entry = JournalEntry(.staleReport, attempt: lease.attempt, worker: lease.worker, word: word)
            try add(entry, to: lease.task, at: now)
            return .stale
        }
        for note in completion.notes { try add(JournalEntry(note, attempt: lease.attempt), to: lease.task, at: now) }
        if !completion.log.isEmpty { try append(completion.log, to: lease, at: now) }
        try keep(completion.result, completion.attachments, of: lease.task)
        return try settle(lease, by: .finish(attempt: lease.attempt, completion.end), completion.end, at: now)
    }

    private func settle(
        _ lease: Lease,
        by event: TaskLifecycle.Event,
        _ end: AttemptEnd? = nil,
        at now: Int64
    ) throws(Failure) -> Settlement {
        guard try stands(lease),
            let settlement = Settlement(try handle(event, lease.task, worker: lease.worker, at: now))
        else { return .stale }
        try db.run("UPDATE task SET error_code = ? WHERE id = ?", SQLiteValue(end?.code), SQLiteValue(lease.task))
        try db.run(
            "UPDATE attempt SET ended_at = ?, outcome = ?, error_code = ? WHERE task = ? AND number = ?",
            .integer(now),
            SQLiteValue(end?.outcome.rawValue),
            SQLiteValue(end?.code),
            SQLiteValue(lease.task),
            SQLiteValue(lease.attempt)
        )
        return settlement
    }

    func append(_ chunks: [LogChunk], to lease: Lease, at now: Int64) throws(Failure) {
        guard try stands(lease) else { throw .staleAttempt(lease) }
        for chunk in chunks {
            try db.run(
                """
                INSERT INTO log (task, sequence, attempt, time, stream, bytes)
                SELECT ?1, coalesce(max(sequence), 0) + 1, ?2, ?3, ?4, ?5 FROM log WHERE task = ?1
                """,
                SQLiteValue(lease.task),
                SQLiteValue(lease.attempt),
                .integer(now),
                .text(chunk.stream),
                .bytes(chunk.bytes)
            )
        }
        let bytes = SQLiteValue(chunks.reduce(0) { $0 + $1.bytes.count })
        try db.run("UPDATE task SET bytes = bytes + ? WHERE id = ?", bytes, SQLiteValue(lease.task))
    }
}
