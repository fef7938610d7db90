package import OstlerProtocol
internal import OstlerSystem
package import OstlerTasks

extension TaskResult {
    /// Of a task that was not accepted.
    package init(refused spec: TaskSpec, _ origin: TaskOrigin, _ problems: [Failure]) {
        let isDenied = problems.contains { $0.code.hasSuffix("_denied") }
        let outcome: Outcome = isDenied ? .denied : .invalid
        self.init(id: spec.id, origin: origin, executor: spec.executor, outcome: outcome, exitCode: -1)
        error = problems.first
        metadata = spec.metadata
        timing.submitted = WallClock.milliseconds
    }
}
