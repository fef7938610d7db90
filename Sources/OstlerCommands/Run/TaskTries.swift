internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// Runs tasks as often as they ask for, by the rules of the queue: what may have had effects is only tried again if its
/// executor's class allows it, and what is wrong never is.
@LoopActor
final class TaskTries {
    private let host: Host
    private let origin: TaskOrigin
    private var isStopped = false
    /// The ids of those that may be tried again.
    private var open: Set<String> = []
    private var cancelled: Set<String> = []
    /// Those who sleep, by a number of their own.
    private var waiting: [Int: (id: String, continuation: UnsafeContinuation<Void, Never>)] = [:]
    private var sleeps = 0

    init(_ host: Host, _ origin: TaskOrigin) {
        (self.host, self.origin) = (host, origin)
    }

    /// Runs a task to its last result.
    /// - Parameter input: what has been read of is gone, and nothing is tried again without it.
    func run(_ spec: TaskSpec, io: TaskIO, input: StdinPump? = nil) async -> TaskResult {
        guard let retry = spec.queueing?.retry, retry.attempts > 1 else {
            return await host.run(spec, origin: origin, io: io)
        }
        let rules = TaskRules(
            retry: retry,
            idempotency: host.idempotency(of: spec.executor),
            hasKey: spec.idempotencyKey != nil,
            seed: UInt64.random(in: 0...UInt64.max)
        )
        open.insert(spec.id)
        defer {
            open.remove(spec.id)
            cancelled.remove(spec.id)
        }
        var (io, failures, faults) = (io, 0, 0)
        while true {
            var result = await host.run(spec, origin: origin, io: io)
            result.attempts = failures + faults + 1
            io.stdin = nil
            io.attempt += 1
            let end = AttemptEnd(result)
            switch end.kind {
            case .final: return result
            case .failure: failures += 1
            case .fault: faults += 1
            }
            guard input?.hasPassedBytes != true else {
                Log.warning(
                    "not tried again: its standard input has been passed on, and cannot be read twice",
                    .init(task: spec.id)
                )
                return result
            }
            let now = Instant.now.nanoseconds / 1_000_000
            switch rules.decide(after: end, failures: failures, faults: faults, expiresAt: nil, at: now) {
            case .end(let reason):
                let told = "not tried again: \(reason.rawValue)"
                if reason == .unsafe {
                    Log.info(told + ", it may have had effects that it must not have twice", .init(task: spec.id))
                } else {
                    Log.debug(told, .init(task: spec.id))
                }
                return result
            case .again(let moment):
                let wait = DurationText.text(milliseconds: max(1, moment - now))
                Log.info(
                    "\(result.outcome.rawValue) in try \(result.attempts) of \(retry.attempts); again in \(wait)",
                    .init(task: spec.id)
                )
                await sleep(spec.id, milliseconds: moment - now)
                if mayNotGoOn(spec.id) { return result }
            }
        }
    }

    /// From now on nothing is tried again.
    func stop() {
        isStopped = true
        for number in waiting.keys { wake(number) }
    }

    /// Cancels what runs under an id; if it waits for its next try, it ends with what the last one came to.
    func cancel(_ id: String) {
        host.cancel(id)
        guard open.contains(id) else { return }
        cancelled.insert(id)
        for (number, sleeper) in waiting where sleeper.id == id { wake(number) }
    }

    private func mayNotGoOn(_ id: String) -> Bool { isStopped || cancelled.contains(id) }

    private func sleep(_ id: String, milliseconds: Int64) async {
        guard !mayNotGoOn(id) else { return }
        sleeps += 1
        let number = sleeps
        await withUnsafeContinuation { continuation in
            waiting[number] = (id, continuation)
            EventLoop.shared.schedule(at: .now.advanced(milliseconds: milliseconds)) { self.wake(number) }
        }
    }

    private func wake(_ number: Int) { waiting.removeValue(forKey: number)?.continuation.resume() }
}
