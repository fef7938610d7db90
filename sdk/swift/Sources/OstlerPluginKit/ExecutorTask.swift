internal import OstlerJSON
internal import OstlerPluginWire
internal import OstlerProtocol
internal import Synchronization

/// A task that is executed, as its handler sees it.
///
/// When the host cancels the task, or its time is up, the Swift task that runs the handler is cancelled. A handler that then
/// throws `CancellationError`, as `Task.sleep` and `Task.checkCancellation` do, ends it as cancelled.
public final class ExecutorTask: Sendable {
    /// Why the host wants a task to end.
    public enum CancelReason: String, Sendable {
        case requested
        case timeout
        case limit
        case shutdown
    }

    struct State {
        /// Bytes of output that may be sent; nil for as many as there are.
        var credit: Int?
        var sequence: UInt64 = 0
        var isAnswered = false
        var cancelReason: CancelReason?
        var running: _Concurrency.Task<Void, Never>?
        /// Those who wait for credit.
        var waiting: [CheckedContinuation<Void, Never>] = []
    }

    private let request: ExecuteRequest
    private let end: ContinuousClock.Instant?
    private let config: JSONValue
    let pieceBytes: Int
    let outbox: Outbox
    let channel: LaunchChannel?
    let state: Mutex<State>

    init(_ request: ExecuteRequest, config: JSONValue, pieceBytes: Int, outbox: Outbox, channel: LaunchChannel?) {
        self.request = request
        self.config = config
        self.pieceBytes = pieceBytes
        self.outbox = outbox
        self.channel = channel
        end = request.remaining.map { .now + .milliseconds($0) }
        state = Mutex(State(credit: request.credit))
    }

    // MARK: What it is

    /// Unique among the open tasks of the session.
    public var id: String { request.task }
    public var executor: String { request.executor }
    public var runID: String { request.runID }
    public var parentID: String? { request.parentID }
    public var principal: String { request.principal }
    /// From 1.
    public var attempt: Int { request.attempt }
    public var idempotencyKey: String? { request.idempotencyKey }
    /// The span that executing the task is a part of, as W3C's Trace Context writes it; nil without a trace.
    public var traceparent: String? { request.traceparent }
    public var environment: [(key: String, value: String)] { request.environment }
    public var metadata: [(key: String, value: String)] { request.metadata }
    /// Whether the submitter's stream waits to become a command's standard input.
    public var hasInput: Bool { request.hasStdin }
    /// The number for the launch channel.
    var launchNumber: UInt64? { request.launch }

    /// The payload as this type.
    /// - Throws: ``TaskFailed`` with `invalid_payload` and the place of what the type refuses.
    public func payload<Payload: Decodable>(as type: Payload.Type) throws -> Payload {
        try PayloadDecoder.decode(type, from: request.payload, at: JSONPointer("/payload"))
    }

    /// The executor's section of the host's config, less the keys that are the host's.
    /// - Throws: ``TaskFailed`` with `invalid_payload` and the place of what the type refuses.
    public func config<Config: Decodable>(as type: Config.Type) throws -> Config {
        try PayloadDecoder.decode(type, from: config, at: JSONPointer("/config"))
    }

    /// What is left of its time, which the host sees to; nil if it has no limit.
    public var remaining: Duration? { end.map { max(.zero, $0 - .now) } }

    /// Why the host has asked that the task end; nil if it has not.
    public var cancelReason: CancelReason? { state.withLock { $0.cancelReason } }

    // MARK: Life

    /// Runs the body in a Swift task that ``cancel(_:)`` cancels.
    func start(_ body: @escaping @Sendable () async -> Void) {
        let running = _Concurrency.Task { await body() }
        let isCancelled = state.withLock { state in
            state.running = running
            return state.cancelReason != nil
        }
        if isCancelled { running.cancel() }
    }

    /// What is to be answered.
    func execute(_ handler: Plugin.Handler) async -> ExecuteResult {
        do {
            return try await handler(self).answer(id)
        } catch is CancellationError where cancelReason != nil {
            return ExecuteResult(task: id, outcome: .cancelled, exitCode: -1)
        } catch let failed as TaskFailed {
            return failed.answer(id)
        } catch {
            StandardStreams.complain(executor, "task \(id): \(error)")
            return TaskFailed(
                "the executor has failed: \(error)",
                fault: .executor,
                hint: "the plugin's stderr may say more",
                exitCode: -1
            ).answer(id)
        }
    }

    /// Asks the handler to end; the answer for the host.
    @discardableResult
    func cancel(_ reason: CancelRequest.Reason) -> CancelResult.State {
        let (reply, running) = state.withLock { state -> (CancelResult.State, _Concurrency.Task<Void, Never>?) in
            guard !state.isAnswered else { return (.tooLate, nil) }
            state.cancelReason = state.cancelReason ?? CancelReason(rawValue: reason.rawValue) ?? .requested
            return (.cancelling, state.running)
        }
        running?.cancel()
        return reply
    }

    /// From now on nothing is sent about the task (M21).
    func settle() {
        let waiting = state.withLock { state in
            defer { (state.isAnswered, state.waiting, state.running) = (true, [], nil) }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }
}
