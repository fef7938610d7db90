internal import OstlerProtocol
internal import OstlerTasks

extension SQLiteTables {
    func claim(_ request: ClaimRequest, at now: Int64) throws(Failure) -> [Claim] {
        let worker = try living(request.worker)
        guard worker.state == .active else { return [] }
        _ = try expire(at: now)
        try db.run("UPDATE waiting SET kind = 'ready' WHERE kind = 'delayed' AND due <= ?", .integer(now))
        var found: [(priority: Int64, task: TaskID, route: Route)] = []
        for route in try openRoutes()
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
            ) { ($0.int(0), TaskID(rawValue: $0.int(1)), route) }
        }
        found.sort { ($1.priority, $0.task) < ($0.priority, $1.task) }
        var claims: [Claim] = []
        for (_, task, route) in found.prefix(max(0, request.slots)) {
            if let claim = try claim(task, route, for: request, at: now) { claims.append(claim) }
        }
        return claims
    }

    /// What a worker must cover to get a task of it.
    private struct Route {
        let id: Int64
        let executor: String
        let needs: Set<String>
        let queue: String
    }

    private func openRoutes() throws(Failure) -> [Route] {
        try db.rows(
            """
            SELECT r.id, r.executor, r.needs, q.name FROM route r JOIN queue q ON q.id = r.queue WHERE NOT q.paused
            """
        ) { Route(id: $0.int(0), executor: $0.text(1), needs: Set(lines: $0.text(2)), queue: $0.text(3)) }
    }

    private func claim(
        _ id: TaskID,
        _ route: Route,
        for request: ClaimRequest,
        at now: Int64
    ) throws(Failure) -> Claim? {
        let worker = request.worker
        guard var visit = try visit(id, at: now), visit.handle(.claim, worker: worker) == .moved else { return nil }
        visit.claimedAt = now
        let lease = Lease(task: id, attempt: visit.life.attempt, worker: worker)
        let begunBefore = visit.life.begun
        let isIntended = request.intends && visit.handle(.intend(attempt: lease.attempt), worker: worker) == .moved
        let identity = isIntended ? request.identity : nil
        guard identity == nil || visit.handle(.identify(attempt: lease.attempt), worker: worker) == .moved else {
            throw .staleAttempt(lease)
        }
        try save(visit)
        try db.run("INSERT INTO lease VALUES (?, ?)", SQLiteValue(id), SQLiteValue(worker))
        try db.run(
            """
            INSERT INTO attempt (task, number, worker, claimed_at, intended_at, identified_at) VALUES (?, ?, ?, ?, ?, ?)
            """,
            SQLiteValue(id),
            SQLiteValue(lease.attempt),
            SQLiteValue(worker),
            .integer(now),
            SQLiteValue(isIntended ? now : nil),
            SQLiteValue(identity.map { _ in now })
        )
        if let identity { try add(identity, to: lease) }
        return try claim(lease, route, begunBefore: begunBefore)
    }

    private func claim(_ lease: Lease, _ route: Route, begunBefore: Int) throws(Failure) -> Claim? {
        try db.row(
            """
            SELECT t.name, s.document, t.run_id, t.parent_id, t.principal, t.priority, s.idempotency_key, t.submitted_at
            FROM task t JOIN submission s ON s.task = t.id WHERE t.id = ?
            """,
            SQLiteValue(lease.task)
        ) { row in
            Claim(
                lease: lease,
                name: row.text(0),
                executor: route.executor,
                document: row.bytes(1),
                origin: TaskOrigin(runID: row.text(2), parentID: row.optionalText(3), principal: row.text(4)),
                queue: route.queue,
                priority: row.int(5),
                idempotencyKey: row.optionalText(6),
                submittedAt: row.int(7),
                begunBefore: begunBefore
            )
        }
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
        try db.run(
            "UPDATE attempt SET identified_at = coalesce(identified_at, ?) WHERE task = ? AND number = ?",
            .integer(now),
            SQLiteValue(lease.task),
            SQLiteValue(lease.attempt)
        )
        try add(identity, to: lease)
    }

    private func add(_ identity: ProcessIdentity, to lease: Lease) throws(Failure) {
        try db.run(
            """
            INSERT INTO identity
            SELECT ?1, ?2, coalesce(max(sequence), 0) + 1, ?3, ?4, ?5, ?6, ?7 FROM identity WHERE task = ?1 AND attempt = ?2
            """,
            SQLiteValue(lease.task),
            SQLiteValue(lease.attempt),
            .text(identity.bootID),
            SQLiteValue(Int(identity.pid)),
            .integer(Int64(bitPattern: identity.startTime)),
            SQLiteValue(identity.cgroup),
            .text(identity.role)
        )
    }

    func release(_ lease: Lease, at now: Int64) throws(Failure) -> Settlement {
        guard try stands(lease) else { return .stale }
        return try settle(lease, by: .release(attempt: lease.attempt), at: now)
    }

    func abandon(_ lease: Lease, at now: Int64) throws(Failure) -> Settlement {
        guard try stands(lease) else { return .stale }
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
        let bytes = try keep(completion.result, completion.attachments, of: lease.task)
        let event = TaskLifecycle.Event.finish(attempt: lease.attempt, completion.end)
        return try settle(lease, by: event, completion.end, grownBy: bytes, at: now)
    }

    /// - Parameter lease: must stand.
    private func settle(
        _ lease: Lease,
        by event: TaskLifecycle.Event,
        _ end: AttemptEnd? = nil,
        grownBy bytes: Int64 = 0,
        at now: Int64
    ) throws(Failure) -> Settlement {
        guard var visit = try visit(lease.task, at: now),
            let settlement = Settlement(visit.handle(event, worker: lease.worker))
        else { return .stale }
        visit.end = end.map { TaskVisit.End(code: $0.code, bytes: bytes) }
        try save(visit)
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
