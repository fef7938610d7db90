internal import OstlerForeign
internal import OstlerJSON
internal import OstlerPluginWire
internal import OstlerProtocol

/// Serves tasks by calls of the functions that a manifest declares. One thread, one call at a time.
final class ForeignEngine: ShimEngine {
    private let executors: [PreparedExecutor]
    private let releases: Releases
    private let arena = Arena()
    private let answers: ShimAnswers
    /// The longest result that fits a frame with all that is around it.
    private let resultBytes: Int

    /// Loads the library and looks up every symbol that the table names.
    init(_ shim: ShimRequest, _ answers: ShimAnswers, frameBytes: Int) throws(Failure) {
        let table: ForeignTable
        do throws(ForeignProblem) {
            table = try ForeignTable(reading: .object(shim.members))
        } catch {
            throw Failure("invalid_table", fault: .executor, message: "\(error.pointer): \(error.message)")
        }
        let library = try LoadedLibrary(shim.library)
        var functions: [String: PreparedFunction] = [:]
        for (name, function) in table.functions.sorted(by: { $0.key < $1.key }) {
            functions[name] = try PreparedFunction(function, in: library)
        }
        executors = table.executors.map { PreparedExecutor($0, functions) }
        releases = try Releases(table.releases, in: library)
        self.answers = answers
        resultBytes = frameBytes - 8192
    }

    func execute(_ id: [UInt8], _ call: ExecuteCall) {
        let result = perform(call)
        answers.send { $0.answer(id) { result.encode(into: &$0) } }
    }

    /// A call cannot be stopped from inside; the host ends the process.
    func cancel(_ task: String) -> CancelResult.State { .unknown }

    func health() -> HealthResult { HealthResult(status: .healthy) }

    func close() {}

    private func perform(_ call: ExecuteCall) -> ExecuteResult {
        let name = call.request.executor
        guard let executor = executors.first(where: { $0.name == name }) else {
            let message = "this plugin has no executor \(Quotation.text(name))"
            return .failed(call.request.task, Failure("unknown_executor", fault: .host, message: message))
        }
        do throws(Failure) {
            var run = try ForeignRun(executor, call.request.payload, releases, arena)
            var result = run.perform(call.request.task)
            if let value = result.result, value.count > resultBytes {
                result = .failed(call.request.task, .resultTooLarge(value.count, resultBytes))
            }
            return result
        } catch {
            return .failed(call.request.task, error)
        }
    }
}

extension Failure {
    static func resultTooLarge(_ bytes: Int, _ limit: Int) -> Failure {
        Failure(
            "result_too_large",
            fault: .executor,
            sideEffects: .done,
            message: "the result is larger than a message may be",
            limit: Limit(name: "result", limit: UInt64(limit), observed: UInt64(bytes)),
            hint: "have the function give less, or take it in parts"
        )
    }
}
