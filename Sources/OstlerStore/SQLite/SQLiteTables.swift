internal import OstlerProtocol
internal import OstlerTasks

/// The tables of a store within one transaction.
struct SQLiteTables {
    let db: SQLiteConnection

    init(_ connection: SQLiteConnection) {
        db = connection
    }

    /// Lets a task handle an event, with all that follows from it for others.
    /// - Returns: ``TaskLifecycle/Change/none`` for a task that is not there.
    @discardableResult
    func handle(
        _ event: TaskLifecycle.Event,
        _ id: TaskID,
        worker: WorkerID? = nil,
        principal: String? = nil,
        at now: Int64
    ) throws(Failure) -> TaskLifecycle.Change {
        var ended: [(id: TaskID, outcome: Outcome)] = []
        let change = try step(event, id, worker: worker, principal: principal, at: now, ended: &ended)
        while let done = ended.popLast() {
            for dependent in try dependents(of: done.id) {
                try step(.dependencyDone(done.outcome), dependent, worker: nil, principal: nil, at: now, ended: &ended)
            }
        }
        return change
    }

    @discardableResult
    private func step(
        _ event: TaskLifecycle.Event,
        _ id: TaskID,
        worker: WorkerID?,
        principal: String?,
        at now: Int64,
        ended: inout [(id: TaskID, outcome: Outcome)]
    ) throws(Failure) -> TaskLifecycle.Change {
        guard var life = try lifecycle(of: id) else { return .none }
        let before = life
        let change = life.handle(event, at: now)
        guard life != before else { return change }
        try save(life, of: id, change, at: now)
        if before.isWaiting || life.isWaiting { try place(life, of: id, at: now) }
        if before.phase != nil, life.phase == nil { try db.run("DELETE FROM lease WHERE task = ?", SQLiteValue(id)) }
        let entry = JournalEntry(change, by: event, from: before.phase, life, worker: worker, principal: principal)
        if let entry { try add(entry, to: id, at: now) }
        if case .ended(let outcome, _) = change { ended.append((id, outcome)) }
        return change
    }

    func dependents(of id: TaskID) throws(Failure) -> [TaskID] {
        try db.rows("SELECT task FROM dependency WHERE needs = ? ORDER BY task", SQLiteValue(id)) {
            TaskID(rawValue: $0.int(0))
        }
    }

    // MARK: The life of a task

    func lifecycle(of id: TaskID) throws(Failure) -> TaskLifecycle? {
        try db.row(
            """
            SELECT t.state, t.outcome, t.attempt, t.begun, t.failures, t.faults, t.available_at, t.expires_at,
                t.cancel_requested, t.unmet, t.set_aside, s.attempts, s.backoff, s.wait_least, s.wait_most, s.idempotency,
                s.idempotency_key IS NOT NULL, s.expires_at
            FROM task t JOIN submission s ON s.task = t.id WHERE t.id = ?
            """,
            SQLiteValue(id)
        ) { (row) throws(Failure) in
            TaskLifecycle(
                restoring: try Self.rules(row, from: 11, of: id),
                state: try Self.state(row, 0, outcome: 1),
                attempt: Int(row.int(2)),
                begun: Int(row.int(3)),
                failures: Int(row.int(4)),
                faults: Int(row.int(5)),
                availableAt: row.int(6),
                expiresAt: row.optionalInt(7),
                isCancelRequested: row.bool(8),
                unmet: Int(row.int(9)),
                isSetAside: row.bool(10)
            )
        }
    }

    /// Reads attempts, backoff, wait_least, wait_most, idempotency, whether there is a key, expires_at.
    static func rules(_ row: SQLiteStatement, from first: Int32, of id: TaskID) throws(Failure) -> TaskRules {
        TaskRules(
            retry: RetryPolicy(
                attempts: Int(row.int(first)),
                backoff: try row.word(first + 1),
                least: row.int(first + 2),
                most: row.int(first + 3)
            ),
            idempotency: try row.word(first + 4),
            hasKey: row.bool(first + 5),
            expiresAt: row.optionalInt(first + 6),
            seed: UInt64(bitPattern: id.rawValue)
        )
    }

    static func state(
        _ row: SQLiteStatement,
        _ state: Int32,
        outcome: Int32
    ) throws(Failure) -> TaskLifecycle.State {
        switch row.text(state) {
        case "blocked": .blocked
        case "ready": .ready
        case "done": .done(try row.word(outcome))
        default: .running(try row.word(state))
        }
    }

    private func save(
        _ life: TaskLifecycle,
        of id: TaskID,
        _ change: TaskLifecycle.Change,
        at now: Int64
    ) throws(Failure) {
        var (endedAt, reason): (Int64?, NoRetry?) = (nil, nil)
        if case .ended(_, let why) = change { (endedAt, reason) = (now, why) }
        try db.run(
            """
            UPDATE task SET state = ?, outcome = ?, attempt = ?, begun = ?, failures = ?, faults = ?, available_at = ?,
                expires_at = ?, cancel_requested = ?, unmet = ?, set_aside = ?, ended_at = ?, reason = ?
            WHERE id = ?
            """,
            .text(life.stateWord),
            SQLiteValue(life.outcome?.rawValue),
            SQLiteValue(life.attempt),
            SQLiteValue(life.begun),
            SQLiteValue(life.failures),
            SQLiteValue(life.faults),
            .integer(life.availableAt),
            SQLiteValue(life.expiresAt),
            SQLiteValue(life.isCancelRequested),
            SQLiteValue(life.unmet),
            SQLiteValue(life.isSetAside),
            SQLiteValue(endedAt),
            SQLiteValue(reason?.rawValue),
            SQLiteValue(id)
        )
    }

    /// Keeps the row of `waiting` as the state is.
    func place(_ life: TaskLifecycle, of id: TaskID, at now: Int64) throws(Failure) {
        guard life.isWaiting else { return try db.run("DELETE FROM waiting WHERE task = ?", SQLiteValue(id)) }
        let kind = life.state == .blocked ? "blocked" : life.availableAt <= now ? "ready" : "delayed"
        try db.run(
            """
            INSERT INTO waiting (task, route, queue, priority, kind, due, expires_at)
            SELECT t.id, t.route, r.queue, t.priority, ?, ?, ? FROM task t JOIN route r ON r.id = t.route WHERE t.id = ?
            ON CONFLICT DO UPDATE SET kind = excluded.kind, due = excluded.due, expires_at = excluded.expires_at
            """,
            .text(kind),
            .integer(life.availableAt),
            SQLiteValue(life.expiresAt),
            SQLiteValue(id)
        )
    }

    // MARK: The timeline

    func add(_ entry: JournalEntry, to id: TaskID, at now: Int64) throws(Failure) {
        try db.run(
            """
            INSERT INTO event (task, sequence, time, kind, attempt, worker, principal, word, detail)
            SELECT ?1, coalesce(max(sequence), 0) + 1, ?2, ?3, ?4, ?5, ?6, ?7, ?8 FROM event WHERE task = ?1
            """,
            SQLiteValue(id),
            .integer(now),
            .text(entry.kind.rawValue),
            SQLiteValue(entry.attempt.map(Int64.init)),
            SQLiteValue(entry.worker),
            SQLiteValue(entry.principal),
            SQLiteValue(entry.word),
            SQLiteValue(entry.detail)
        )
    }

    func exists(_ id: TaskID) throws(Failure) -> Bool {
        try db.number("SELECT count(*) FROM task WHERE id = ?", SQLiteValue(id)) > 0
    }
}

extension TaskLifecycle {
    var stateWord: String {
        switch state {
        case .blocked: "blocked"
        case .ready: "ready"
        case .running(let phase): phase.rawValue
        case .done: "done"
        }
    }
}
