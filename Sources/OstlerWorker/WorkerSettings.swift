package import OstlerHost
package import OstlerStore
internal import OstlerSystem
package import OstlerTasks

/// What a worker is, and how it works.
package struct WorkerSettings: Sendable {
    /// For people: where it runs, and what it was called there.
    package var name: String
    /// Tasks that run at once.
    package var slots: Int
    /// What it covers of the needs of tasks.
    package var labels: Set<String>
    /// The queues it looks into; nil for all.
    package var queues: Set<String>?
    /// A file that changes whenever the store does, as a hint to look; nil if there is none.
    package var changingFile: String?
    /// Whether it ends once there is nothing to claim and nothing waits for a moment.
    package var endsWhenIdle = false
    package var pace = WorkerPace()
    /// Told of each task that has its outcome, once the store has it.
    package var whenEnded: (@LoopActor @Sendable (TaskID, TaskResult, SecretVault) -> Void)?

    package init(name: String, slots: Int, labels: Set<String> = [], queues: Set<String>? = nil) {
        self.name = name
        self.slots = slots
        self.labels = labels
        self.queues = queues
    }
}

/// How often things are done, in milliseconds.
package struct WorkerPace: Sendable {
    /// Between two reports of a worker, at which it looks for others that are gone, too.
    package var beat: Int64 = 2000
    /// How long a worker may be silent before others take over what it holds. A worker that cannot report for so long
    /// ends what it runs. With the time between reports twice it is below 15 s.
    package var patience: Int64 = 10_000
    /// Between two looks of which the first has found all there was, and between two recordings while slots are free:
    /// what comes meanwhile shares one wait for the disk, and leaves it to those who submit.
    package var gather: Int64 = 8
    /// Between two looks where nothing tells of changes.
    package var poll: Int64 = 200
    /// Between two attempts to record what the store did not take.
    package var retry: Int64 = 250
    /// Between output that came and its way into the store.
    package var log: Int64 = 200

    package init() {}
}

/// What a worker tells of its work.
package enum WorkerNotice: Sendable {
    case registered(WorkerID)
    /// An attempt is over and recorded.
    case settled(Lease, name: String, Settlement, error: String?)
    /// It ends what it holds, and claims nothing any more.
    case draining(running: Int)
    /// Another worker is gone, and this one has taken over what it held.
    case tookOver(WorkerID, orphans: Int)
    case recovered(Lease, Settlement, isProven: Bool)
    /// What an orphan had started cannot be ended: it is tried again.
    case resists(Lease, pids: [Int32])
    /// The store does not take what it is given.
    case storeFails(StoreTrouble)
    case storeWorks
    /// Others took this worker for dead: what it ran is ended, and it registers anew.
    case evicted(WorkerID)
    /// No sandbox can be had now: nothing is claimed.
    case sandboxFails(StoreTrouble)
}

/// A failure as it is told.
package struct StoreTrouble: Sendable, Equatable {
    package var code: String
    package var message: String
    package var hint: String?
}
