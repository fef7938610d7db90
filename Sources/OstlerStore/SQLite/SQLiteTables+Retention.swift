internal import OstlerProtocol
internal import OstlerTasks

/// A done task that a policy looks at.
struct RetentionCandidate {
    let id: TaskID
    let endedAt: Int64
    let bytes: Int64
    /// Nil if it stays.
    let reason: RetentionPlan.Reason?
}

extension RetentionPlan {
    /// - Parameter candidates: the latest first.
    init(_ candidates: [RetentionCandidate]) {
        self.init(tasks: [:], bytes: 0, oldest: nil, newest: nil, keptTasks: 0, keptBytes: 0)
        for candidate in candidates {
            if let reason = candidate.reason {
                tasks[reason, default: 0] += 1
                bytes += candidate.bytes
                newest = newest ?? candidate.endedAt
                oldest = candidate.endedAt
            } else {
                keptTasks += 1
                keptBytes += candidate.bytes
            }
        }
    }
}

extension SQLiteTables {
    /// All done tasks, the latest first, with what a policy says of them.
    func candidates(_ policy: RetentionPolicy, at now: Int64) throws(Failure) -> [RetentionCandidate] {
        let needed = Set(
            try db.rows("SELECT d.needs FROM dependency d JOIN task t ON t.id = d.task WHERE t.outcome IS NULL") {
                $0.int(0)
            }
        )
        var (place, sum) = (0, Int64(0))
        return try db.rows(
            "SELECT id, ended_at, bytes FROM task WHERE outcome IS NOT NULL ORDER BY ended_at DESC, id DESC"
        ) { row in
            defer { place += 1 }
            sum += row.int(2)
            let reason = policy.reason(place: place, sum: sum, age: now - row.int(1))
            return RetentionCandidate(
                id: TaskID(rawValue: row.int(0)),
                endedAt: row.int(1),
                bytes: row.int(2),
                reason: needed.contains(row.int(0)) ? nil : reason
            )
        }
    }

    /// Removes a task unless it is no longer done, or is needed by now.
    /// - Returns: whether it was removed.
    func dropIfDone(_ id: TaskID) throws(Failure) -> Bool {
        do throws(Failure) {
            try remove([id])
            return true
        } catch {
            guard error.fault == .user else { throw error }
            return false
        }
    }
}
