internal import Synchronization

/// A thread for what may take its time, such as files and digests: the loop must not wait. Work is done in the order in
/// which it is given.
package final class WorkerThread: Sendable {
    private struct State {
        var work: [@Sendable () -> Void] = []
        var isRunning = false
    }

    /// The one that the host uses.
    package static let shared = WorkerThread()

    private let state = Mutex(State())

    package init() {}

    /// Does `work` later, after what was given before.
    package func perform(_ work: @escaping @Sendable () -> Void) {
        let mustStart = state.withLock { state in
            state.work.append(work)
            let mustStart = !state.isRunning
            state.isRunning = true
            return mustStart
        }
        if mustStart { start() }
    }

    /// Does `work` and then `reply` on the loop with what came of it.
    package func perform<R: Sendable>(
        _ work: @escaping @Sendable () -> R,
        reply: @escaping @LoopActor @Sendable (R) -> Void
    ) {
        perform {
            let result = work()
            Task(executorPreference: EventLoop.shared) { @LoopActor in reply(result) }
        }
    }

    /// A thread lives as long as there is work: most runs need none.
    private func start() {
        // Without a thread the work is done all the same, and the caller waits for it.
        guard let thread = NativeThread({ self.run() }) else { return run() }
        thread.detach()
    }

    private func run() {
        while true {
            let work = state.withLock { state in
                let work = state.work
                state.work = []
                if work.isEmpty { state.isRunning = false }
                return work
            }
            guard !work.isEmpty else { return }
            for item in work { item() }
        }
    }
}
