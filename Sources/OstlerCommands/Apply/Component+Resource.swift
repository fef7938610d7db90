internal import OstlerProtocol
internal import OstlerResources
internal import OstlerTasks
internal import OstlerTelemetry

extension ActionReport.Component {
    /// A resource of a manifest that was dealt with.
    init(_ outcome: ResourceOutcome) {
        self.init(
            name: outcome.title,
            kind: outcome.reference.type,
            outcome: outcome.verdict,
            changed: outcome.changed && !outcome.isNoop,
            duration: outcome.microseconds
        )
        // What would be left alone is as stable without effects as with them.
        isNoop = outcome.isNoop && (outcome.changed || outcome.state == .unknown)
        isRefreshed = outcome.state == .refreshed
        attempts = outcome.attempts
        failure = outcome.error
        if !outcome.unmet.isEmpty { ending = "unmet: " + outcome.unmet.map(\.description).joined(separator: ", ") }
        guard isFailed || outcome.isDegraded else { return }
        let unwell = outcome.checks.filter { $0.status != .ok }
        diagnostics = unwell.map { "\($0.name) \($0.status.rawValue): \($0.output)" } + outcome.lastWords
        // What it said last is among the diagnostics, and recommends nothing.
        if failure?.code == "desired_state_failed" { failure?.hint = nil }
    }

    /// A resource that a second pass had to change.
    init(changedAgain outcome: ResourceOutcome) {
        self.init(outcome)
        guard outcome.state != .failed else { return }
        self.outcome = .failed
        failure = .notIdempotent(outcome)
    }
}

extension Failure {
    static func notIdempotent(_ outcome: ResourceOutcome) -> Failure {
        let differences = outcome.differences.isEmpty ? "" : ": " + outcome.differences.joined(separator: ", ")
        return Failure(
            "not_idempotent",
            fault: .task,
            sideEffects: .done,
            message: "a second pass did \(outcome.title) again" + differences,
            hint: "say when it is not needed, with creates, onlyif or unless; or let no other resource undo it"
        )
    }
}
