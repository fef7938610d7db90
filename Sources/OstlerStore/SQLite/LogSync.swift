internal import Glibc
internal import OstlerProtocol

/// Brings what was committed to the disk, after the commit: whoever waits for the disk keeps nobody else from writing, and
/// several that wait share one wait.
///
/// The log of a database in WAL mode is one file in which each transaction stands behind those before it, and its frames
/// are chained by checksums (https://www.sqlite.org/fileformat2.html#walformat): once the file is synced, all that was
/// committed by anybody before is on the disk. What a checkpoint takes out of the log it has synced first.
final class LogSync: @unchecked Sendable {
    // Proof: everything that changes is touched with `mutex` held, but for `log`, which belongs to the one thread that syncs.

    /// Brings what was written to a descriptor to the disk; 0, or the number of an error.
    typealias Synchronise = @Sendable (Int32) -> Int32
    static let dataOnly: Synchronise = { fdatasync($0) == 0 ? 0 : errno }

    private let path: String
    private let synchronise: Synchronise
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    /// How many transactions this process has committed, and how many of these are on the disk.
    private var committed: UInt64 = 0
    private var synced: UInt64 = 0
    private var isSyncing = false
    /// The system has failed to write once: it may have thrown away what it could not write, so that no later word of it
    /// can be believed.
    private var breach: Failure?
    private var log: Int32 = -1

    /// - Parameter path: of the database.
    init(_ path: String, _ synchronise: @escaping Synchronise) {
        self.path = path
        self.synchronise = synchronise
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        if log >= 0 { close(log) }
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(changed)
        mutex.deallocate()
        changed.deallocate()
    }

    /// Call it behind a commit, before others may write.
    /// - Returns: what ``sync(_:)`` wants to know of the transaction.
    func noteCommit() -> UInt64 {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        committed += 1
        return committed
    }

    /// Returns when a transaction is on the disk.
    func sync(_ transaction: UInt64) throws(Failure) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while synced < transaction {
            if let breach { throw breach }
            guard !isSyncing else {
                pthread_cond_wait(changed, mutex)
                continue
            }
            isSyncing = true
            let target = committed
            pthread_mutex_unlock(mutex)
            let failure = bringToDisk()
            pthread_mutex_lock(mutex)
            isSyncing = false
            defer { pthread_cond_broadcast(changed) }
            switch failure {
            case nil: synced = target
            case .disk(let number): breach = SQLiteFailure.unsynced(path, errno: number)
            // Who waits behind this one tries again by itself.
            case .log(let number): throw SQLiteFailure.unsynced(path, errno: number)
            }
        }
    }

    private enum Failing {
        /// The disk has said that it may have lost something: it is not asked again.
        case disk(Int32)
        /// The log could not be opened, for want of descriptors perhaps: nothing has been asked of the disk.
        case log(Int32)
    }

    private func bringToDisk() -> Failing? {
        if let failing = openLog() { return failing }
        let result = synchronise(log)
        return result == 0 ? nil : .disk(result)
    }

    /// The log is there as long as a connection is open. A new one has to be found again after a loss of power as well, so
    /// its directory is synced too.
    private func openLog() -> Failing? {
        var status = stat()
        if log >= 0, fstat(log, &status) == 0, status.st_nlink > 0 { return nil }
        if log >= 0 { close(log) }
        log = -1
        let opened = open(path + "-wal", O_RDONLY | O_CLOEXEC | O_NOCTTY)
        guard opened >= 0 else { return .log(errno) }
        let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
        let parent = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let directory = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else {
            let number = errno
            close(opened)
            return .log(number)
        }
        defer { close(directory) }
        log = opened
        // Some file systems have no such call for directories: they keep names by other means.
        return fsync(directory) == 0 || errno == EINVAL ? nil : .disk(errno)
    }
}
