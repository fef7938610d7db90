package import OstlerProtocol
internal import OstlerSystem
package import OstlerTasks

/// A task that is to be accepted. Whether it is valid and allowed was found out before.
package struct Submission: Sendable {
    /// What must have succeeded before the task may begin.
    package enum Dependency: Sendable, Equatable {
        case task(TaskID)
        /// A task of the same batch that stands before this one, by its place from 0 on.
        case earlier(Int)
    }

    /// What the submitter calls it; need not be unique.
    package var name: String
    package var executor: String
    /// The task as `TaskSpecParser` reads it. The store hands it out as it came in.
    package var document: [UInt8]
    package var origin: TaskOrigin
    package var queue: String
    /// Higher ones go first; equal ones in the order in which they were accepted.
    package var priority: Int64
    /// Words that a worker must have, all of them: `gpu`, `zone=a`. One line each.
    package var needs: Set<String>
    /// What it can be found by.
    package var labels: [String: String]
    package var after: [Dependency]
    /// Milliseconds since 1970; nil for at once.
    package var notBefore: Int64?
    /// Milliseconds since 1970; nil for never.
    package var expiresAt: Int64?
    package var retry: RetryPolicy
    package var idempotency: Idempotency
    /// Unique to the principal; see ``fingerprint``.
    package var idempotencyKey: String?
    /// Equal for tasks that ask for the same: what is compared when a key comes again.
    package var fingerprint: String
    /// What is known of it already: how it was validated, judged and routed.
    package var notes: [Note]

    /// - Parameters:
    ///   - spec: names executor, payload, labels, priority and idempotency key.
    ///   - document: what `spec` was read from.
    package init(_ spec: TaskSpec, document: [UInt8], origin: TaskOrigin, queue: String = QueueName.standard) {
        name = spec.id
        executor = spec.executor
        self.document = document
        self.origin = origin
        self.queue = queue
        priority = spec.priority
        needs = []
        labels = Dictionary(spec.labels.map { ($0.key, $0.value) }) { _, last in last }
        after = []
        retry = RetryPolicy()
        idempotency = .unsafe
        idempotencyKey = spec.idempotencyKey
        fingerprint = Self.fingerprint(executor: spec.executor, payload: spec.payload)
        notes = []
    }

    private static func fingerprint(executor: String, payload: [UInt8]) -> String {
        var digest = SHA256()
        Array(executor.utf8).withUnsafeBytes { digest.update($0) }
        [UInt8(0)].withUnsafeBytes { digest.update($0) }
        payload.withUnsafeBytes { digest.update($0) }
        return digest.finish()
    }
}

package enum QueueName {
    /// The queue of tasks that name none.
    package static let standard = "default"
}

/// What became of a submission.
package enum Acceptance: Sendable, Equatable {
    case accepted(TaskID)
    /// Its idempotency key was there with the same fingerprint: this is that task, and nothing was added.
    case known(TaskID)

    package var task: TaskID {
        switch self {
        case .accepted(let task), .known(let task): task
        }
    }
}
