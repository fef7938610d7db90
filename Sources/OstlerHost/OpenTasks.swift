internal import OstlerSystem
internal import OstlerTasks

/// Tasks that have been accepted and are not over, by id.
@LoopActor
final class OpenTasks {
    private var runs: [String: TaskRun] = [:]
    private var whenEmpty: [UnsafeContinuation<Void, Never>] = []

    subscript(id: String) -> TaskRun? { runs[id] }

    var all: [TaskRun] { Array(runs.values) }

    /// False if a task of that id is open already.
    func insert(_ run: TaskRun) -> Bool {
        guard let other = runs.updateValue(run, forKey: run.spec.id) else { return true }
        runs[run.spec.id] = other
        return false
    }

    func remove(_ run: TaskRun) {
        runs[run.spec.id] = nil
        guard runs.isEmpty, !whenEmpty.isEmpty else { return }
        let woken = whenEmpty
        whenEmpty = []
        for continuation in woken { continuation.resume() }
    }

    func waitUntilEmpty() async {
        guard !runs.isEmpty else { return }
        await withUnsafeContinuation { whenEmpty.append($0) }
    }
}
