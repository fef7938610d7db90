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
        guard var visit = try visit(id, at: now) else { return .none }
        let change = visit.handle(event, worker: worker, principal: principal)
        try save(visit)
        return change
    }

    /// A task as it is, to let it handle events; nil if it is not there.
    func visit(_ id: TaskID, at now: Int64) throws(Failure) -> TaskVisit? {
        try lifecycle(of: id).map { TaskVisit(id, $0, at: now) }
    }

    /// Writes what a visit has made of its task, with all that follows from it for others.
    func save(_ visit: TaskVisit) throws(Failure) {
        try write(visit)
        var ended = visit.ended.map { [(visit.id, $0)] } ?? []
        while let (id, outcome) = ended.popLast() {
            for dependent in try dependents(of: id) {
                guard var next = try self.visit(dependent, at: visit.now) else { continue }
                next.handle(.dependencyDone(outcome))
                try write(next)
                if let outcome = next.ended { ended.append((dependent, outcome)) }
            }
        }
    }

    private func write(_ visit: TaskVisit) throws(Failure) {
        let (before, life) = (visit.before, visit.life)
        guard life != before else { return }
        try update(visit)
        if before.isWaiting || life.isWaiting { try place(life, of: visit.id, at: visit.now) }
        if before.phase != nil, life.phase == nil {
            try db.run("DELETE FROM lease WHERE task = ?", SQLiteValue(visit.id))
        }
        for entry in visit.entries { try add(entry, to: visit.id, at: visit.now) }
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

    private func update(_ visit: TaskVisit) throws(Failure) {
        let life = visit.life
        try db.run(
            """
            UPDATE task SET state = ?, outcome = ?, attempt = ?, begun = ?, failures = ?, faults = ?, available_at = ?,
                expires_at = ?, cancel_requested = ?, unmet = ?, set_aside = ?, ended_at = ?, reason = ?,
                claimed_at = coalesce(?, claimed_at), error_code = iif(?, ?, error_code), bytes = bytes + ?
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
            SQLiteValue(visit.ended.map { _ in visit.now }),
            SQLiteValue(visit.reason?.rawValue),
            SQLiteValue(visit.claimedAt),
            SQLiteValue(visit.end != nil),
            SQLiteValue(visit.end?.code),
            .integer(visit.end?.bytes ?? 0),
            SQLiteValue(visit.id)
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
