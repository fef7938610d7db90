internal import CSQLite
internal import Glibc
internal import OstlerProtocol

/// What a code of SQLite's means to somebody who has a store in a file.
enum SQLiteFailure {
    /// SQLITE_IOERR_SHORT_READ, which is a macro that Swift does not see.
    private static let shortRead = SQLITE_IOERR | (2 << 8)

    /// - Parameters:
    ///   - code: the extended result code.
    ///   - errno: what the system last said to the connection; 0 for nothing.
    static func failure(_ code: Int32, errno: Int32, _ message: String, path: String) -> Failure {
        let told = "\(message) (SQLite \(code)\(errno == 0 ? "" : ", \(String(cString: strerror(errno)))"))"
        switch (code & 0xFF, errno) {
        case (SQLITE_FULL, _), (SQLITE_IOERR, ENOSPC), (SQLITE_IOERR, EDQUOT), (SQLITE_CANTOPEN, ENOSPC):
            return full(path, told)
        case (SQLITE_READONLY, _), (SQLITE_CANTOPEN, EROFS), (SQLITE_IOERR, EROFS), (SQLITE_PERM, _):
            return readOnly(path, told)
        case (SQLITE_BUSY, _), (SQLITE_LOCKED, _):
            return Failure(
                store: .storeLocked,
                fault: .infra,
                retry: .after,
                "another process has kept the store \(path) locked for too long: \(told)",
                hint: "find it with `fuser -v \(path)`; a program that looks at the file may hold a transaction open"
            )
        case (SQLITE_CORRUPT, _),
            (SQLITE_IOERR, _) where code == shortRead:
            return corrupt(path, told)
        case (SQLITE_NOTADB, _): return notOurs(path, told)
        case (SQLITE_CANTOPEN, _): return unreachable(path, told)
        default:
            return Failure(store: .storeFault, fault: .infra, "the store \(path) failed: \(told)")
        }
    }

    /// Of a file that the system would not make.
    static func unopened(_ path: String, errno: Int32) -> Failure {
        let told = String(cString: strerror(errno))
        switch errno {
        case ENOSPC, EDQUOT: return full(path, told)
        case EROFS: return readOnly(path, told)
        default: return unreachable(path, told)
        }
    }

    /// What was committed is there, but not known to be on the disk.
    static func unsynced(_ path: String, errno: Int32) -> Failure {
        Failure(
            store: .storeFault,
            fault: .infra,
            "the disk did not take what was written to the store \(path): \(String(cString: strerror(errno))); "
                + "the last transactions may be lost if the machine stops now",
            hint: "look at the kernel's messages about that disk, then stop all workers and run `ostler tasks list`"
        )
    }

    private static func full(_ path: String, _ told: String) -> Failure {
        Failure(
            store: .storeFull,
            fault: .infra,
            retry: .after,
            "there is no room for the store \(path): \(told); nothing of this was kept, what was accepted before is",
            hint: "make room on that file system, or remove tasks that are done"
        )
    }

    static func readOnly(_ path: String, _ told: String) -> Failure {
        Failure(
            store: .storeReadOnly,
            fault: .infra,
            "the store \(path) cannot be written: \(told)",
            hint: "mount the file system for writing, give the file to this user, or name another store"
        )
    }

    private static func unreachable(_ path: String, _ told: String) -> Failure {
        Failure(
            store: .storeUnreachable,
            fault: .infra,
            "the store \(path) cannot be opened: \(told)",
            hint: "its directory must be there, and this user must be allowed to write in it"
        )
    }

    static func corrupt(_ path: String, _ what: String) -> Failure {
        Failure(
            store: .storeCorrupt,
            fault: .infra,
            "the store \(path) is damaged: \(what); nothing was changed",
            hint: "stop all workers, keep a copy of \(path) and of \(path)-wal, then save what can be read: "
                + "`sqlite3 \(path) .recover | sqlite3 saved.db`"
        )
    }

    static func notOurs(_ path: String, _ what: String) -> Failure {
        Failure(
            store: .storeNotOurs,
            "\(path) is no store of Ostler's: \(what); nothing was changed",
            hint: "name another file for the store"
        )
    }

    static func tooNew(_ path: String, found: Int64, known: Int64) -> Failure {
        Failure(
            store: .storeTooNew,
            "the store \(path) has the schema \(found), this version knows up to \(known); nothing was changed",
            hint: "use the version of ostler that wrote it, or a newer one"
        )
    }

    static func tooOld(_ path: String, found: Int64, least: Int64) -> Failure {
        Failure(
            store: .storeTooOld,
            "the store \(path) has the schema \(found), this version takes over from \(least) on; nothing was changed",
            hint: "open it once with an older version of ostler, which takes it further"
        )
    }
}
