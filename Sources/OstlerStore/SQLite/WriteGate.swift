internal import Glibc
internal import OstlerProtocol

/// Lets one thread at a time write, and puts what several want to write at the same time into one transaction.
///
/// The thread that comes first writes for all that came meanwhile; the others wait until it tells them. Each then waits for
/// the disk by itself, while the next one writes.
final class WriteGate: @unchecked Sendable {
    // Proof: `pending`, `isTaken` and the fields of jobs are touched with `mutex` held, or by the one thread that has
    // taken the gate; `connection` by that one alone.

    private final class Job {
        /// Called by the thread that has the gate, while the one that gave it waits.
        let body: (SQLiteConnection) throws(Failure) -> Void
        var failure: Failure?
        var isDone = false
        /// The transaction that it was a part of, as ``LogSync`` counts them.
        var transaction: UInt64 = 0

        init(_ body: @escaping (SQLiteConnection) throws(Failure) -> Void) {
            self.body = body
        }
    }

    /// Bounds how long others wait for a transaction.
    private static let mostJobs = 64

    private let connection: SQLiteConnection
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let changed: UnsafeMutablePointer<pthread_cond_t>
    private var pending: [Job] = []
    private var isTaken = false
    private let log: LogSync

    /// - Parameter connection: belongs to the gate from here on. It does not wait for the disk itself.
    init(_ connection: SQLiteConnection, _ synchronise: @escaping LogSync.Synchronise) {
        self.connection = connection
        log = LogSync(connection.path, synchronise)
        mutex = .allocate(capacity: 1)
        changed = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_mutex_destroy(mutex)
        pthread_cond_destroy(changed)
        mutex.deallocate()
        changed.deallocate()
    }

    /// Runs a body in a transaction; what it did is undone if it throws.
    /// - Parameter isSynced: whether what it did must be on the disk when this returns.
    func write<R>(isSynced: Bool, _ body: (SQLiteConnection) throws(Failure) -> R) throws(Failure) -> R {
        var result: R?
        let (failure, transaction) = withoutActuallyEscaping(body) { body in
            let job = Job { (connection) throws(Failure) in result = try body(connection) }
            perform(job)
            return (job.failure, job.transaction)
        }
        if let failure { throw failure }
        if isSynced { try log.sync(transaction) }
        guard let result else { throw Failure(store: .storeFault, fault: .infra, "a write to the store was not made") }
        return result
    }

    /// Returns when all that could be read before is on the disk, whoever wrote it.
    func sync() throws(Failure) {
        try log.sync(log.noteCommit())
    }

    /// Runs a body outside of any transaction, with nobody else writing in this process.
    func alone(_ body: (SQLiteConnection) throws(Failure) -> Void) throws(Failure) {
        take()
        defer { leave() }
        try body(connection)
    }

    private func perform(_ job: Job) {
        pthread_mutex_lock(mutex)
        pending.append(job)
        while isTaken, !job.isDone { pthread_cond_wait(changed, mutex) }
        guard !job.isDone else {
            pthread_mutex_unlock(mutex)
            return
        }
        isTaken = true
        // Its own job is among the first, unless more came before it than one transaction takes.
        repeat {
            let jobs = Array(pending.prefix(Self.mostJobs))
            pending.removeFirst(jobs.count)
            pthread_mutex_unlock(mutex)
            run(jobs)
            pthread_mutex_lock(mutex)
            for job in jobs { job.isDone = true }
        } while !job.isDone
        isTaken = false
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    private func take() {
        pthread_mutex_lock(mutex)
        while isTaken { pthread_cond_wait(changed, mutex) }
        isTaken = true
        pthread_mutex_unlock(mutex)
    }

    private func leave() {
        pthread_mutex_lock(mutex)
        isTaken = false
        pthread_cond_broadcast(changed)
        pthread_mutex_unlock(mutex)
    }

    /// One transaction for all of them; should it fail as a whole, each has failed.
    private func run(_ jobs: [Job]) {
        do throws(Failure) {
            try connection.run("BEGIN IMMEDIATE")
            // One by itself is taken back with the transaction. To be able to take back a part of one costs a fifth of it.
            if jobs.count == 1 { try jobs[0].body(connection) } else { for job in jobs { try run(job) } }
            try connection.run("COMMIT")
            let transaction = log.noteCommit()
            for job in jobs { job.transaction = transaction }
        } catch {
            if connection.isInTransaction { try? connection.run("ROLLBACK") }
            for job in jobs where job.failure == nil { job.failure = error }
        }
    }

    /// A job that fails takes only itself back, unless the file failed.
    private func run(_ job: Job) throws(Failure) {
        try connection.run("SAVEPOINT job")
        do throws(Failure) {
            try job.body(connection)
        } catch {
            // A full disk or the like may have ended the transaction for all.
            guard connection.isInTransaction, error.fault != .infra else { throw error }
            job.failure = error
            try connection.run("ROLLBACK TO job")
        }
        try connection.run("RELEASE job")
    }
}
