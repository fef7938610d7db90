internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks

/// Why a task that is not done has not got further.
struct WaitingCause {
    let details: TaskDetails
    let store: any TaskStore
    /// Milliseconds since 1970.
    let now: Int64

    func cause() throws -> TaskStory.Cause {
        switch details.summary.state {
        case .blocked: try blocked()
        case .ready: try ready()
        case .running: running
        case .done: .init("it is done")
        }
    }

    private func blocked() throws -> TaskStory.Cause {
        let open = try details.dependencies.compactMap { task -> TaskSummary? in
            let summary = try store.details(of: task).summary
            return summary.outcome == nil ? summary : nil
        }
        let list = open.map { "\($0.id) (\($0.stateText))" }.joined(separator: ", ")
        return .init(
            "it waits for task \(list)",
            task: open.first?.id,
            next: open.first.map { "`ostler explain \($0.id)` tells how far that is" }
        )
    }

    private func ready() throws -> TaskStory.Cause {
        let summary = details.summary
        if summary.availableAt > now {
            let wait = TimeText.brief(milliseconds: summary.availableAt - now)
            let what = summary.attempt > 0 ? "its next try comes" : "it may begin"
            return .init("\(what) in \(wait), at \(TimeText.clock(milliseconds: summary.availableAt))")
        }
        let queue = try store.statistics(at: now).first { $0.queue == summary.queue }
        if queue?.isPaused == true {
            return .init("the queue \(summary.queue) is paused", next: "`ostler queue resume \(summary.queue)`")
        }
        let workers = try store.workers().filter { $0.state == .active }
        guard !workers.isEmpty else { return .init("no worker is running", next: "`ostler worker` starts one") }
        let offering = workers.filter { $0.registration.executors.contains(summary.executor) }
        guard !offering.isEmpty else {
            return .init(
                "no worker offers the executor \(summary.executor)",
                next: "start one where the plugin is let in: `ostler plugin list` shows what there is"
            )
        }
        let covering = offering.filter { details.needs.isSubset(of: $0.registration.labels) }
        guard !covering.isEmpty else {
            let missing = details.needs.subtracting(offering.reduce(into: []) { $0.formUnion($1.registration.labels) })
            let words = (missing.isEmpty ? details.needs : missing).sorted().joined(separator: ",")
            return .init("no worker covers what it needs: \(words)", next: "`ostler worker --labels \(words)`")
        }
        let slots = covering.reduce(0) { $0 + $1.registration.slots }
        let taken = covering.reduce(0) { $0 + $1.running }
        let ahead = queue.map { ", \($0.ready) tasks of its queue are ready" } ?? ""
        return taken >= slots
            ? .init("all \(slots) slots of the workers that could run it are taken\(ahead)")
            : .init("its turn has come: a worker should claim it soon\(ahead)")
    }

    private var running: TaskStory.Cause {
        let attempt = details.attempts.last
        let since = attempt.map { TimeText.brief(milliseconds: now - $0.claimedAt) } ?? "now"
        let asked = details.summary.isCancelRequested ? "; it is to end, and its worker is told" : ""
        return .init(
            "attempt \(details.summary.attempt) runs on worker \(attempt?.worker.description ?? "?") for \(since)\(asked)",
            next: "`ostler tasks logs \(details.summary.id) --follow` shows what it writes"
        )
    }
}
