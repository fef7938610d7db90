/// One line of a task's timeline.
package struct TaskEvent: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
        case submitted
        /// What it waited for has succeeded.
        case unblocked
        case claimed
        case starting
        case started
        case released
        case retryScheduled = "retry_scheduled"
        case cancelRequested = "cancel_requested"
        case workerLost = "worker_lost"
        /// A late report of an attempt that is over.
        case staleReport = "stale_report"
        case reopened
        case ended
        /// Somebody's ``Note``.
        case note
    }

    /// From 1 on, within the task.
    package var sequence: Int64
    /// Milliseconds since 1970.
    package var time: Int64
    package var kind: Kind
    /// Nil for what concerns no attempt.
    package var attempt: Int?
    package var worker: WorkerID?
    /// Who did it, where a person did.
    package var principal: String?
    /// One word that says what or why: an outcome, a reason, a topic.
    package var word: String?
    /// JSON text.
    package var detail: [UInt8]?
}

/// What somebody other than the store adds to a timeline: how a task was validated, routed, fenced; which limit it met.
package struct Note: Sendable, Equatable {
    /// `validation`, `policy`, `route`, `sandbox`, `limit`, …
    package var topic: String
    /// JSON text.
    package var detail: [UInt8]?

    package init(_ topic: String, detail: [UInt8]? = nil) {
        self.topic = topic
        self.detail = detail
    }
}
