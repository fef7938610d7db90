import OstlerJSON
import OstlerProtocol
import OstlerStore
import OstlerTasks

@testable import OstlerCommands

/// A store in memory with somebody who submits and somebody who works, on a clock that a test sets.
final class Desk {
    let store = MemoryTaskStore()
    /// Milliseconds since 1970.
    var now: Int64 = 1_000_000
    private var workers = 0

    /// Accepts a task that would run `command`.
    @discardableResult
    func submit(_ adjust: (inout Submission) -> Void = { _ in }) throws -> TaskID {
        let payload = Array(#"{"command":"true"}"#.utf8)
        let spec = TaskSpec(id: "build", executor: "command", payload: payload)
        let origin = TaskOrigin(runID: "r1", principal: "uid:7")
        var submission = Submission(spec, document: Array(#"{"executor":"command","payload":{}}"#.utf8), origin: origin)
        let checked =
            #"{"plugin":"command","version":"0.1.0","profile":"strict","network":"none","idempotency":"unsafe"}"#
        submission.notes = [Note("checked", detail: Array(checked.utf8))]
        adjust(&submission)
        return try store.submit([submission], capacity: nil, at: now)[0].task
    }

    @discardableResult
    func hire(slots: Int = 1, labels: Set<String> = [], executors: Set<String> = ["command"]) throws -> WorkerID {
        workers += 1
        let identity = ProcessIdentity(bootID: "b", pid: Int32(100 + workers), startTime: 1, role: "worker")
        let registration = WorkerRegistration(
            name: "host\(workers)",
            identity: identity,
            slots: slots,
            labels: labels,
            executors: executors
        )
        return try store.register(registration, at: now)
    }

    /// Claims what there is and starts it.
    func begin(_ worker: WorkerID) throws -> Lease {
        let claims = try store.claim(ClaimRequest(worker: worker, slots: 1), at: now)
        guard let lease = claims.first?.lease else { throw NothingToClaim() }
        _ = try store.intend([lease], at: now)
        try store.identify(lease, ProcessIdentity(bootID: "b", pid: 55, startTime: 2, role: "plugin"), at: now)
        return lease
    }

    struct NothingToClaim: Error {}

    /// Reports the end of an attempt as a worker does.
    /// - Parameter notes: topic and JSON text.
    func finish(
        _ lease: Lease,
        _ outcome: Outcome,
        exitCode: Int32 = 0,
        error: Failure? = nil,
        stderr: String = "",
        cancellation: TaskResult.Cancellation? = nil,
        notes: [(String, String)] = []
    ) throws {
        let origin = TaskOrigin(runID: "r1", principal: "uid:7")
        var result = TaskResult(id: "build", origin: origin, executor: "command", outcome: outcome, exitCode: exitCode)
        result.error = error
        result.cancellation = cancellation
        result.executorStderr = stderr
        var writer = JSONWriter()
        result.encode(into: &writer)
        let told = notes.map { Note($0.0, detail: Array($0.1.utf8)) }
        _ = try store.finish([Completion(lease, AttemptEnd(result), result: writer.bytes, notes: told)], at: now)
    }

    func explain(_ task: TaskID) throws -> TaskStory {
        try TaskExplanation(of: task, in: store, at: now).story
    }

    /// The same as JSON.
    func explanation(_ task: TaskID) throws -> JSONValue {
        var writer = JSONWriter()
        try TaskExplanation(of: task, in: store, at: now).encode(into: &writer)
        return try JSONValue(parsing: writer.bytes)
    }
}
