internal import OstlerProtocol
internal import OstlerTasks

// MARK: Lists

extension SQLiteTables {
    private static let summaryColumns = """
        t.id, t.name, t.executor, t.run_id, t.parent_id, t.principal, q.name, t.priority, t.state, t.outcome, t.attempt,
        t.cancel_requested, t.set_aside, t.submitted_at, t.available_at, t.expires_at, t.claimed_at, t.ended_at, t.reason,
        t.error_code, t.bytes
        FROM task t JOIN route r ON r.id = t.route JOIN queue q ON q.id = r.queue
        """

    private static func summary(_ row: SQLiteStatement) throws(Failure) -> TaskSummary {
        TaskSummary(
            id: TaskID(rawValue: row.int(0)),
            name: row.text(1),
            executor: row.text(2),
            origin: TaskOrigin(runID: row.text(3), parentID: row.optionalText(4), principal: row.text(5)),
            queue: row.text(6),
            priority: row.int(7),
            state: try state(row, 8, outcome: 9),
            attempt: Int(row.int(10)),
            isCancelRequested: row.bool(11),
            isSetAside: row.bool(12),
            submittedAt: row.int(13),
            availableAt: row.int(14),
            expiresAt: row.optionalInt(15),
            claimedAt: row.optionalInt(16),
            endedAt: row.optionalInt(17),
            reason: try row.optionalWord(18),
            errorCode: row.optionalText(19),
            bytes: row.int(20)
        )
    }

    func list(_ filter: TaskFilter, after cursor: TaskID?, limit: Int) throws(Failure) -> TaskPage {
        let limit = max(1, limit)
        var found: [TaskSummary] = []
        for lane in try lanes(filter) {
            var lane = lane
            if let cursor { lane.narrow("t.id < ?", SQLiteValue(cursor)) }
            let sql = "SELECT " + Self.summaryColumns + lane.text + " ORDER BY t.id DESC LIMIT ?"
            found += try db.rows(sql, lane.values + [SQLiteValue(limit + 1)], Self.summary)
        }
        found.sort { $0.id > $1.id }
        let page = Array(found.prefix(limit))
        return TaskPage(tasks: page, next: found.count > limit ? page.last?.id : nil)
    }

    /// What is to be asked for a filter: each question is answered along one index, newest first, and no task answers two.
    private func lanes(_ filter: TaskFilter) throws(Failure) -> [ListQuestion] {
        let lead = filter.lead
        let question = filter.question(led: lead)
        switch lead {
        case .outcome:
            return filter.outcomes.sorted { $0.rawValue < $1.rawValue }.map { outcome in
                question.narrowed("t.outcome = ?", .text(outcome.rawValue))
            }
        case .queue:
            let routes = try db.rows(
                "SELECT id FROM route WHERE queue = (SELECT id FROM queue WHERE name = ?)",
                SQLiteValue(filter.queue)
            ) { $0.int(0) }
            return routes.map { question.narrowed("t.route = ?", .integer($0)) }
        default: return [question]
        }
    }

    func summary(of id: TaskID) throws(Failure) -> TaskSummary {
        let sql = "SELECT " + Self.summaryColumns + " WHERE t.id = ?"
        guard let summary = try db.rows(sql, [SQLiteValue(id)], Self.summary).first else { throw .unknownTask(id) }
        return summary
    }
}

// MARK: One task

extension SQLiteTables {
    func details(of id: TaskID) throws(Failure) -> TaskDetails {
        let summary = try summary(of: id)
        let details = try db.row(
            """
            SELECT s.document, s.attempts, s.backoff, s.wait_least, s.wait_most, s.idempotency,
                s.idempotency_key IS NOT NULL, s.expires_at, s.idempotency_key, s.fingerprint, r.needs, t.begun, t.failures,
                t.faults
            FROM submission s JOIN task t ON t.id = s.task JOIN route r ON r.id = t.route WHERE s.task = ?
            """,
            SQLiteValue(id)
        ) { (row) throws(Failure) in
            TaskDetails(
                summary: summary,
                document: row.bytes(0),
                rules: try Self.rules(row, from: 1, of: id),
                idempotencyKey: row.optionalText(8),
                fingerprint: row.text(9),
                needs: Set(lines: row.text(10)),
                labels: [:],
                dependencies: [],
                dependents: [],
                begun: Int(row.int(11)),
                failures: Int(row.int(12)),
                faults: Int(row.int(13)),
                attempts: [],
                result: nil,
                attachments: []
            )
        }
        guard var details else { throw .unknownTask(id) }
        let labels = try db.rows("SELECT key, value FROM label WHERE task = ?", SQLiteValue(id)) {
            ($0.text(0), $0.text(1))
        }
        details.labels = Dictionary(labels) { first, _ in first }
        details.dependencies = try db.rows(
            "SELECT needs FROM dependency WHERE task = ? ORDER BY needs",
            SQLiteValue(id)
        ) { TaskID(rawValue: $0.int(0)) }
        details.dependents = try dependents(of: id)
        details.attempts = try attempts(of: id)
        details.result = try db.row("SELECT document FROM result WHERE task = ?", SQLiteValue(id)) { $0.bytes(0) }
        details.attachments = try db.rows(
            "SELECT name, digest, bytes FROM attachment WHERE task = ? ORDER BY place",
            SQLiteValue(id)
        ) { AttachmentRecord(name: $0.text(0), digest: $0.text(1), bytes: $0.int(2)) }
        return details
    }

    private func attempts(of id: TaskID) throws(Failure) -> [AttemptRecord] {
        let identities = try identities(of: id)
        return try db.rows(
            """
            SELECT number, worker, claimed_at, intended_at, identified_at, ended_at, outcome, error_code FROM attempt
            WHERE task = ? ORDER BY number
            """,
            SQLiteValue(id)
        ) { (row) throws(Failure) in
            AttemptRecord(
                number: Int(row.int(0)),
                worker: WorkerID(rawValue: row.int(1)),
                claimedAt: row.int(2),
                intendedAt: row.optionalInt(3),
                identifiedAt: row.optionalInt(4),
                endedAt: row.optionalInt(5),
                identities: identities[Int(row.int(0))] ?? [],
                outcome: try row.optionalWord(6),
                errorCode: row.optionalText(7)
            )
        }
    }

    /// What was started for a task, by the number of the attempt.
    func identities(of id: TaskID) throws(Failure) -> [Int: [ProcessIdentity]] {
        let rows = try db.rows(
            """
            SELECT attempt, boot_id, pid, start_time, cgroup, role FROM identity WHERE task = ? ORDER BY attempt, sequence
            """,
            SQLiteValue(id)
        ) { (attempt: Int($0.int(0)), identity: Self.identity($0, from: 1)) }
        return Dictionary(grouping: rows, by: \.attempt).mapValues { $0.map(\.identity) }
    }

    /// Reads boot_id, pid, start_time, cgroup, role.
    private static func identity(_ row: SQLiteStatement, from first: Int32) -> ProcessIdentity {
        ProcessIdentity(
            bootID: row.text(first),
            pid: Int32(truncatingIfNeeded: row.int(first + 1)),
            startTime: UInt64(bitPattern: row.int(first + 2)),
            cgroup: row.optionalText(first + 3),
            role: row.text(first + 4)
        )
    }

    func events(of id: TaskID, after sequence: Int64, limit: Int) throws(Failure) -> [TaskEvent] {
        guard try exists(id) else { throw .unknownTask(id) }
        return try db.rows(
            """
            SELECT sequence, time, kind, attempt, worker, principal, word, detail FROM event
            WHERE task = ? AND sequence > ? ORDER BY sequence LIMIT ?
            """,
            SQLiteValue(id),
            .integer(sequence),
            SQLiteValue(limit)
        ) { (row) throws(Failure) in
            TaskEvent(
                sequence: row.int(0),
                time: row.int(1),
                kind: try row.word(2),
                attempt: row.optionalInt(3).map { Int($0) },
                worker: row.optionalInt(4).map(WorkerID.init),
                principal: row.optionalText(5),
                word: row.optionalText(6),
                detail: row.optionalBytes(7)
            )
        }
    }

    func log(of id: TaskID, after sequence: Int64, limit: Int) throws(Failure) -> [LogRecord] {
        guard try exists(id) else { throw .unknownTask(id) }
        return try db.rows(
            """
            SELECT sequence, attempt, time, stream, bytes FROM log WHERE task = ? AND sequence > ? ORDER BY sequence LIMIT ?
            """,
            SQLiteValue(id),
            .integer(sequence),
            SQLiteValue(limit)
        ) { row in
            let chunk = LogChunk(stream: row.text(3), bytes: row.bytes(4))
            return LogRecord(sequence: row.int(0), attempt: Int(row.int(1)), time: row.int(2), chunk: chunk)
        }
    }

    func blob(_ digest: String) throws(Failure) -> [UInt8] {
        let found = try db.row("SELECT bytes FROM blob WHERE digest = ?", .text(digest)) { $0.bytes(0) }
        guard let found else { throw .unknownBlob(digest) }
        return found
    }
}

// MARK: The whole

extension SQLiteTables {
    func statistics(at now: Int64) throws(Failure) -> [QueueStatistics] {
        let tallies = try db.rows("SELECT queue, outcome, count FROM tally WHERE count > 0") { (row) throws(Failure) in
            (queue: row.int(0), outcome: try row.word(1, Outcome.self), count: Int(row.int(2)))
        }
        let done = Dictionary(grouping: tallies, by: \.queue)
        return try db.rows(
            """
            SELECT q.id, q.name, q.paused,
                (SELECT count(*) FROM waiting WHERE queue = q.id AND kind = 'blocked'),
                (SELECT count(*) FROM waiting WHERE queue = q.id AND kind <> 'blocked' AND due <= ?1),
                (SELECT count(*) FROM waiting WHERE queue = q.id AND kind <> 'blocked' AND due > ?1),
                (SELECT count(*) FROM lease l JOIN task t ON t.id = l.task JOIN route r ON r.id = t.route
                    WHERE r.queue = q.id),
                (SELECT min(t.submitted_at) FROM waiting w JOIN task t ON t.id = w.task
                    WHERE w.queue = q.id AND w.kind <> 'blocked' AND w.due <= ?1)
            FROM queue q ORDER BY q.name
            """,
            .integer(now)
        ) { row in
            QueueStatistics(
                queue: row.text(1),
                isPaused: row.bool(2),
                blocked: Int(row.int(3)),
                ready: Int(row.int(4)),
                delayed: Int(row.int(5)),
                running: Int(row.int(6)),
                done: (done[row.int(0)] ?? []).reduce(into: [:]) { $0[$1.outcome] = $1.count },
                oldestReadyAt: row.optionalInt(7)
            )
        }
    }

    func workers() throws(Failure) -> [WorkerRecord] {
        try db.rows(
            """
            SELECT w.id, w.name, w.boot_id, w.pid, w.start_time, w.cgroup, w.role, w.slots, w.labels, w.executors, w.state,
                w.beats, w.registered_at, w.last_seen_at, (SELECT count(*) FROM lease WHERE worker = w.id) AS running
            FROM worker w
            WHERE w.id IN (SELECT id FROM worker WHERE state IN ('active', 'draining') UNION SELECT worker FROM lease UNION
                SELECT id FROM (SELECT id FROM worker x WHERE state IN ('retired', 'evicted')
                    AND NOT EXISTS (SELECT 1 FROM lease WHERE worker = x.id) ORDER BY id DESC LIMIT ?))
            ORDER BY w.id DESC
            """,
            SQLiteValue(WorkerRecord.mostPast)
        ) { (row) throws(Failure) in
            WorkerRecord(
                id: WorkerID(rawValue: row.int(0)),
                registration: WorkerRegistration(
                    name: row.text(1),
                    identity: Self.identity(row, from: 2),
                    slots: Int(row.int(7)),
                    labels: Set(lines: row.text(8)),
                    executors: Set(lines: row.text(9))
                ),
                state: try row.word(10),
                beats: row.int(11),
                registeredAt: row.int(12),
                lastSeenAt: row.int(13),
                running: Int(row.int(14))
            )
        }
    }
}
