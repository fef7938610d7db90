internal import OstlerTasks

/// Ends a command whose trouble has been told already.
struct Exit: Error {
    let code: Int32

    init(_ outcome: Outcome) {
        code = outcome.exitCode
    }
}
