package import OstlerProtocol

/// What was settled about a task when it was accepted, as far as its life depends on it.
package struct TaskRules: Sendable, Equatable {
    /// Faults after which a task is set aside: three workers or executors have fallen over it.
    package static let mostFaults = 3

    package var retry: RetryPolicy
    package var idempotency: Idempotency
    /// Whether the task has an idempotency key.
    package var hasKey: Bool
    /// When it is no longer worth beginning, in milliseconds since 1970; nil for never.
    package var expiresAt: Int64?
    /// Spreads the waits of different tasks.
    package var seed: UInt64

    package init(
        retry: RetryPolicy = RetryPolicy(),
        idempotency: Idempotency = .unsafe,
        hasKey: Bool = false,
        expiresAt: Int64? = nil,
        seed: UInt64 = 0
    ) {
        self.retry = retry
        self.idempotency = idempotency
        self.hasKey = hasKey
        self.expiresAt = expiresAt
        self.seed = seed
    }
}

/// Why there is no other attempt.
package enum NoRetry: String, Sendable, CaseIterable {
    /// The outcome is final.
    case final
    /// Nobody asked for another try.
    case notAsked = "not_asked"
    /// All tries that were asked for have been made.
    case exhausted
    /// It may have had effects, and must not have them twice.
    case unsafe
    /// It brought down whoever ran it, too often: it is set aside.
    case poison
    /// It is to be cancelled.
    case cancelled
    /// It would expire before the next try.
    case expires
}

extension TaskRules {
    package enum RetryDecision: Sendable, Equatable {
        /// Another attempt from this moment on, in milliseconds since 1970.
        case again(at: Int64)
        case end(NoRetry)
    }

    /// The decision on another attempt.
    /// - Parameters:
    ///   - failures: of the work, this one among them.
    ///   - faults: of what is around it, this one among them.
    ///   - expiresAt: nil for a task whose time is never over.
    ///   - now: milliseconds since 1970.
    package func decide(
        after end: AttemptEnd,
        failures: Int,
        faults: Int,
        expiresAt: Int64?,
        at now: Int64
    ) -> RetryDecision {
        switch end.kind {
        case .final: return .end(.final)
        case .failure where retry.attempts == 1: return .end(.notAsked)
        case .failure where failures >= retry.attempts: return .end(.exhausted)
        case .fault where faults >= Self.mostFaults: return .end(.poison)
        case .failure, .fault: break
        }
        guard idempotency.allowsAnother(after: end.sideEffects, hasKey: hasKey) else { return .end(.unsafe) }
        let next = now + retry.wait(afterFailure: failures + faults, seed: seed)
        if let expiresAt, expiresAt <= next { return .end(.expires) }
        return .again(at: next)
    }
}
