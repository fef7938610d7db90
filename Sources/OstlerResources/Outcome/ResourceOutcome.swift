package import OstlerProtocol
package import OstlerTasks

/// What became of one resource. Plain data, for whoever reports it.
package struct ResourceOutcome: Sendable {
    /// In the order in which one of several counts.
    package enum State: String, Sendable, CaseIterable {
        case failed
        /// What it requires failed, or was itself not done.
        case unmet = "unmet_requirement"
        /// Its control says that it is not its turn.
        case skipped
        /// It was executed because something else changed.
        case refreshed
        case changed
        /// Without effects it cannot be known what would become of it.
        case unknown
        case stable
    }

    package internal(set) var reference: GuardReference
    package internal(set) var alias: String?
    /// Where it stands: `site.yaml:3:5`.
    package let place: String
    /// The provider of an exec, the executor of a task, `posix` for a file.
    package let provider: String
    package var state = State.stable
    package var isNoop = false
    /// Whether it would not have been done in a real run, either.
    package var isNoopItself = false
    /// Whether something is otherwise than before, or would be.
    package var changed = false
    /// What kept it from being executed; nil if nothing did.
    package var stability: GuardDecision.Stability?
    /// What it is subscribed to and that made it run, as the manifest names it.
    package internal(set) var trigger: GuardReference?
    package internal(set) var answers = GuardAnswers()
    /// Whether what it is about is there, if that was looked at: a file as it is now, a directory; the path of `creates`.
    package internal(set) var ensure: FileResource.Ensure?
    /// Under noop, what would be done.
    package var message: String?
    /// Why a bad exit code counts as success; nil where none did.
    package internal(set) var excuse: String?
    /// Under noop and ``State/unknown``: whether it would change if nothing before it did.
    package var changesAsThingsAre: Bool?
    package var unmet: [GuardReference] = []
    package var error: Failure?
    /// Whether the error is the task's outcome or another, for the exit code.
    package var outcome = Outcome.succeeded
    package var exitCode: Int32?
    package var signal: Int32?
    /// What of a file is different: `content`, `mode 0600 -> 0644`.
    package var differences: [String] = []
    /// Line by line, if it was asked for and may be shown.
    package var diff: String?
    package var checks: [CheckOutcome] = []
    /// How often its task was tried; 0 if it was not executed.
    package var attempts = 0
    /// The end of what its task wrote on stderr, line by line, if it failed.
    package var lastWords: [String] = []
    /// From its turn to its end, in microseconds.
    package var microseconds: Int64 = 0
    /// The certificate of its last execution as JSON text.
    package var isolation: [UInt8]?

    package init(reference: GuardReference, alias: String?, place: String, provider: String) {
        self.reference = reference
        self.alias = alias
        self.place = place
        self.provider = provider
    }

    mutating func take(_ answers: GuardAnswers) {
        self.answers = answers
        ensure = answers.creates.map { $0 ? .present : .absent }
    }

    mutating func take(created: Bool?) {
        var now = answers
        now.creates = created
        take(now)
    }

    /// What one health check said at last.
    package struct CheckOutcome: Sendable, Equatable {
        package let name: String
        package let status: HealthStatus
        /// What it wrote, without space around it.
        package let output: String
        package let tries: Int

        package init(name: String, status: HealthStatus, output: String, tries: Int) {
            (self.name, self.status, self.output, self.tries) = (name, status, output, tries)
        }
    }

    /// Whether it would change, or may, and is not to be done by its own word.
    package var isWithheld: Bool {
        switch state {
        case .refreshed, .changed, .unknown: isNoopItself
        case .failed, .unmet, .skipped, .stable: false
        }
    }

    /// A health check that warns, and nothing worse.
    package var isDegraded: Bool { error == nil && checks.contains { $0.status == .warning } }

    /// As logs name it.
    package var title: String { alias.map { "\(reference) (\($0))" } ?? reference.description }

    /// What others that name it are told. What failed has changed nothing that they could rely on.
    package var event: PriorEvent {
        let isUnmet = state == .failed || state == .unmet
        return PriorEvent(changed: changed && !isUnmet, isUnmet: isUnmet)
    }

    /// The outcome by which the exit code of the whole is told.
    package var verdict: Outcome {
        switch state {
        case .failed: outcome == .succeeded ? .failed : outcome
        case .unmet: .dependencyFailed
        case .skipped: .skipped
        case .refreshed, .changed, .unknown, .stable: isDegraded ? .partial : .succeeded
        }
    }
}

/// What guards were answered; nil for what was not asked.
package struct GuardAnswers: Sendable, Equatable {
    /// Whether the path of `creates` exists: after an execution, if it does then.
    package var creates: Bool?
    /// Whether the command of `onlyif` ended with 0.
    package var onlyif: Bool?
    /// Whether the command of `unless` ended with 0.
    package var unless: Bool?

    package init() {}
}

/// How many of each there were.
package struct ResourceTally: Sendable, Equatable {
    package private(set) var counts: [ResourceOutcome.State: Int] = [:]
    /// Those that were executed because something else changed; they are among the changed, too.
    package private(set) var refreshed = 0
    /// Those that would have changed, or may have, and are `noop` themselves; they are among no others.
    package private(set) var noop = 0
    package private(set) var degraded = 0
    /// Resources that were not come to.
    package var notReached = 0
    private var outcomes: [Outcome: Int] = [:]

    package init() {}

    package mutating func add(_ outcome: ResourceOutcome) {
        count(outcome)
        if outcome.isDegraded { degraded += 1 }
        outcomes[outcome.verdict, default: 0] += 1
    }

    private mutating func count(_ outcome: ResourceOutcome) {
        guard !outcome.isWithheld else { return noop += 1 }
        let isRefreshed = outcome.state == .refreshed
        counts[isRefreshed ? .changed : outcome.state, default: 0] += 1
        if isRefreshed { refreshed += 1 }
    }

    package func count(_ state: ResourceOutcome.State) -> Int { counts[state] ?? 0 }

    package var total: Int { counts.values.reduce(noop, +) }

    /// As for many tasks.
    package var exitCode: Int32 {
        let codes = Set(outcomes.keys.map(\.exitCode))
        guard codes.count <= 1 else { return 2 }
        return codes.first ?? 0
    }
}
