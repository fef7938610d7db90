internal import OstlerProtocol
internal import OstlerTasks

extension SQLiteTables {
    func submit(_ batch: [Submission], capacity: Int?, at now: Int64) throws(Failure) -> [Acceptance] {
        var answers: [Acceptance] = []
        var queues: Set<String> = []
        for submission in batch {
            if let key = submission.idempotencyKey, let earlier = try keyed(key, submission.origin.principal) {
                guard earlier.fingerprint == submission.fingerprint else {
                    throw .idempotencyConflict(key, earlier.id)
                }
                answers.append(.known(earlier.id))
                continue
            }
            let dependencies = try resolve(submission.after, among: answers)
            answers.append(.accepted(try accept(submission, after: dependencies, at: now)))
            queues.insert(submission.queue)
        }
        guard let capacity else { return answers }
        for queue in queues.sorted() {
            let waiting = Int(try db.number("SELECT waiting FROM queue WHERE name = ?", .text(queue)))
            guard waiting <= capacity else { throw .queueFull(queue, capacity: capacity, observed: waiting) }
        }
        return answers
    }

    private func keyed(
        _ key: String,
        _ principal: String
    ) throws(Failure) -> (id: TaskID, fingerprint: String)? {
        try db.row(
            """
            SELECT i.task, s.fingerprint FROM idempotency i JOIN submission s ON s.task = i.task
            WHERE i.principal = ? AND i.key = ?
            """,
            .text(principal),
            .text(key)
        ) { (TaskID(rawValue: $0.int(0)), $0.text(1)) }
    }

    private func resolve(
        _ after: [Submission.Dependency],
        among answers: [Acceptance]
    ) throws(Failure) -> [TaskID] {
        var found: Set<TaskID> = []
        for dependency in after {
            switch dependency {
            case .earlier(let place):
                guard answers.indices.contains(place) else { throw .unknownDependency("\(place) of the batch") }
                found.insert(answers[place].task)
            case .task(let id):
                guard try exists(id) else { throw .unknownDependency("\(id)") }
                found.insert(id)
            }
        }
        return found.sorted()
    }

    private func accept(
        _ submission: Submission,
        after dependencies: [TaskID],
        at now: Int64
    ) throws(Failure) -> TaskID {
        var unmet: [Outcome?] = []
        for dependency in dependencies {
            let outcome = try lifecycle(of: dependency)?.outcome
            if outcome?.satisfiesDependents != true { unmet.append(outcome) }
        }
        // The number of the task is not known yet, and none of what is kept here depends on it.
        let life = TaskLifecycle(
            rules: submission.rules(for: TaskID(rawValue: 0)),
            availableAt: submission.notBefore ?? now,
            unmet: unmet.count
        )
        let id = try insert(submission, life, submittedAt: now)
        try place(life, of: id, at: now)
        for dependency in dependencies {
            try db.run("INSERT INTO dependency VALUES (?, ?)", SQLiteValue(id), SQLiteValue(dependency))
        }
        try add(JournalEntry(.submitted, principal: submission.origin.principal), to: id, at: now)
        for note in submission.notes { try add(JournalEntry(note, attempt: nil), to: id, at: now) }
        for case .some(let outcome) in unmet { try handle(.dependencyDone(outcome), id, at: now) }
        return id
    }

    /// A task that was run elsewhere and is done.
    func record(_ run: FinishedRun) throws(Failure) -> TaskID {
        let life = run.lifecycle(for: TaskID(rawValue: 0))
        let id = try insert(run.submission, life, submittedAt: run.submittedAt)
        try db.run(
            "UPDATE task SET claimed_at = ?, ended_at = ?, reason = ?, error_code = ? WHERE id = ?",
            .integer(run.startedAt),
            .integer(run.endedAt),
            .text(NoRetry.final.rawValue),
            SQLiteValue(run.end.code),
            SQLiteValue(id)
        )
        try db.run(
            "INSERT INTO attempt (task, number, worker, claimed_at, ended_at, outcome, error_code) VALUES (?,1,0,?,?,?,?)",
            SQLiteValue(id),
            .integer(run.startedAt),
            .integer(run.endedAt),
            .text(run.end.outcome.rawValue),
            SQLiteValue(run.end.code)
        )
        let bytes = try keep(run.result, run.attachments, of: id)
        try db.run("UPDATE task SET bytes = bytes + ? WHERE id = ?", .integer(bytes), SQLiteValue(id))
        for (entry, time) in run.journal { try add(entry, to: id, at: time) }
        return id
    }

    private func insert(
        _ submission: Submission,
        _ life: TaskLifecycle,
        submittedAt: Int64
    ) throws(Failure) -> TaskID {
        let route = try route(submission)
        try db.run(
            """
            INSERT INTO task (name, route, executor, principal, run_id, parent_id, priority, state, outcome, attempt, begun,
                failures, faults, unmet, available_at, expires_at, cancel_requested, set_aside, submitted_at, bytes)
            VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?, ?)
            """,
            .text(submission.name),
            .integer(route),
            .text(submission.executor),
            .text(submission.origin.principal),
            .text(submission.origin.runID),
            SQLiteValue(submission.origin.parentID),
            .integer(submission.priority),
            .text(life.stateWord),
            SQLiteValue(life.outcome?.rawValue),
            SQLiteValue(life.attempt),
            SQLiteValue(life.begun),
            SQLiteValue(life.failures),
            SQLiteValue(life.faults),
            SQLiteValue(life.unmet),
            .integer(life.availableAt),
            SQLiteValue(life.expiresAt),
            .integer(submittedAt),
            SQLiteValue(submission.document.count)
        )
        let id = TaskID(rawValue: db.lastInsertedRow)
        try db.run(
            "INSERT INTO submission VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            SQLiteValue(id),
            .bytes(submission.document),
            .text(submission.fingerprint),
            SQLiteValue(submission.idempotencyKey),
            .text(submission.idempotency.rawValue),
            SQLiteValue(submission.retry.attempts),
            .text(submission.retry.backoff.rawValue),
            .integer(submission.retry.least),
            .integer(submission.retry.most),
            SQLiteValue(submission.expiresAt)
        )
        if let key = submission.idempotencyKey {
            let principal = submission.origin.principal
            try db.run("INSERT INTO idempotency VALUES (?, ?, ?)", .text(principal), .text(key), SQLiteValue(id))
        }
        for (key, value) in submission.labels {
            try db.run("INSERT INTO label VALUES (?, ?, ?)", SQLiteValue(id), .text(key), .text(value))
        }
        return id
    }

    private func route(_ submission: Submission) throws(Failure) -> Int64 {
        let queue = try queue(submission.queue)
        let needs = submission.needs.sortedLines
        let values = (SQLiteValue.integer(queue), SQLiteValue.text(submission.executor), SQLiteValue.text(needs))
        let sql: StaticString = "SELECT id FROM route WHERE queue = ? AND executor = ? AND needs = ?"
        if let route = try db.row(sql, values.0, values.1, values.2, body: { $0.int(0) }) { return route }
        try db.run("INSERT INTO route (queue, executor, needs) VALUES (?, ?, ?)", values.0, values.1, values.2)
        return db.lastInsertedRow
    }

    /// The number of a queue, which is made if it is new.
    func queue(_ name: String) throws(Failure) -> Int64 {
        let found = try db.row("SELECT id FROM queue WHERE name = ?", .text(name)) { $0.int(0) }
        if let found { return found }
        try db.run("INSERT INTO queue (name) VALUES (?)", .text(name))
        return db.lastInsertedRow
    }

    /// Keeps what came of a task in place of what came of it before.
    /// - Returns: by how many bytes the task has grown.
    func keep(_ result: [UInt8], _ attachments: [Attachment], of id: TaskID) throws(Failure) -> Int64 {
        let before = try db.row(
            """
            SELECT coalesce((SELECT length(document) FROM result WHERE task = ?1), 0) + coalesce(sum(bytes), 0), count(*)
            FROM attachment WHERE task = ?1
            """,
            SQLiteValue(id)
        ) { (bytes: $0.int(0), attachments: $0.int(1)) }
        try db.run(
            "INSERT INTO result VALUES (?, ?) ON CONFLICT DO UPDATE SET document = excluded.document",
            SQLiteValue(id),
            .bytes(result)
        )
        let old = before?.attachments == 0 ? [] : try takeAttachments(of: id)
        for (place, attachment) in attachments.enumerated() {
            let record = AttachmentRecord(attachment)
            try db.run(
                "INSERT INTO blob VALUES (?, ?) ON CONFLICT DO NOTHING",
                .text(record.digest),
                .bytes(attachment.bytes)
            )
            try db.run(
                "INSERT INTO attachment VALUES (?, ?, ?, ?, ?)",
                SQLiteValue(id),
                SQLiteValue(place),
                .text(record.name),
                .text(record.digest),
                .integer(record.bytes)
            )
        }
        try dropUnnamedBlobs(old)
        let after = result.count + attachments.reduce(0) { $0 + $1.bytes.count }
        return Int64(after) - (before?.bytes ?? 0)
    }

    /// - Returns: the digests of those that are gone.
    private func takeAttachments(of id: TaskID) throws(Failure) -> [String] {
        let digests = try db.rows("SELECT digest FROM attachment WHERE task = ?", SQLiteValue(id)) { $0.text(0) }
        try db.run("DELETE FROM attachment WHERE task = ?", SQLiteValue(id))
        return digests
    }

    func dropUnnamedBlobs(_ digests: [String]) throws(Failure) {
        for digest in digests {
            try db.run(
                "DELETE FROM blob WHERE digest = ?1 AND NOT EXISTS (SELECT 1 FROM attachment WHERE digest = ?1)",
                .text(digest)
            )
        }
    }
}

extension Set<String> {
    var sortedLines: String { sorted().joined(separator: "\n") }

    init(lines: String) {
        self.init(lines.split(separator: "\n").map(String.init))
    }
}
