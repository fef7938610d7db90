package import OstlerProtocol

/// What is known of an attempt that is over, as far as the decision on another one needs it.
package struct AttemptEnd: Sendable, Equatable {
    /// Whose failure it was, and so who decides whether there is another try.
    package enum Kind: String, Sendable, CaseIterable {
        /// It is final: success, a refusal, a cancel, a limit.
        case final
        /// The work failed: it is tried as often as the submitter asked.
        case failure
        /// Something around the work failed: it is tried again by itself, a few times.
        case fault
    }

    package var outcome: Outcome
    package var sideEffects: Failure.SideEffects
    /// What whoever reported the failure says of another try; nil if nothing was said.
    package var retry: Failure.Retry?
    package var fault: Failure.Fault?
    /// The error's code, for a person.
    package var code: String?

    package init(
        _ outcome: Outcome,
        sideEffects: Failure.SideEffects,
        retry: Failure.Retry? = nil,
        fault: Failure.Fault? = nil,
        code: String? = nil
    ) {
        self.outcome = outcome
        self.sideEffects = sideEffects
        self.retry = retry
        self.fault = fault
        self.code = code
    }

    /// As a result tells it. A result without an error may have had effects.
    package init(_ result: TaskResult) {
        self.init(
            result.outcome,
            sideEffects: result.error?.sideEffects ?? .possible,
            retry: result.error?.retry,
            fault: result.error?.fault,
            code: result.error?.code
        )
    }

    package var kind: Kind {
        switch outcome {
        case .succeeded, .skipped, .partial, .limit, .dependencyFailed, .cancelled, .invalid, .denied, .expired: .final
        case .failed: fault == .user ? .final : .failure
        case .timeout, .executorProtocol: .failure
        case .executorCrash, .lost: .fault
        // What could not be built or kept once cannot a second time, unless whoever saw it says otherwise.
        case .sandboxError, .infra: retry.map { $0 == .never } ?? true ? .final : .fault
        }
    }
}

extension Idempotency {
    /// Whether what may have been done already may be done again.
    /// - Parameter hasKey: whether the task has an idempotency key.
    package func allowsAnother(after effects: Failure.SideEffects, hasKey: Bool) -> Bool {
        if effects == .none { return true }
        switch self {
        case .pure, .idempotent: return true
        case .keyed: return hasKey
        case .unsafe: return false
        }
    }
}
