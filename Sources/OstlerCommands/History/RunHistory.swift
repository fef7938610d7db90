internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// Keeps what `run` ran, for the history.
@LoopActor
final class RunHistory {
    /// Runs that are written together.
    private static let batch = 100

    private let store: any TaskStore
    private var pending: [FinishedRun] = []
    private var open = 0
    private var failure: Failure?
    private var whenIdle: UnsafeContinuation<Void, Never>?

    nonisolated init(_ store: any TaskStore) {
        self.store = store
    }

    /// Takes a task that is over. The loop does not wait for the disk.
    func add(_ spec: TaskSpec, _ result: TaskResult) {
        var document = JSONWriter()
        spec.encode(into: &document)
        var told = JSONWriter()
        result.encode(into: &told)
        let submitted = result.timing.submitted
        let started = submitted + result.timing.queued / 1000
        pending.append(
            FinishedRun(
                Submission(spec, document: document.bytes, origin: result.origin),
                AttemptEnd(result),
                result: told.bytes,
                submittedAt: submitted,
                startedAt: started,
                endedAt: started + result.timing.running / 1000
            )
        )
        if pending.count >= Self.batch { flush() }
    }

    private func flush() {
        let (runs, store) = (pending, store)
        pending = []
        guard !runs.isEmpty else { return }
        open += 1
        WorkerThread.shared.perform {
            Result { () throws(Failure) in _ = try store.record(runs) }
        } reply: { result in
            self.written(result)
        }
    }

    private func written(_ result: Result<Void, Failure>) {
        open -= 1
        if case .failure(let failure) = result { self.failure = self.failure ?? failure }
        guard open == 0 else { return }
        whenIdle?.resume()
        whenIdle = nil
    }

    /// Waits until all is written; tells what was not.
    /// - Returns: whether all of it was.
    func finish() async -> Bool {
        flush()
        if open > 0 { await withUnsafeContinuation { whenIdle = $0 } }
        guard let failure else { return true }
        Log.failure(failure)
        Log.error("what was run is not in the history", code: "history_lost")
        return false
    }
}
