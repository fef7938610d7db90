internal import OstlerTasks

/// What events make of one task within a transaction: it is read once and written once, however many there are.
struct TaskVisit {
    /// How an attempt at it has ended.
    struct End {
        /// Nil for an attempt that has no error.
        let code: String?
        /// By which the task has grown.
        let bytes: Int64
    }

    let id: TaskID
    /// As it was found.
    let before: TaskLifecycle
    private(set) var life: TaskLifecycle
    /// For its timeline.
    private(set) var entries: [JournalEntry] = []
    /// Set if it has ended, with why it is not tried again.
    private(set) var ended: Outcome?
    private(set) var reason: NoRetry?
    /// When it was claimed, if it was.
    var claimedAt: Int64?
    /// Set if an attempt has ended that was not just given back.
    var end: End?
    let now: Int64

    init(_ id: TaskID, _ life: TaskLifecycle, at now: Int64) {
        (self.id, self.life, self.now) = (id, life, now)
        before = life
    }

    /// Lets it handle an event.
    @discardableResult
    mutating func handle(
        _ event: TaskLifecycle.Event,
        worker: WorkerID? = nil,
        principal: String? = nil
    ) -> TaskLifecycle.Change {
        let (phase, state) = (life.phase, life)
        let change = life.handle(event, at: now)
        guard life != state else { return change }
        let entry = JournalEntry(change, by: event, from: phase, life, worker: worker, principal: principal)
        if let entry { entries.append(entry) }
        if case .ended(let outcome, let reason) = change { (ended, self.reason) = (outcome, reason) }
        return change
    }
}
