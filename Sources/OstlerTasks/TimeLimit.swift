package import OstlerProtocol

/// A time limit of a task that has struck.
package struct TimeLimit: Sendable, Equatable {
    /// What it is counted from.
    package enum Kind: Sendable {
        /// The submission: waiting for a plugin is part of it.
        case total
        /// The moment at which an executor got the task.
        case run
        /// As the total, while the task's guards were asked.
        case guards
    }

    package var kind: Kind
    package var milliseconds: Int64
    /// How long it had been when the host noticed: more than the limit if the host itself was held up.
    package var observed: Int64

    package init(_ kind: Kind = .total, milliseconds: Int64, observed: Int64) {
        self.kind = kind
        self.milliseconds = milliseconds
        self.observed = observed
    }

    /// What a task is told that it has ended.
    /// - Parameter dispatched: whether anything of it was sent to an executor.
    package func failure(dispatched: Bool) -> Failure {
        guard dispatched || kind == .guards else {
            return failure(
                "timeout_waiting",
                .executor,
                .none,
                "the task was not begun within its time limit of \(milliseconds) ms: no executor was free",
                "raise the task's timeout, or submit less at a time"
            )
        }
        switch kind {
        case .total:
            return failure(
                "timeout",
                .task,
                .possible,
                "the task did not end within its time limit of \(milliseconds) ms",
                "raise the task's timeout, or find out why it takes so long"
            )
        case .guards:
            return failure(
                "guard_timeout",
                .task,
                .none,
                "the task's guards were not answered within its time limit of \(milliseconds) ms; nothing of it was run",
                "raise the task's timeout, or find out why onlyif or unless takes so long"
            )
        case .run:
            return failure(
                "run_timeout",
                .task,
                .possible,
                "the task did not end within \(milliseconds) ms from when its executor got it",
                "raise the task's run_timeout, or find out why it takes so long"
            )
        }
    }

    private func failure(
        _ code: String,
        _ fault: Failure.Fault,
        _ effects: Failure.SideEffects,
        _ message: String,
        _ hint: String
    ) -> Failure {
        Failure(
            code,
            fault: fault,
            sideEffects: effects,
            message: message,
            limit: .init(
                name: kind == .run ? "run_timeout_ms" : "timeout_ms",
                limit: UInt64(clamping: milliseconds),
                observed: UInt64(clamping: max(milliseconds, observed))
            ),
            hint: hint
        )
    }
}
