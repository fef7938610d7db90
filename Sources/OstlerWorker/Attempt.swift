internal import OstlerConfig
internal import OstlerHost
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// A claim together with its task, as it was read from what was submitted.
struct ReadClaim: Sendable {
    let claim: Claim
    let spec: Result<TaskSpec, Failure>

    init(_ claim: Claim, _ parser: inout TaskSpecParser) {
        self.claim = claim
        spec = Result { () throws(Failure) in
            // The body of a buffer's closure throws what it likes; this one throws failures.
            do {
                return try claim.document.withUnsafeBufferPointer { try parser.parse($0, defaultID: claim.name) }
            } catch let failure as Failure {
                throw failure
            } catch {
                throw Failure("invalid_task", fault: .user, message: "\(error)")
            }
        }
    }
}

/// One attempt at a task that this worker holds, from its claim to its result.
@LoopActor
final class Attempt: TaskSink {
    let claim: Claim
    let log: AttemptLog
    private let spec: Result<TaskSpec, Failure>
    private let host: Host
    /// It has been sent to an executor: whatever it does may have been done.
    private(set) var isDispatched = false
    /// Somebody wants it to end.
    private(set) var isCancelled = false
    /// Called when it is sent to an executor.
    var whenDispatched: (@LoopActor (Attempt) -> Void)?

    var lease: Lease { claim.lease }
    /// What host and plugin call it: unique among all attempts, which the submitter's name is not.
    private var wireID: String { "\(lease.task).\(lease.attempt)" }

    init(_ read: ReadClaim, log: AttemptLog, host: Host) {
        (claim, spec) = (read.claim, read.spec)
        (self.log, self.host) = (log, host)
    }

    /// Runs it; `whenDone` is called once, perhaps before this returns.
    func start(whenDone: @escaping @LoopActor (TaskResult) -> Void) {
        let waited = max(0, WallClock.milliseconds - claim.submittedAt)
        switch spec {
        case .failure(let failure):
            whenDone(
                host.refused(TaskSpec(id: claim.name, executor: claim.executor, payload: []), claim.origin, [failure])
            )
        case .success(var spec):
            let name = spec.id
            spec.id = wireID
            var io = TaskIO(sink: self)
            (io.submittedName, io.attempt) = (name, claim.begunBefore + 1)
            host.submit(spec, origin: claim.origin, io: io) { [claim] result in
                var result = result
                result.id = name
                result.attempts = claim.begunBefore + 1
                result.timing.submitted = claim.submittedAt
                result.timing.queued += waited * 1000
                whenDone(result)
            }
        }
    }

    func cancel() {
        guard !isCancelled else { return }
        isCancelled = true
        host.cancel(wireID)
    }

    // MARK: What it writes

    func write(_ stream: OutputStream, _ bytes: [UInt8]) { log.append(stream, bytes) }

    func note(_ notice: TaskNotice) {
        guard case .started = notice else { return }
        isDispatched = true
        whenDispatched?(self)
    }

    var isCongested: Bool { log.isCongested }

    func whenDrained(_ action: @escaping @LoopActor () -> Void) { log.whenDrained(action) }
}
