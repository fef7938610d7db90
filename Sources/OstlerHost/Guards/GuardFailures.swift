internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks

/// What can go wrong with a guard itself. Nothing of the task has run.
extension Failure {
    static func guardNotStarted(_ what: String, _ failure: LaunchFailure) -> Failure {
        guardNotStarted(what, "\(failure.stage): \(Errno.message(failure.errno))")
    }

    static func guardUnanswered(_ path: String, _ code: Int32) -> Failure {
        guardUnanswered(path, Errno.message(code), hint: "the task's sandbox must be able to look it up")
    }

    static func guardEnvironment(_ variable: String) -> Failure {
        guardFault(
            "guard_environment",
            "the variable \(Quotation.text(variable)) is not text, and guards have no other",
            hint: "leave the guard out, or write the variable as text"
        )
    }

    static func guardStopped(_ what: String) -> Failure {
        guardFault("guard_stopped", "the guard \(what) was ended before it gave an answer", hint: nil)
    }
}
