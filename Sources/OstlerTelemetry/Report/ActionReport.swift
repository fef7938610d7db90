package import OstlerProtocol
package import OstlerTasks

/// What one command did, from its start to its end: what it dealt with, what became of each, and what to do about it.
/// Where the components come from is of no matter here: tasks of a file, resources of a manifest, attempts of a worker.
package struct ActionReport: Sendable {
    /// What the command as a whole came to, by its exit code.
    package enum Status: String, Sendable, CaseIterable {
        case success
        case failure
        case partial
        case invalid
        case timeout
        case error
        case interrupted

        package init(exitCode: Int32) {
            self =
                switch exitCode {
                case 0: .success
                case 1: .failure
                case 2: .partial
                case 3: .invalid
                case 4: .timeout
                case 129...: .interrupted
                default: .error
                }
        }
    }

    /// The command, such as `run` or `apply`.
    package let action: String
    package let runID: String
    /// The trace that the run belongs to, in hexadecimal; nil if it belongs to none.
    package var traceID: String?
    /// Milliseconds since 1970.
    package let startedAt: Int64
    /// Microseconds from its start to its end.
    package var duration: Int64 = 0
    package var exitCode: Int32 = 0
    /// In the order in which they ended, as far as they are kept.
    package private(set) var components: [Component] = []
    /// Those that are only counted.
    package private(set) var omitted = 0
    package private(set) var outcomes: [Outcome: Int] = [:]
    package private(set) var states: [Component.State: Int] = [:]
    package private(set) var durations = Durations()
    /// Attempts beyond the first of each component.
    package private(set) var retries = 0
    private var keptGood = 0
    private var keptBad = 0
    private let limit: Int

    /// How many components a report keeps of those that are as they should be, and how many of the others.
    package static let keptComponents = 10_000

    package init(action: String, runID: String, startedAt: Int64, keeping limit: Int = Self.keptComponents) {
        (self.action, self.runID, self.startedAt, self.limit) = (action, runID, startedAt, limit)
    }

    /// Takes a component that has ended.
    package mutating func add(_ component: Component) {
        outcomes[component.outcome, default: 0] += 1
        states[component.state, default: 0] += 1
        durations.add(component.duration)
        retries += max(0, component.attempts - 1)
        let kept = component.isFailed ? keptBad : keptGood
        guard kept < limit else {
            omitted += 1
            return
        }
        if component.isFailed { keptBad += 1 } else { keptGood += 1 }
        components.append(component)
    }

    package var status: Status { Status(exitCode: exitCode) }

    /// All components, those that are only counted included.
    package var total: Int { outcomes.values.reduce(0, +) }

    /// Those that did not become what they should be.
    package var failures: [Component] { components.filter(\.isFailed) }
}

extension ActionReport {
    /// How long components took, in microseconds.
    package struct Durations: Sendable, Equatable {
        package private(set) var total: Int64 = 0
        package private(set) var shortest: Int64 = 0
        package private(set) var longest: Int64 = 0
        private var count: Int64 = 0

        package init() {}

        mutating func add(_ duration: Int64) {
            total += duration
            shortest = count == 0 ? duration : min(shortest, duration)
            longest = max(longest, duration)
            count += 1
        }

        package var mean: Int64 { count == 0 ? 0 : total / count }
    }

    /// One thing that was dealt with.
    package struct Component: Sendable {
        /// What it came to, in one word. Each component has one: the first that holds, in this order.
        package enum State: String, Sendable, CaseIterable {
            case failed
            /// Nothing was done, since the run only tells what it would do.
            case noop
            case skipped
            /// Changed because something that it follows has changed.
            case refreshed
            case changed
            case stable
        }

        /// How it is now.
        package enum Health: String, Sendable, CaseIterable {
            case healthy
            case degraded
            case unhealthy
        }

        /// The id of a task, or the type and name of a resource.
        package var name: String
        /// The executor of a task, or the type of a resource.
        package var kind: String
        package var outcome: Outcome
        /// Whether anything was changed by it, or may have been.
        package var changed: Bool
        package var isRefreshed = false
        package var isNoop = false
        /// Microseconds.
        package var duration: Int64
        package var attempts = 1
        package var failure: Failure?
        /// How it ended, such as `exit code 3`, where there is no failure to say why.
        package var ending: String?
        /// What helps to find out why it failed, line by line, such as the last words on stderr.
        package var diagnostics: [String] = []
        /// As a health check has found it; nil for what follows from the outcome.
        package var observedHealth: Health?

        package init(name: String, kind: String, outcome: Outcome, changed: Bool, duration: Int64) {
            (self.name, self.kind, self.outcome) = (name, kind, outcome)
            (self.changed, self.duration) = (changed, duration)
        }

        /// The same with all of its texts rewritten, so that what must not be told stands in none of them.
        package func concealed(_ conceal: (String) -> String) -> Component {
            var told = self
            told.name = conceal(name)
            told.ending = ending.map(conceal)
            told.diagnostics = diagnostics.map(conceal)
            told.failure = failure.map { $0.concealed(conceal) }
            return told
        }

        package var isFailed: Bool { !outcome.satisfiesDependents }

        package var state: State {
            if isFailed { return .failed }
            if isNoop { return .noop }
            if outcome == .skipped { return .skipped }
            if isRefreshed { return .refreshed }
            return changed ? .changed : .stable
        }

        package var health: Health {
            if let observedHealth { return observedHealth }
            return outcome == .partial ? .degraded : isFailed ? .unhealthy : .healthy
        }
    }
}
