internal import OstlerProtocol
internal import OstlerTasks

extension SQLiteTables {
    /// How many tasks are ended at most in one transaction because their time is over: others want to write, too.
    private static let mostExpired: Int64 = 1000

    func cancel(_ id: TaskID, by principal: String, at now: Int64) throws(Failure) -> Bool {
        guard let life = try lifecycle(of: id) else { throw .unknownTask(id) }
        switch try handle(.cancel, id, principal: principal, at: now) {
        case .ended: return true
        case .refused: throw .alreadyDone(id, life.outcome?.rawValue ?? "")
        default: return false
        }
    }

    func reopen(_ id: TaskID, by principal: String, at now: Int64) throws(Failure) {
        guard try exists(id) else { throw .unknownTask(id) }
        switch try handle(.reopen, id, principal: principal, at: now) {
        case .refused(.succeeded): throw .alreadySucceeded(id)
        case .refused: throw .notDone(id)
        default: try db.run("UPDATE task SET error_code = NULL WHERE id = ?", SQLiteValue(id))
        }
    }

    /// - Returns: how many tasks have ended by it; there may be more.
    func expire(at now: Int64) throws(Failure) -> Int {
        let due = try db.rows(
            "SELECT task FROM waiting WHERE expires_at <= ? ORDER BY task LIMIT ?",
            .integer(now),
            .integer(Self.mostExpired)
        ) { TaskID(rawValue: $0.int(0)) }
        var count = 0
        for id in due where try handle(.expire, id, at: now) != .none { count += 1 }
        return count
    }

    func remove(_ ids: [TaskID]) throws(Failure) {
        for id in ids {
            guard let life = try lifecycle(of: id) else { throw .unknownTask(id) }
            guard life.outcome != nil else { throw .notDone(id) }
            guard try !isNeeded(id) else { throw .neededByOthers(id) }
        }
        for id in ids { try drop(id) }
    }

    private func isNeeded(_ id: TaskID) throws(Failure) -> Bool {
        try db.number(
            """
            SELECT count(*) FROM dependency d JOIN task t ON t.id = d.task WHERE d.needs = ? AND t.outcome IS NULL
            """,
            SQLiteValue(id)
        ) > 0
    }

    /// A trigger takes along what belongs to the task.
    func drop(_ id: TaskID) throws(Failure) {
        let digests = try db.rows("SELECT digest FROM attachment WHERE task = ?", SQLiteValue(id)) { $0.text(0) }
        try db.run("DELETE FROM task WHERE id = ?", SQLiteValue(id))
        try dropUnnamedBlobs(digests)
    }

    func setPaused(_ name: String, _ isPaused: Bool) throws(Failure) {
        let queue = try queue(name)
        try db.run("UPDATE queue SET paused = ? WHERE id = ?", SQLiteValue(isPaused), .integer(queue))
    }
}
