package import OstlerTasks

/// What a list shows of a task.
package struct TaskSummary: Sendable, Equatable {
    package var id: TaskID
    package var name: String
    package var executor: String
    package var origin: TaskOrigin
    package var queue: String
    package var priority: Int64
    package var state: TaskLifecycle.State
    package var attempt: Int
    package var isCancelRequested: Bool
    package var isSetAside: Bool
    /// Milliseconds since 1970, as those below.
    package var submittedAt: Int64
    /// When it may be claimed; past for most.
    package var availableAt: Int64
    package var expiresAt: Int64?
    /// When its last attempt was claimed.
    package var claimedAt: Int64?
    package var endedAt: Int64?
    /// Why it was not tried again.
    package var reason: NoRetry?
    /// The error of the last attempt that came to an end of its own since the task was accepted or reopened: an attempt
    /// that was given back says nothing of it.
    package var errorCode: String?
    /// What it takes in the store, documents, output and attachments together.
    package var bytes: Int64
}

/// Everything about a task but its timeline and its logs.
package struct TaskDetails: Sendable, Equatable {
    package var summary: TaskSummary
    package var document: [UInt8]
    package var rules: TaskRules
    package var idempotencyKey: String?
    package var fingerprint: String
    package var needs: Set<String>
    package var labels: [String: String]
    /// Tasks that must succeed first, and those that wait for this one.
    package var dependencies: [TaskID]
    package var dependents: [TaskID]
    package var begun: Int
    package var failures: Int
    package var faults: Int
    package var attempts: [AttemptRecord]
    /// The result of the last attempt that has one, as JSON text.
    package var result: [UInt8]?
    /// What was too large for the result.
    package var attachments: [AttachmentRecord]
}

package struct AttemptRecord: Sendable, Equatable {
    package var number: Int
    package var worker: WorkerID
    /// Milliseconds since 1970, as those below.
    package var claimedAt: Int64
    package var intendedAt: Int64?
    package var identifiedAt: Int64?
    package var endedAt: Int64?
    package var identities: [ProcessIdentity]
    /// Nil while it runs, and for one that was given back.
    package var outcome: Outcome?
    package var errorCode: String?
}

package struct AttachmentRecord: Sendable, Equatable {
    package var name: String
    /// SHA-256 in hexadecimal: what ``TaskStore/blob(_:)`` is asked for.
    package var digest: String
    package var bytes: Int64
}

/// Which tasks are asked for. What is nil or empty does not narrow.
package struct TaskFilter: Sendable, Equatable {
    /// A state without what is known of it.
    package enum StateName: String, Sendable, CaseIterable {
        case blocked
        case ready
        case running
        case done
    }

    package var states: Set<StateName> = []
    package var outcomes: Set<Outcome> = []
    package var executor: String?
    package var queue: String?
    package var name: String?
    package var principal: String?
    package var runID: String?
    package var parentID: String?
    package var labels: [String: String] = [:]
    package var isSetAside: Bool?
    /// Milliseconds since 1970; the first bound is included, the second is not.
    package var submittedFrom: Int64?
    package var submittedBefore: Int64?

    package init() {}
}

/// A part of a list, newest first.
package struct TaskPage: Sendable, Equatable {
    package var tasks: [TaskSummary]
    /// Where the next page begins; nil if there is none.
    package var next: TaskID?
}

package struct QueueStatistics: Sendable, Equatable {
    package var queue: String
    package var isPaused: Bool
    package var blocked: Int
    /// Claimable now, by the clock.
    package var ready: Int
    /// Waiting for a moment: not before, or the next attempt.
    package var delayed: Int
    package var running: Int
    package var done: [Outcome: Int]
    /// When the oldest claimable task was submitted, in milliseconds since 1970.
    package var oldestReadyAt: Int64?
}
