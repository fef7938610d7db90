internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// What would become of a task if it were submitted now: the story of one that left nothing behind, too.
struct SubmissionExplanation {
    let story: TaskStory
    /// Whether it would be accepted.
    let isAccepted: Bool

    /// - Parameters:
    ///   - problems: what validation and policy say against it.
    ///   - submission: nil if they say anything.
    ///   - now: milliseconds since 1970.
    init(
        _ spec: TaskSpec,
        _ problems: [Failure],
        _ submission: Submission?,
        in store: any TaskStore,
        capacity: Int?,
        at now: Int64
    ) throws {
        let title = "\(spec.executor), if it were submitted now"
        guard let submission else {
            let refused = problems.map { TaskStory.Entry(Self.phase(of: $0), $0.message) }
            let first = problems.first
            let cause = TaskStory.Cause(first?.message ?? "refused", code: first?.code, next: first?.hint)
            story = TaskStory(title: "\(title): refused", cause: cause, entries: refused)
            isAccepted = false
            return
        }
        var entries = submission.notes.map { note -> TaskStory.Entry in
            let words = NoteWords(note.topic, note.detail.flatMap { try? JSONValue(parsing: $0) })
            return TaskStory.Entry(words.phase, words.text, detail: note.detail)
        }
        let queue = try store.statistics(at: now).first { $0.queue == submission.queue }
        let waiting = queue.map { $0.blocked + $0.ready + $0.delayed } ?? 0
        let room = "waiting in the queue \(submission.queue): \(waiting)" + (capacity.map { " of \($0)" } ?? "")
        entries.append(TaskStory.Entry(.queue, room + (queue?.isPaused == true ? "; it is paused" : "")))
        let workers = try store.workers().filter { $0.state == .active }
        let able = workers.filter {
            $0.registration.executors.contains(submission.executor)
                && submission.needs.isSubset(of: $0.registration.labels)
        }
        entries.append(TaskStory.Entry(.route, "\(able.count) of \(workers.count) workers could run it"))
        isAccepted = capacity.map { waiting < $0 } ?? true
        let cause: TaskStory.Cause =
            isAccepted
            ? .init("nothing stands against it", next: "`ostler submit` with the same words")
            : .init(
                "the queue \(submission.queue) is full: \(waiting) of \(capacity ?? 0) wait",
                code: StoreCode.queueFull.rawValue,
                next: workers.isEmpty
                    ? "no worker is running: `ostler worker` starts one"
                    : "submit it when workers have caught up, or raise store.capacity"
            )
        story = TaskStory(title: "\(title): \(isAccepted ? "accepted" : "refused")", cause: cause, entries: entries)
    }

    private static func phase(of problem: Failure) -> TaskStory.Phase {
        problem.code.hasSuffix("_denied") ? .policy : .validation
    }

    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("accepted")
        writer.bool(isAccepted)
        story.encodeMembers(into: &writer)
        writer.endObject()
    }
}
