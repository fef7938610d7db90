internal import OstlerTasks

extension TaskResult.Guarding {
    /// Says on stderr what guards did to a task. That something counts as success in spite of its exit code is a warning.
    func tell(_ subject: Log.Subject = .init()) {
        switch (effect, member) {
        case (.executed, "creates"): Log.warning(detail, subject)
        case (.executed, _): Log.debug(text, subject)
        case (.wouldExecute, _): Log.info(detail, subject)
        case (.stable, _), (.skipped, _): Log.info(text, subject)
        }
    }
}
