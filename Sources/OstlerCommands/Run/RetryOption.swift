internal import OstlerCommandLine
internal import OstlerTasks

/// `--retry`, of all commands that take tasks.
enum RetryOption {
    static let option = CommandOption.value(
        "retry",
        "N[:BACKOFF[:MIN[:MAX]]]",
        "Tries in all, how the wait between them grows (constant, linear, exponential), from what, to what."
    )

    /// What was asked for; nil for nothing.
    static func policy(_ arguments: Arguments) throws(UsageError) -> RetryPolicy? {
        guard let text = arguments.value(option) else { return nil }
        guard let retry = RetryPolicy(text) else {
            let most = RetryPolicy.mostAttempts
            throw UsageError("--retry \(text): write it as 3, or 5:exponential:1s:60s, with at most \(most) tries")
        }
        return retry
    }
}
