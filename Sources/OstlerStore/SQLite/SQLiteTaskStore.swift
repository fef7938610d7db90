internal import Glibc
package import OstlerProtocol
internal import Synchronization

/// A store in one file, for one machine. Several processes may have it open.
package final class SQLiteTaskStore: TaskStore {
    /// A connection that nobody uses now.
    ///
    /// Proof of `Sendable`: it is behind a lock, or with the one thread that took it out.
    private struct Idle: @unchecked Sendable {
        let connection: SQLiteConnection
    }

    private static let mostIdle = 4

    private let path: String
    /// How long an operation waits for other processes, in milliseconds.
    private let patience: Int32
    let gate: WriteGate
    private let idle = Mutex<[Idle]>([])
    private let watcher = Mutex<Idle?>(nil)

    /// Opens a store, and makes it if there is none.
    /// - Parameters:
    ///   - path: of the file; its directory must be there. Beside it lie `PATH-wal` and `PATH-shm`, which belong to it.
    ///   - patience: how long an operation waits for other processes, in milliseconds.
    package convenience init(path: String, patience: Int32 = 10_000) throws(Failure) {
        try self.init(path: path, schema: .current, patience: patience)
    }

    init(
        path: String,
        schema: StoreSchema,
        patience: Int32,
        synchronise: @escaping LogSync.Synchronise = LogSync.dataOnly
    ) throws(Failure) {
        self.path = path
        self.patience = patience
        try Self.create(path)
        let connection = try SQLiteConnection(path, patience: patience)
        try schema.prepare(connection)
        try connection.execute("PRAGMA synchronous = NORMAL; PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY")
        gate = WriteGate(connection, synchronise)
    }

    /// The file is this user's alone: payloads and output are nobody else's business. SQLite gives what lies beside it the
    /// same mode.
    ///
    /// The file gets its name when it is closed: whoever closes a file of SQLite's takes away the locks that its process
    /// has on it.
    private static func create(_ path: String) throws(Failure) {
        if access(path, F_OK) == 0 { return }
        let new = "\(path).new-\(getpid())-\(UInt32.random(in: 0 ... .max))"
        let descriptor = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOCTTY, 0o600)
        guard descriptor >= 0 else { throw SQLiteFailure.unopened(path, errno: errno) }
        close(descriptor)
        let result = link(new, path) == 0 ? 0 : errno
        unlink(new)
        guard result == 0 || result == EEXIST else { throw SQLiteFailure.unopened(path, errno: result) }
    }

    /// A file that is written to whenever somebody changes the store. It is there while anybody has the store open.
    package var changingFile: String { path + "-wal" }

    func write<R>(synced: Bool, _ body: (SQLiteTables) throws(Failure) -> R) throws(Failure) -> R {
        try gate.write(isSynced: synced) { (connection) throws(Failure) in try body(SQLiteTables(connection)) }
    }

    /// Reads one state of the store, whatever others write meanwhile.
    func read<R>(_ body: (SQLiteTables) throws(Failure) -> R) throws(Failure) -> R {
        let reader = if let idle = idle.withLock({ $0.popLast() }) { idle } else { try newReader() }
        try reader.connection.run("BEGIN")
        defer {
            try? reader.connection.run("COMMIT")
            idle.withLock { if $0.count < Self.mostIdle { $0.append(reader) } }
        }
        return try body(SQLiteTables(reader.connection))
    }

    private func newReader() throws(Failure) -> Idle {
        let connection = try SQLiteConnection(path, patience: patience)
        try connection.execute("PRAGMA query_only = 1; PRAGMA cache_size = -8000; PRAGMA temp_store = MEMORY")
        return Idle(connection: connection)
    }

    package func changeMark() throws(Failure) -> Int64 {
        // What data_version says can be compared with what the same connection said before, and with nothing else.
        try watcher.withLock { (watcher: inout Idle?) throws(Failure) in
            let used = if let watcher { watcher } else { try newReader() }
            watcher = used
            return try used.connection.number("PRAGMA data_version")
        }
    }

    package func compact() throws(Failure) {
        try gate.alone { (connection) throws(Failure) in
            try connection.execute("VACUUM")
            _ = try connection.rows("PRAGMA wal_checkpoint(TRUNCATE)") { _ in }
        }
    }

    /// What is wrong with the file, by a look at all of it; empty for a good one.
    package func findDamage() throws(Failure) -> [String] {
        try read { (tables) throws(Failure) in
            try tables.db.rows("PRAGMA integrity_check(20)") { $0.text(0) }.filter { $0 != "ok" }
        }
    }
}
