internal import OstlerProtocol
package import OstlerTasks

/// What is measured of one command's work. How many series there are does not grow with the number of tasks: labels are
/// executors, types of resources and closed sets of words.
package struct ActionMetrics: Sendable {
    private struct Kind: Hashable, Comparable {
        var kind: String
        var word: String

        static func < (left: Kind, right: Kind) -> Bool { (left.kind, left.word) < (right.kind, right.word) }
    }

    private let action: String
    private var durations: [String: DurationHistogram] = [:]
    private var outcomes: [Kind: UInt64] = [:]
    private var states: [Kind: UInt64] = [:]
    private var errors: [String: UInt64] = [:]
    private var health: [Kind: ActionReport.Component.Health] = [:]
    private var retries: UInt64 = 0
    private var status: ActionReport.Status?
    private var runDuration: Int64 = 0

    /// Codes of errors come from plugins, and names of executors from whoever wrote a task: beyond so many of each they
    /// are counted together.
    static let mostWords = 100
    static let otherWords = "other"

    /// - Parameter action: the command, such as `run`.
    package init(action: String) {
        self.action = action
    }

    /// Counts a component that has ended: its duration, its outcome, its one state, its error.
    package mutating func count(_ component: ActionReport.Component) {
        let kind = Self.bounded(component.kind, in: durations)
        durations[kind, default: DurationHistogram()].add(component.duration)
        outcomes[Kind(kind: kind, word: component.outcome.rawValue), default: 0] += 1
        states[Kind(kind: kind, word: component.state.rawValue), default: 0] += 1
        retries += UInt64(max(0, component.attempts - 1))
        guard component.isFailed else { return }
        errors[Self.bounded(component.failure?.code ?? component.outcome.rawValue, in: errors), default: 0] += 1
    }

    private static func bounded<Value>(_ word: String, in known: [String: Value]) -> String {
        known[word] != nil || known.count < mostWords ? word : otherWords
    }

    /// Says how something is whose name is one of few: an executor, a resource of a manifest.
    package mutating func set(_ health: ActionReport.Component.Health, of name: String, kind: String) {
        self.health[Kind(kind: kind, word: name)] = health
    }

    /// Says how long the command has run, in microseconds, and what it came to; nil while it runs.
    package mutating func set(duration: Int64, status: ActionReport.Status?) {
        (runDuration, self.status) = (duration, status)
    }

    /// All of it in Prometheus' text form.
    package var prometheus: String {
        var output = PrometheusText()
        let own: PrometheusText.Labels = [("action", action)]
        writeExecutorMetrics(own, to: &output)
        for (name, help, word, counts) in [
            ("ostler_tasks_total", "Tasks and resources that ended, by outcome.", "outcome", outcomes),
            (
                "ostler_events_total", "Tasks and resources that ended, each counted once, by what they came to.",
                "state", states
            ),
        ] where !counts.isEmpty {
            output.begin(name, .counter, help)
            for (key, count) in counts.sorted(by: { $0.key < $1.key }) {
                output.sample(own + [("kind", key.kind), (word, key.word)], "\(count)")
            }
        }
        output.begin("ostler_retries_total", .counter, "Attempts beyond the first.")
        output.sample(own, "\(retries)")
        output.begin("ostler_run_duration_seconds", .gauge, "How long the command has run.")
        output.sample(own, Seconds.text(microseconds: runDuration))
        return output.text
    }

    private func writeExecutorMetrics(_ own: PrometheusText.Labels, to output: inout PrometheusText) {
        if !durations.isEmpty {
            output.begin("executor_action_duration_seconds", .histogram, "How long tasks and resources took.")
            for (kind, histogram) in durations.sorted(by: { $0.key < $1.key }) {
                histogram.write(own + [("kind", kind)], to: &output)
            }
        }
        output.begin("executor_action_status", .gauge, "What the command came to: 1 for the status that holds.")
        let current = status?.rawValue ?? "running"
        for word in ["running"] + ActionReport.Status.allCases.map(\.rawValue) {
            output.sample(own + [("status", word)], word == current ? "1" : "0")
        }
        if !health.isEmpty {
            output.begin("executor_component_health", .gauge, "1 healthy, 0.5 degraded, 0 unhealthy.")
            for (key, health) in health.sorted(by: { $0.key < $1.key }) {
                output.sample(own + [("kind", key.kind), ("component", key.word)], health.value)
            }
        }
        output.begin("executor_errors_total", .counter, "Tasks and resources that failed, by type of error.")
        for (type, count) in errors.sorted(by: { $0.key < $1.key }) {
            output.sample(own + [("type", type)], "\(count)")
        }
    }
}

extension ActionReport.Component.Health {
    fileprivate var value: String {
        switch self {
        case .healthy: "1"
        case .degraded: "0.5"
        case .unhealthy: "0"
        }
    }
}

extension Outcome {
    /// How the executor is that gave this outcome: a task that failed says nothing against it.
    package var executorHealth: ActionReport.Component.Health? {
        switch self {
        case .succeeded, .failed, .limit, .cancelled, .partial, .timeout: .healthy
        case .executorCrash, .executorProtocol, .sandboxError: .unhealthy
        case .skipped, .dependencyFailed, .invalid, .denied, .expired, .lost, .infra: nil
        }
    }
}
