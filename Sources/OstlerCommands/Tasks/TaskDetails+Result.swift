internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks

extension TaskDetails {
    /// Writes the result of a task that is done; of one that never ran, what there would be of it.
    func encodeResult(into writer: inout JSONWriter) {
        if let result { return writer.raw(result) }
        var never = TaskResult(
            id: summary.name,
            origin: summary.origin,
            executor: summary.executor,
            outcome: summary.outcome ?? .infra,
            exitCode: -1
        )
        never.attempts = begun
        never.timing.submitted = summary.submittedAt
        never.encode(into: &writer)
    }

    /// Says on stderr how a task ended that did not succeed, as `run` does.
    /// - Returns: the exit code of its run.
    func tellEnd() -> Int32 {
        guard let outcome = summary.outcome else { return Outcome.infra.exitCode }
        guard !outcome.satisfiesDependents else { return outcome.exitCode }
        let told = result.flatMap { try? JSONValue(parsing: $0) }
        let more = "`ostler explain \(summary.id)` tells more"
        if let error = told?["error"], let message = error["message"]?.string {
            Log.error(message, code: error["code"]?.string, .init(task: summary.id.description))
            Log.detail("  hint: \(error["hint"]?.string ?? more)")
        } else {
            let how = told?["exit_code"]?.int.map { ": exit code \($0)" } ?? ""
            Log.info(outcome.rawValue + how, hint: told?["hint"]?.string ?? more, .init(task: summary.id.description))
        }
        return outcome.exitCode
    }
}
