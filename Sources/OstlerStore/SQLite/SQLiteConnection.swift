internal import CSQLite
internal import Glibc
internal import OstlerProtocol

/// A connection to a database, used by one thread at a time. What is not closed is closed with it.
final class SQLiteConnection {
    let path: String
    private let handle: OpaquePointer
    /// Each is prepared once: those that are made while the program runs by their text, the others by where it stands.
    private var statements: [String: SQLiteStatement] = [:]
    private var literals: [UnsafePointer<UInt8>: SQLiteStatement] = [:]

    /// - Parameter patience: how long it waits for others, in milliseconds.
    init(_ path: String, patience: Int32) throws(Failure) {
        self.path = path
        var handle: OpaquePointer?
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let code = sqlite3_open_v2(path, &handle, flags, nil)
        guard let handle, code == SQLITE_OK else {
            let number = handle.map { sqlite3_system_errno($0) } ?? ENOMEM
            sqlite3_close_v2(handle)
            throw SQLiteFailure.failure(code, errno: number, String(cString: sqlite3_errstr(code)), path: path)
        }
        // SQLite takes a file that cannot be written for one that is to be read.
        guard sqlite3_db_readonly(handle, "main") == 0 else {
            sqlite3_close_v2(handle)
            throw SQLiteFailure.readOnly(path, "it can only be read")
        }
        self.handle = handle
        Self.wait(handle, patience)
    }

    deinit {
        for statement in statements.values { statement.finalize() }
        for statement in literals.values { statement.finalize() }
        sqlite3_close_v2(handle)
    }

    /// SQLite's own waiting grows to tenths of a second, in which others go past; here everybody asks each millisecond,
    /// and more often at first: most transactions are over by then.
    private static func wait(_ handle: OpaquePointer, _ patience: Int32) {
        let context = UnsafeMutableRawPointer(bitPattern: Int(patience))
        sqlite3_busy_handler(
            handle,
            { context, tries in
                let (patience, eager) = (Int32(truncatingIfNeeded: Int(bitPattern: context)), Int32(20))
                guard tries < patience + eager else { return 0 }
                usleep(tries < eager ? 100 : 1000)
                return 1
            },
            context
        )
    }

    /// Rows that the last statement changed.
    var changes: Int { Int(sqlite3_changes(handle)) }

    var lastInsertedRow: Int64 { sqlite3_last_insert_rowid(handle) }

    var isInTransaction: Bool { sqlite3_get_autocommit(handle) == 0 }

    /// Runs statements that give no rows.
    func execute(_ sql: String) throws(Failure) {
        try check(sqlite3_exec(handle, sql, nil, nil, nil))
    }

    /// Runs one statement that gives no rows.
    func run(_ sql: StaticString, _ values: SQLiteValue...) throws(Failure) {
        let statement = try statement(sql, values)
        defer { statement.reset() }
        while try statement.step() {}
    }

    /// All rows that a statement gives.
    func rows<R>(
        _ sql: String,
        _ values: [SQLiteValue],
        _ body: (SQLiteStatement) throws(Failure) -> R
    ) throws(Failure) -> [R] {
        try rows(try prepared(sql), values, body)
    }

    private func rows<R>(
        _ statement: SQLiteStatement,
        _ values: [SQLiteValue],
        _ body: (SQLiteStatement) throws(Failure) -> R
    ) throws(Failure) -> [R] {
        try statement.bind(values)
        defer { statement.reset() }
        var rows: [R] = []
        while try statement.step() { rows.append(try body(statement)) }
        return rows
    }

    func rows<R>(
        _ sql: StaticString,
        _ values: SQLiteValue...,
        body: (SQLiteStatement) throws(Failure) -> R
    ) throws(Failure) -> [R] {
        try rows(try prepared(sql), values, body)
    }

    /// The first row that a statement gives; nil if it gives none.
    func row<R>(
        _ sql: StaticString,
        _ values: SQLiteValue...,
        body: (SQLiteStatement) throws(Failure) -> R
    ) throws(Failure) -> R? {
        let statement = try statement(sql, values)
        defer { statement.reset() }
        return try statement.step() ? try body(statement) : nil
    }

    /// The number in the only column of the only row.
    func number(_ sql: StaticString, _ values: SQLiteValue...) throws(Failure) -> Int64 {
        let statement = try statement(sql, values)
        defer { statement.reset() }
        return try statement.step() ? statement.int(0) : 0
    }

    private func statement(_ sql: StaticString, _ values: [SQLiteValue]) throws(Failure) -> SQLiteStatement {
        let statement = try prepared(sql)
        try statement.bind(values)
        return statement
    }

    /// To build and hash the text each time would cost a fifth of a transaction.
    private func prepared(_ sql: StaticString) throws(Failure) -> SQLiteStatement {
        if let statement = literals[sql.utf8Start] { return statement }
        let statement = try prepare("\(sql)")
        literals[sql.utf8Start] = statement
        return statement
    }

    private func prepared(_ sql: String) throws(Failure) -> SQLiteStatement {
        if let statement = statements[sql] { return statement }
        let statement = try prepare(sql)
        statements[sql] = statement
        return statement
    }

    private func prepare(_ sql: String) throws(Failure) -> SQLiteStatement {
        var pointer: OpaquePointer?
        try check(sqlite3_prepare_v3(handle, sql, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &pointer, nil))
        guard let pointer else { throw failure(SQLITE_MISUSE) }
        return SQLiteStatement(pointer, of: self)
    }

    func check(_ code: Int32) throws(Failure) {
        guard code == SQLITE_OK else { throw failure(code) }
    }

    func failure(_ code: Int32) -> Failure {
        let message = String(cString: sqlite3_errmsg(handle))
        // SQLite keeps the errno of the last call that failed, also of one that does not matter.
        let mayBeSystems = [SQLITE_IOERR, SQLITE_CANTOPEN, SQLITE_FULL].contains(code & 0xFF)
        let number = mayBeSystems ? sqlite3_system_errno(handle) : 0
        return SQLiteFailure.failure(code, errno: number, message, path: path)
    }
}
