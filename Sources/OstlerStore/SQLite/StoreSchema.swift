internal import Glibc
internal import OstlerProtocol

/// The steps that make a file a store. A step that was shipped is never changed: a change is another step.
struct StoreSchema {
    struct Step {
        /// The number of the schema that it makes.
        let version: Int64
        let sql: String
    }

    let steps: [Step]
    /// "OSTL": what a file says of itself that is a store.
    static let applicationID: Int64 = 0x4F53_544C

    static let current = StoreSchema(steps: [Step(version: 1, sql: StoreSchema1.sql)])

    private var newest: Int64 { steps.last?.version ?? 0 }
    /// The oldest schema that can be taken further.
    private var oldest: Int64 { (steps.first?.version ?? 1) - 1 }

    /// Brings a file to the newest schema, as a whole or not at all. Others may do the same at the same time.
    func prepare(_ connection: SQLiteConnection) throws(Failure) {
        if try transaction("BEGIN", connection, version) == newest { return }
        try useLog(connection)
        try transaction("BEGIN IMMEDIATE", connection) { (connection) throws(Failure) in
            let found = try version(connection)
            for step in steps where step.version > found { try connection.execute(step.sql) }
            try connection.execute("PRAGMA application_id = \(Self.applicationID); PRAGMA user_version = \(newest)")
        }
    }

    private func transaction<R>(
        _ begin: String,
        _ connection: SQLiteConnection,
        _ body: (SQLiteConnection) throws(Failure) -> R
    ) throws(Failure) -> R {
        try connection.execute(begin)
        do throws(Failure) {
            let result = try body(connection)
            try connection.execute("COMMIT")
            return result
        } catch {
            if connection.isInTransaction { try? connection.execute("ROLLBACK") }
            throw error
        }
    }

    /// The file says in its head from then on that it has a log. Whoever switches it refuses others without waiting.
    private func useLog(_ connection: SQLiteConnection) throws(Failure) {
        for _ in 0..<100 {
            do throws(Failure) {
                return try connection.execute("PRAGMA journal_mode = WAL")
            } catch {
                guard error.storeCode == .storeLocked else { throw error }
                usleep(5000)
            }
        }
        try connection.execute("PRAGMA journal_mode = WAL")
    }

    /// - Returns: 0 for a file that holds nothing yet.
    private func version(_ connection: SQLiteConnection) throws(Failure) -> Int64 {
        let found = try connection.number("PRAGMA user_version")
        let application = try connection.number("PRAGMA application_id")
        if application == 0, found == 0, try connection.number("SELECT count(*) FROM sqlite_schema") == 0 { return 0 }
        guard application == Self.applicationID else {
            throw SQLiteFailure.notOurs(connection.path, "it is a database of another program")
        }
        guard found <= newest else { throw SQLiteFailure.tooNew(connection.path, found: found, known: newest) }
        guard found >= oldest else { throw SQLiteFailure.tooOld(connection.path, found: found, least: oldest) }
        return found
    }
}
