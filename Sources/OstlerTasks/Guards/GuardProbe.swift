package import OstlerProtocol

/// What guards ask of the machine, as the task itself would see it. A failure is the guard's own: it could not be asked.
package protocol GuardProbe {
    /// Whether a path exists in the view of the task, be it a file, a directory or anything else.
    func exists(_ path: String) async throws(Failure) -> Bool

    /// Runs a guard's command as the task's own would run.
    /// - Returns: its exit code. A command that ended by a signal or a time-out has none, and is a failure.
    func run(_ command: GuardCommand) async throws(Failure) -> Int32
}
