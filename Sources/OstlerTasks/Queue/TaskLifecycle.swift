/// The life of a task from its acceptance by a store to its one outcome.
///
/// ```
/// blocked ──────> ready ─claim─> running(claimed → starting → started) ──> done
///    │              │ ^                     │                               ^ │
///    │              │ └── release, retry ───┘                               │ └─reopen─> ready
///    └──────────────┴── cancel, expire, dependency failed ──────────────────┘
/// ```
///
/// A store keeps it with the task, and changes it by ``handle(_:at:)`` alone. Moments are milliseconds since 1970.
package struct TaskLifecycle: Sendable, Equatable {
    /// How far an attempt has come.
    package enum Phase: String, Sendable, CaseIterable {
        /// A worker has it, and has started nothing.
        case claimed
        /// The worker has said that it is about to start something: whether it has is not known.
        case starting
        /// What was started is known by its identity.
        case started
    }

    package enum State: Sendable, Equatable {
        /// Other tasks must succeed first.
        case blocked
        /// May be claimed, once ``TaskLifecycle/availableAt`` has come.
        case ready
        case running(Phase)
        case done(Outcome)
    }

    package let rules: TaskRules
    package internal(set) var state: State
    /// The number of the latest claim; 0 before the first. What a worker reports under another number changes nothing.
    package internal(set) var attempt: Int
    /// Claims of which something may have been started.
    package internal(set) var begun: Int
    /// Attempts in which the work failed, since the task was accepted or reopened.
    package internal(set) var failures: Int
    /// Attempts in which something around the work failed, likewise.
    package internal(set) var faults: Int
    package internal(set) var availableAt: Int64
    /// Nil from the moment at which it was reopened, too.
    package internal(set) var expiresAt: Int64?
    /// Somebody wants it to end while it runs.
    package internal(set) var isCancelRequested: Bool
    /// Tasks that must succeed first.
    package internal(set) var unmet: Int
    /// Poison: it is done, and nothing tries it again but a person.
    package internal(set) var isSetAside: Bool

    /// A task that is being accepted.
    /// - Parameters:
    ///   - availableAt: when it may be claimed at the earliest.
    ///   - unmet: how many tasks must succeed first.
    package init(rules: TaskRules, availableAt: Int64, unmet: Int = 0) {
        self.init(
            restoring: rules,
            state: unmet > 0 ? .blocked : .ready,
            attempt: 0,
            begun: 0,
            failures: 0,
            faults: 0,
            availableAt: availableAt,
            expiresAt: rules.expiresAt,
            isCancelRequested: false,
            unmet: unmet,
            isSetAside: false
        )
    }

    /// A task as a store has kept it.
    package init(
        restoring rules: TaskRules,
        state: State,
        attempt: Int,
        begun: Int,
        failures: Int,
        faults: Int,
        availableAt: Int64,
        expiresAt: Int64?,
        isCancelRequested: Bool,
        unmet: Int,
        isSetAside: Bool
    ) {
        self.rules = rules
        self.state = state
        self.attempt = attempt
        self.begun = begun
        self.failures = failures
        self.faults = faults
        self.availableAt = availableAt
        self.expiresAt = expiresAt
        self.isCancelRequested = isCancelRequested
        self.unmet = unmet
        self.isSetAside = isSetAside
    }

    package var outcome: Outcome? {
        if case .done(let outcome) = state { outcome } else { nil }
    }

    package var phase: Phase? {
        if case .running(let phase) = state { phase } else { nil }
    }

    package func isExpired(at now: Int64) -> Bool { expiresAt.map { $0 <= now } ?? false }
}
