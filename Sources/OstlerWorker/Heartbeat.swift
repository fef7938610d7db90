internal import COstlerShims
internal import Glibc
package import OstlerProtocol
package import OstlerStore
internal import OstlerSystem
internal import OstlerTasks
internal import Synchronization

/// Reports that a worker lives, and looks whether the others do: on a thread of its own, which no loop can block.
package final class Heartbeat: Sendable {
    /// A worker that is gone.
    package struct Silence: Sendable, Equatable {
        package var worker: WorkerID
        /// What it had counted to; nil if its process is known to be gone.
        package var beats: Int64?

        package init(worker: WorkerID, beats: Int64?) {
            (self.worker, self.beats) = (worker, beats)
        }
    }

    /// What a report has brought.
    package enum Pulse: Sendable {
        case alive(cancelRequests: [Lease], silent: [Silence])
        /// It could not be made.
        case failed(Failure)
    }

    private struct State {
        var isDraining = false
        var isStopped = false
        var thread: NativeThread?
    }

    private let store: any TaskStore
    private let worker: WorkerID
    private let pace: WorkerPace
    private let onPulse: @Sendable (Pulse) -> Void
    private let state = Mutex(State())
    /// Written to when there is a reason to report at once.
    private let wake: Int32

    /// - Parameter onPulse: called on the thread after each report.
    package init(
        _ store: any TaskStore,
        of worker: WorkerID,
        pace: WorkerPace,
        onPulse: @escaping @Sendable (Pulse) -> Void
    ) {
        (self.store, self.worker, self.pace, self.onPulse) = (store, worker, pace, onPulse)
        wake = ostler_eventfd()
    }

    deinit { close(wake) }

    /// Begins to report.
    /// - Throws: `no_thread`: there is none to report from.
    package func start() throws(Failure) {
        guard let thread = NativeThread({ self.run() }) else {
            throw Failure(
                "no_thread",
                fault: .infra,
                retry: .same,
                sideEffects: Failure.SideEffects.none,
                message: "the system gives this worker no thread to report from",
                hint: "raise the limit of its processes (ulimit -u, TasksMax=), or end some"
            )
        }
        state.withLock { $0.thread = thread }
    }

    /// Says from now on that the worker claims nothing any more.
    package func drain() {
        state.withLock { $0.isDraining = true }
        alarm()
    }

    /// Ends the reports, and waits for the one that is being made. Blocks.
    package func stop() {
        let thread = state.withLock { state in
            state.isStopped = true
            let thread = state.thread
            state.thread = nil
            return thread
        }
        alarm()
        thread?.join()
    }

    private func alarm() {
        var one: UInt64 = 1
        _ = Glibc.write(wake, &one, 8)
    }

    private func run() {
        var watch = WorkerWatch<WorkerID>(patience: pace.patience)
        while true {
            let (isDraining, isStopped) = state.withLock { ($0.isDraining, $0.isStopped) }
            if isStopped { return }
            onPulse(pulse(&watch, isDraining))
            var entry = pollfd(fd: wake, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, Int32(pace.beat)) > 0 else { continue }
            var count: UInt64 = 0
            _ = Glibc.read(wake, &count, 8)
        }
    }

    private func pulse(_ watch: inout WorkerWatch<WorkerID>, _ isDraining: Bool) -> Pulse {
        do throws(Failure) {
            let answer = try store.beat(worker, isDraining: isDraining, at: WallClock.milliseconds)
            let others = try store.workers().filter { other in
                other.id != worker && (other.state == .active || other.state == .draining)
            }
            var silent = others.filter { $0.registration.identity.presence == .gone }.map {
                Silence(worker: $0.id, beats: nil)
            }
            let gone = Set(silent.map(\.worker))
            let quiet = watch.observe(others.map { ($0.id, $0.beats) }, at: Instant.now.nanoseconds / 1_000_000)
            silent += quiet.filter { !gone.contains($0.id) }.map { Silence(worker: $0.id, beats: $0.beats) }
            return .alive(cancelRequests: answer.cancelRequests, silent: silent)
        } catch {
            return .failed(error)
        }
    }
}
