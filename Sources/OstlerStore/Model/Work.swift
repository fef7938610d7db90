package import OstlerTasks

/// What a worker is, as it registers.
package struct WorkerRegistration: Sendable, Equatable {
    /// For people: the machine's name and what was given to it.
    package var name: String
    package var identity: ProcessIdentity
    package var slots: Int
    /// What it covers of ``Submission/needs``.
    package var labels: Set<String>
    /// The executors that it offers.
    package var executors: Set<String>

    package init(name: String, identity: ProcessIdentity, slots: Int, labels: Set<String>, executors: Set<String>) {
        self.name = name
        self.identity = identity
        self.slots = slots
        self.labels = labels
        self.executors = executors
    }
}

/// A worker as the store has it.
package struct WorkerRecord: Sendable, Equatable {
    package enum State: String, Sendable, CaseIterable {
        case active
        /// Ends what it has, and claims nothing.
        case draining
        /// Has ended by itself.
        case retired
        /// Was given up by another one; what it reports is refused.
        case evicted
    }

    package var id: WorkerID
    package var registration: WorkerRegistration
    package var state: State
    /// How often it has reported: what ``WorkerWatch`` watches.
    package var beats: Int64
    /// For people: milliseconds since 1970.
    package var registeredAt: Int64
    package var lastSeenAt: Int64
    /// Attempts that it holds.
    package var running: Int
}

/// What a worker is told when it reports.
package struct HeartbeatAnswer: Sendable, Equatable {
    /// Those of its attempts that somebody wants to end.
    package var cancelRequests: [Lease]
}

/// What a worker asks for.
package struct ClaimRequest: Sendable, Equatable {
    /// The claim is for its labels and executors.
    package var worker: WorkerID
    /// The most that it can take.
    package var slots: Int
    /// Where it looks; nil for all queues.
    package var queues: Set<String>?
    /// Whether the claims stand as intended at once: for a worker that starts each of them right away. It saves one
    /// synced write for each attempt; should the worker die before it starts one, that one counts as possibly run.
    package var intends: Bool
    /// What all that is started for these attempts will run below, if it is there already: it then stands with the
    /// intent, and no moment is left in which something runs that nobody could find. Only where the request intends.
    package var identity: ProcessIdentity?

    package init(
        worker: WorkerID,
        slots: Int,
        queues: Set<String>? = nil,
        intends: Bool = false,
        identity: ProcessIdentity? = nil
    ) {
        self.worker = worker
        self.slots = slots
        self.queues = queues
        self.intends = intends
        self.identity = identity
    }
}

/// Moments that nobody announces, in milliseconds since 1970.
package struct NextMoments: Sendable, Equatable {
    /// When the next task that waits for a moment may be claimed; nil if none waits for one.
    package var due: Int64?
    /// When the next waiting task expires; nil if none does.
    package var expiry: Int64?

    package init(due: Int64? = nil, expiry: Int64? = nil) {
        (self.due, self.expiry) = (due, expiry)
    }
}

/// A task that a worker has got.
package struct Claim: Sendable {
    package var lease: Lease
    package var name: String
    package var executor: String
    package var document: [UInt8]
    package var origin: TaskOrigin
    package var queue: String
    package var priority: Int64
    package var idempotencyKey: String?
    /// Milliseconds since 1970.
    package var submittedAt: Int64
    /// Earlier attempts in which something may have been started.
    package var begunBefore: Int
}

/// How an attempt ended, with all that is kept of it.
package struct Completion: Sendable {
    package var lease: Lease
    package var end: AttemptEnd
    /// The task's result as JSON text.
    package var result: [UInt8]
    /// What is too large for the result, by name: `stdout`, `stderr`. The store keeps equal bytes once.
    package var attachments: [Attachment]
    package var notes: [Note]
    /// Output that was not appended before.
    package var log: [LogChunk]

    package init(
        _ lease: Lease,
        _ end: AttemptEnd,
        result: [UInt8],
        attachments: [Attachment] = [],
        notes: [Note] = [],
        log: [LogChunk] = []
    ) {
        self.lease = lease
        self.end = end
        self.result = result
        self.attachments = attachments
        self.notes = notes
        self.log = log
    }
}

package struct Attachment: Sendable, Equatable {
    package var name: String
    package var bytes: [UInt8]

    package init(name: String, bytes: [UInt8]) {
        self.name = name
        self.bytes = bytes
    }
}

/// What a completion has led to.
package enum Settlement: Sendable, Equatable {
    case ended(Outcome)
    /// Given back: nothing had been started.
    case released
    /// Another attempt follows, at this moment.
    case retries(at: Int64)
    /// The lease was over: nothing has changed.
    case stale
}

/// An attempt whose worker is gone. It belongs to the worker that evicted it, which ends what is left and then abandons
/// or finishes it.
package struct Orphan: Sendable, Equatable {
    /// In the name of the new owner.
    package var lease: Lease
    package var phase: TaskLifecycle.Phase
    package var identities: [ProcessIdentity]
    /// The worker that had it.
    package var formerWorker: WorkerID
}

/// An inline run that is kept for the history: a task that was accepted and is done in one step.
package struct FinishedRun: Sendable {
    package var submission: Submission
    package var end: AttemptEnd
    package var result: [UInt8]
    package var attachments: [Attachment]
    /// Milliseconds since 1970.
    package var submittedAt: Int64
    package var startedAt: Int64
    package var endedAt: Int64

    package init(
        _ submission: Submission,
        _ end: AttemptEnd,
        result: [UInt8],
        attachments: [Attachment] = [],
        submittedAt: Int64,
        startedAt: Int64,
        endedAt: Int64
    ) {
        self.submission = submission
        // A key stands for a task that was accepted.
        self.submission.idempotencyKey = nil
        self.end = end
        self.result = result
        self.attachments = attachments
        self.submittedAt = submittedAt
        self.startedAt = startedAt
        self.endedAt = endedAt
    }
}
