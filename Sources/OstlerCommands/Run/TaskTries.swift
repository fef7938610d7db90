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
    /// Those who sleep, by a number of their own.
    private var waiting: [Int: UnsafeContinuation<Void, Never>] = [:]
    private var sleeps = 0

    init(_ host: Host, _ origin: TaskOrigin) {
        (self.host, self.origin) = (host, origin)
    }

    /// Runs a task to its last result.
    func run(_ spec: TaskSpec, io: TaskIO) async -> TaskResult {
        guard let retry = spec.queueing?.retry, retry.attempts > 1 else {
            return await host.run(spec, origin: origin, io: io)
        }
        let rules = TaskRules(
            retry: retry,
            idempotency: host.idempotency(of: spec.executor),
            hasKey: spec.idempotencyKey != nil,
            seed: UInt64.random(in: 0...UInt64.max)
        )
        var (io, failures, faults) = (io, 0, 0)
        while true {
            var result = await host.run(spec, origin: origin, io: io)
            result.attempts = failures + faults + 1
            // What it has read from there is gone.
            io.stdin = nil
            let end = AttemptEnd(result)
            switch end.kind {
            case .final: return result
            case .failure: failures += 1
            case .fault: faults += 1
            }
            let now = Instant.now.nanoseconds / 1_000_000
            switch rules.decide(after: end, failures: failures, faults: faults, expiresAt: nil, at: now) {
            case .end(let reason):
                Log.debug("not tried again: \(reason.rawValue)", .init(task: spec.id))
                return result
            case .again(let moment):
                let wait = DurationText.text(milliseconds: max(1, moment - now))
                Log.info(
                    "\(result.outcome.rawValue) in try \(result.attempts) of \(retry.attempts); again in \(wait)",
                    .init(task: spec.id)
                )
                await sleep(milliseconds: moment - now)
                if isStopped { return result }
            }
        }
    }

    /// From now on nothing is tried again.
    func stop() {
        isStopped = true
        for number in waiting.keys { wake(number) }
    }

    private func sleep(milliseconds: Int64) async {
        guard !isStopped else { return }
        sleeps += 1
        let number = sleeps
        await withUnsafeContinuation { continuation in
            waiting[number] = continuation
            EventLoop.shared.schedule(at: .now.advanced(milliseconds: milliseconds)) { self.wake(number) }
        }
    }

    private func wake(_ number: Int) { waiting.removeValue(forKey: number)?.resume() }
}
