package import OstlerTasks

extension ActionReport.Component {
    /// How many lines of a task's stderr are diagnostics, and how long each may be.
    private static let (diagnosticLines, diagnosticBytes) = (10, 400)

    /// A task that has ended.
    package init(_ result: TaskResult) {
        self.init(
            name: result.id,
            kind: result.executor,
            outcome: result.outcome,
            changed: result.changed,
            duration: result.timing.running
        )
        attempts = result.attempts
        failure = result.error
        guard isFailed else { return }
        if failure == nil {
            ending = result.signal.map { "signal \($0)" } ?? "exit code \(result.exitCode)"
            diagnostics += result.hint.map { [$0] } ?? []
        }
        let words = result.executorStderr.map { Array($0.utf8)[...] } ?? result.errorOutput.bytes[...]
        let lines = words.split(separator: UInt8(ascii: "\n")).suffix(Self.diagnosticLines)
        diagnostics += lines.map { String(decoding: $0.prefix(Self.diagnosticBytes), as: UTF8.self) }
    }
}
