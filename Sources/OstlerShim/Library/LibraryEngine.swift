internal import Glibc
internal import OstlerJSON
internal import OstlerPluginWire
internal import OstlerProtocol
internal import OstlerSystem
internal import Synchronization

/// Serves tasks by a library of the kind `library`. Its tasks run on a thread of their own, so that the host is heard
/// meanwhile.
final class LibraryEngine: ShimEngine, Sendable {
    private let interface: LibraryInterface
    private let answers: ShimAnswers
    private let frameBytes: Int
    private let worker = WorkerThread()
    private let current = Mutex<LibraryTask?>(nil)

    init(_ shim: ShimRequest, _ config: JSONValue, _ answers: ShimAnswers, frameBytes: Int) throws(Failure) {
        interface = try LibraryInterface(shim.library, config: config)
        self.answers = answers
        self.frameBytes = frameBytes
    }

    func execute(_ id: [UInt8], _ call: ExecuteCall) {
        let task = LibraryTask(call.request.task, answers, frameBytes: frameBytes)
        current.withLock { $0 = task }
        worker.perform { [self] in
            let status = task.withC(call.request) { interface.execute($0) }
            let result = task.end(status)
            current.withLock { $0 = nil }
            answers.sendAll { $0.answer(id) { result.encode(into: &$0) } }
        }
    }

    func cancel(_ task: String) -> CancelResult.State {
        guard let running = current.withLock({ $0 }), running.id == task else { return .unknown }
        guard running.cancel() else { return .tooLate }
        interface.cancel(task)
        return .cancelling
    }

    func health() -> HealthResult { interface.health() }

    /// Lets the library close itself, unless it is still at a task.
    func close() {
        if current.withLock({ $0 == nil }) { interface.close() }
    }
}
