package import OstlerProtocol

/// The memory of tasks: what was accepted, who works on it, what came of it.
///
/// An operation is one transaction: it happens as a whole or not at all. When one that is *synced* has returned, what it
/// did outlives a kill of every process and the loss of power; what the others did outlives a kill. Operations block:
/// call them from a thread that may wait, never from the loop. Any thread may call any of them, and several processes may
/// have the same store open.
///
/// Moments are milliseconds since 1970; the caller says what time it is. Failures have the codes of ``StoreCode``.
///
/// What a task may do next is decided by `TaskLifecycle` alone; an implementation loads it, lets it handle an event,
/// and keeps what came of it.
package protocol TaskStore: AnyObject, Sendable {
    // MARK: Submitting

    /// Accepts a batch as a whole. Synced.
    /// - Parameter capacity: the most tasks that may wait in a queue (blocked, or not claimed yet); nil for no bound.
    /// - Returns: one answer for each submission, in their order.
    /// - Throws: `queue_full`, `idempotency_conflict`, `unknown_dependency`; then nothing was accepted.
    func submit(_ batch: [Submission], capacity: Int?, at now: Int64) throws(Failure) -> [Acceptance]

    /// Keeps inline runs for the history.
    func record(_ runs: [FinishedRun]) throws(Failure) -> [TaskID]

    // MARK: Working

    func register(_ worker: WorkerRegistration, at now: Int64) throws(Failure) -> WorkerID

    /// The worker lives.
    /// - Throws: `worker_evicted`: what it runs belongs to others; it must end it, and register anew.
    func beat(_ worker: WorkerID, isDraining: Bool, at now: Int64) throws(Failure) -> HeartbeatAnswer

    /// Those of its attempts that somebody wants to end: what ``beat(_:isDraining:at:)`` answers, without a report.
    func cancelRequests(to worker: WorkerID) throws(Failure) -> [Lease]

    /// The worker ends by itself.
    /// - Throws: `worker_busy` if it still holds attempts.
    func retire(_ worker: WorkerID, at now: Int64) throws(Failure)

    /// Takes what the worker can run, highest priority first, then first come; ends what has expired on the way.
    /// Synced if it intends.
    /// - Returns: at most `slots` claims; none for a worker that drains.
    func claim(_ request: ClaimRequest, at now: Int64) throws(Failure) -> [Claim]

    /// The next moments at which time alone changes what may be claimed.
    func nextMoments(after now: Int64) throws(Failure) -> NextMoments

    /// The worker is about to start something for these attempts. Synced: only then may it start anything.
    /// - Returns: the leases that stand; for the others nothing must be started.
    func intend(_ leases: [Lease], at now: Int64) throws(Failure) -> [Lease]

    /// What was started for an attempt. May be called several times.
    /// - Throws: `stale_attempt`: it must be ended.
    func identify(_ lease: Lease, _ identity: ProcessIdentity, at now: Int64) throws(Failure)

    /// Gives back what was not begun.
    /// - Returns: ``Settlement/released``, ``Settlement/ended(_:)`` for what was cancelled meanwhile, or
    ///   ``Settlement/stale``, also for what was begun.
    func release(_ leases: [Lease], at now: Int64) throws(Failure) -> [Settlement]

    /// Attempts are over. Synced.
    func finish(_ completions: [Completion], at now: Int64) throws(Failure) -> [Settlement]

    // MARK: Recovering

    /// Gives a worker up, unless it has reported meanwhile, and takes over what it held.
    /// - Parameters:
    ///   - beats: what the worker had counted to when it was found to be gone; nil if its process is known to be gone.
    ///   - successor: the worker that ends what is left. Its own leases may be evicted in turn.
    /// - Returns: nil if the worker has reported meanwhile.
    /// - Throws: `unknown_worker`.
    func evict(_ worker: WorkerID, beats: Int64?, by successor: WorkerID, at now: Int64) throws(Failure) -> [Orphan]?

    /// What an orphan had started is gone: the attempt is `lost`, or given back if nothing had been started. Synced.
    func abandon(_ lease: Lease, at now: Int64) throws(Failure) -> Settlement

    // MARK: Steering

    /// Wants a task to end. Synced.
    /// - Returns: true if it has ended by this; false if it runs, and its worker will be told.
    /// - Throws: `unknown_task`, `already_done`.
    func cancel(_ task: TaskID, by principal: String, at now: Int64) throws(Failure) -> Bool

    /// Lets a task be tried again that did not succeed. Synced.
    /// - Throws: `unknown_task`, `not_done`, `already_succeeded`.
    func reopen(_ task: TaskID, by principal: String, at now: Int64) throws(Failure)

    /// Ends tasks whose time is over.
    /// - Returns: how many.
    func expire(at now: Int64) throws(Failure) -> Int

    /// Removes tasks that are done, with all that is kept of them.
    /// - Throws: `unknown_task`, `not_done`, `needed_by_others` for one that a waiting task depends on; then nothing was
    ///   removed.
    func remove(_ tasks: [TaskID], at now: Int64) throws(Failure)

    /// A paused queue accepts tasks, and nobody gets them.
    func setPaused(_ queue: String, _ isPaused: Bool, at now: Int64) throws(Failure)

    // MARK: Telling

    /// Newest first.
    /// - Parameters:
    ///   - cursor: ``TaskPage/next`` of the page before; nil for the first page.
    ///   - limit: tasks on a page, at least 1.
    func list(_ filter: TaskFilter, after cursor: TaskID?, limit: Int) throws(Failure) -> TaskPage

    /// An end that it tells of is on the disk.
    /// - Throws: `unknown_task`.
    func details(of task: TaskID) throws(Failure) -> TaskDetails

    /// The timeline of a task from an event on.
    /// - Throws: `unknown_task`.
    func events(of task: TaskID, after sequence: Int64, limit: Int) throws(Failure) -> [TaskEvent]

    /// Adds to the timeline of a task.
    /// - Throws: `unknown_task`.
    func note(_ notes: [Note], on task: TaskID, attempt: Int?, at now: Int64) throws(Failure)

    /// Adds to the output of an attempt.
    /// - Throws: `stale_attempt`.
    func append(_ chunks: [LogChunk], to lease: Lease, at now: Int64) throws(Failure)

    /// The output of a task from a piece on, over all attempts.
    /// - Throws: `unknown_task`.
    func log(of task: TaskID, after sequence: Int64, limit: Int) throws(Failure) -> [LogRecord]

    /// The bytes of an attachment.
    /// - Parameter digest: SHA-256 in hexadecimal.
    /// - Throws: `unknown_blob`.
    func blob(_ digest: String) throws(Failure) -> [UInt8]

    /// All queues that were ever used or paused, by name.
    func statistics(at now: Int64) throws(Failure) -> [QueueStatistics]

    /// All workers, the latest first: those that hold something or live, and the last hundred others.
    func workers() throws(Failure) -> [WorkerRecord]

    /// Changes whenever anybody changes the store: cheaper than asking what there is.
    func changeMark() throws(Failure) -> Int64

    // MARK: Keeping

    /// What `collect` would remove.
    func plan(_ policy: RetentionPolicy, at now: Int64) throws(Failure) -> RetentionPlan

    /// Removes what the policy does not keep, and blobs that nothing names. A task that a waiting one depends on stays.
    /// - Returns: what was removed and what stays.
    func collect(_ policy: RetentionPolicy, at now: Int64) throws(Failure) -> RetentionPlan

    /// Gives what removed tasks took back to the file system.
    func compact() throws(Failure)
}
