internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// The story of a task that a store has.
struct TaskExplanation {
    /// More events than these are not read: a task that is tried again and again would fill memory.
    private static let mostEvents = 10_000
    private static let lastWordLines = 3

    let details: TaskDetails
    let story: TaskStory

    /// - Parameter now: milliseconds since 1970.
    init(of task: TaskID, in store: any TaskStore, at now: Int64) throws {
        var details = try store.details(of: task)
        if details.summary.outcome == nil, let expires = details.summary.expiresAt, expires <= now {
            // Nobody may have looked since.
            _ = try store.expire(at: now)
            details = try store.details(of: task)
        }
        let events = try store.events(of: task, after: 0, limit: Self.mostEvents)
        let cause =
            if let outcome = details.summary.outcome {
                try EndCause(details, events, store).cause(outcome)
            } else {
                try WaitingCause(details: details, store: store, now: now).cause()
            }
        let summary = details.summary
        story = TaskStory(
            title:
                "task \(task) \(Quotation.text(summary.name, longest: 60)) (\(summary.executor)): \(summary.stateText)"
                + (summary.attempt > 1 ? " after \(summary.attempt) attempts" : ""),
            cause: cause,
            lastWords: Self.lastWords(details),
            entries: events.map { TaskStory.Entry($0, of: details) }
        )
        self.details = details
    }

    /// The end of stderr of what did not succeed.
    private static func lastWords(_ details: TaskDetails) -> [String] {
        guard let outcome = details.summary.outcome, !outcome.satisfiesDependents,
            let result = details.result.flatMap({ try? JSONValue(parsing: $0) })
        else { return [] }
        let text = result["executor_stderr"]?.string ?? result["stderr"]?["text"]?.string ?? ""
        return text.textLines.suffix(lastWordLines).map(String.init)
    }

    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("task")
        details.summary.encode(into: &writer)
        story.encodeMembers(into: &writer)
        writer.endObject()
    }
}
