package import OstlerTasks

extension ActionReport.Component {
    /// A task that has ended.
    package init(_ result: TaskResult) {
        let isNoop = result.guarding?.effect == .wouldExecute
        self.init(
            name: result.id,
            kind: result.executor,
            outcome: result.outcome,
            changed: result.changed && !isNoop,
            duration: result.timing.running
        )
        self.isNoop = isNoop
        isRefreshed = result.guarding?.effect == .executed && result.guarding?.member == "subscribe"
        attempts = result.attempts
        failure = result.error
        guard isFailed else { return }
        if failure == nil {
            ending = result.signal.map { "signal \($0)" } ?? "exit code \(result.exitCode)"
            diagnostics += result.hint.map { [$0] } ?? []
        }
        diagnostics += result.lastWords
    }
}
