internal import OstlerJSON
package import OstlerProtocol

/// What can go wrong with a guard itself. Nothing of the task has run.
extension Failure {
    package static func guardFault(_ code: String, _ message: String, hint: String?) -> Failure {
        Failure(code, fault: .task, message: message + "; nothing of the task was run", hint: hint)
    }

    /// - Parameters:
    ///   - what: the guard's command, quoted.
    ///   - reason: why it could not be started.
    package static func guardNotStarted(_ what: String, _ reason: String) -> Failure {
        guardFault(
            "guard_not_started",
            "the guard \(what) could not be started: \(reason)",
            hint: "its program and its directory must be there for the task"
        )
    }

    /// - Parameters:
    ///   - path: of `creates`.
    ///   - reason: why it could not be looked up.
    package static func guardUnanswered(_ path: String, _ reason: String, hint: String?) -> Failure {
        guardFault(
            "guard_unanswered",
            "whether \(Quotation.text(path, longest: 80)) exists cannot be told: \(reason)",
            hint: hint
        )
    }

    package static func guardSignalled(_ command: GuardCommand, _ signal: Int32) -> Failure {
        guardFault(
            "guard_signal",
            "the guard \(command.quoted) was ended by signal \(signal) and gave no answer",
            hint: "a guard has the task's own limits; find out what killed it"
        )
    }
}

extension Failure {
    /// Whether it is a guard's own, and so an answer that is missing.
    package var isOfGuard: Bool { code.hasPrefix("guard_") }
}

extension GuardCommand {
    /// As messages name it.
    package var quoted: String { Quotation.text(text, longest: 80) }
}
