internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerTasks

/// What a task's guards say before it is run.
struct PlannedDecision {
    private enum Verdict {
        case decided(TaskResult.Guarding)
        /// A guard could not be asked.
        case undecided(Failure)
    }

    private let verdict: Verdict
    /// That of a plan: a guard that cannot be asked is a failure.
    let outcome: Outcome

    private init(verdict: Verdict, outcome: Outcome) {
        (self.verdict, self.outcome) = (verdict, outcome)
    }

    /// - Parameter result: of the task on a host where nothing is executed.
    init(_ result: TaskResult) {
        if let guarding = result.guarding {
            self.init(verdict: .decided(guarding), outcome: .succeeded)
        } else {
            let failure = result.error ?? Failure("guard_stopped", fault: .task, message: "the guards did not answer")
            self.init(verdict: .undecided(failure), outcome: result.outcome)
        }
    }

    /// `would run`, `would not run: /opt/app exists (creates)`.
    var text: String {
        switch verdict {
        case .decided(let guarding):
            switch guarding.effect {
            case .wouldExecute, .executed:
                return "would run" + (guarding.member.map { ", whatever the other guards say (\($0))" } ?? "")
            case .stable, .skipped:
                return "would not run: \(guarding.detail)" + (guarding.member.map { " (\($0))" } ?? "")
            }
        case .undecided(let failure): return "cannot be told: \(failure.message)"
        }
    }

    func encode(into writer: inout JSONWriter) {
        switch verdict {
        case .decided(let guarding): guarding.encode(into: &writer)
        case .undecided(let failure):
            writer.beginObject()
            writer.key("effect")
            writer.string("failed")
            writer.key("detail")
            writer.string(failure.message)
            writer.key("error")
            failure.encode(into: &writer)
            writer.endObject()
        }
    }
}
