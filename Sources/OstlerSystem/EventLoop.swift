internal import COstlerShims
internal import Glibc
internal import Synchronization

/// Someone who waits for a descriptor.
@LoopActor
package protocol EventHandler: AnyObject {
    /// Called on the loop with what the descriptor is ready for. It must not wait for anything.
    func ready(_ events: Readiness)
}

/// Someone who has something to do when the tasks and events of a turn are done.
@LoopActor
package protocol TurnHandler: AnyObject {
    func endOfTurn()
}

/// What a descriptor is ready for, or is watched for.
package struct Readiness: OptionSet, Sendable {
    package let rawValue: UInt32
    package init(rawValue: UInt32) { self.rawValue = rawValue }

    package static let read = Readiness(rawValue: 0x001)
    package static let write = Readiness(rawValue: 0x004)
    package static let failed = Readiness(rawValue: 0x008)
    package static let hungUp = Readiness(rawValue: 0x010)
}

/// All state of the host lives on the loop: one thread that waits for descriptors, timers and tasks.
@globalActor
package actor LoopActor {
    package static let shared = LoopActor()

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        EventLoop.shared.asUnownedSerialExecutor()
    }
}

@LoopActor
private final class DeferredAction: TurnHandler {
    private let action: @LoopActor () -> Void

    init(action: @escaping @LoopActor () -> Void) {
        self.action = action
    }

    func endOfTurn() {
        action()
    }
}

private final class ResultBox<R: Sendable>: Sendable {
    let value = Mutex<R?>(nil)
}

/// The one thread that owns epoll, and the executor of the tasks that run on it.
///
/// `@unchecked Sendable`: `jobs` is guarded by its mutex; everything else is touched by the loop's thread only, which
/// ``LoopActor`` proves for callers outside this file.
package final class EventLoop: SerialExecutor, TaskExecutor, @unchecked Sendable {
    package static let shared = EventLoop()

    private struct Registration {
        var handler: (any EventHandler)?
        var generation: UInt32 = 0
    }

    private struct Jobs {
        var queue: [UnownedJob] = []
        var sleeping = false
        var thread: pthread_t?
    }

    private let jobs = Mutex(Jobs())
    private var running: [UnownedJob] = []
    private let epoll: Int32
    private let wakeup: Int32
    private var registrations: [Registration] = []
    private var timers = TimerQueue()
    private var flushes: [any TurnHandler] = []
    private var flushing: [any TurnHandler] = []
    /// Called for nearly each task: kept, so that none is made each time.
    private let endTurn: () -> Void = {
        let body: @LoopActor () -> Void = {
            for handler in EventLoop.shared.flushing { handler.endOfTurn() }
        }
        return unsafeBitCast(body, to: (() -> Void).self)
    }()
    private var events = [ostler_event](repeating: ostler_event(), count: 64)

    private init() {
        epoll = ostler_epoll_create()
        wakeup = ostler_eventfd()
        precondition(epoll >= 0 && wakeup >= 0, "no descriptors are left for the event loop")
        _ = ostler_epoll_ctl(epoll, 1, wakeup, OSTLER_EPOLLIN, .max)
    }

    // MARK: Executor

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        let mustWake = jobs.withLock { jobs in
            jobs.queue.append(job)
            let mustWake = jobs.sleeping
            jobs.sleeping = false
            return mustWake
        }
        if mustWake { wake() }
    }

    private func wake() {
        var one: UInt64 = 1
        _ = Glibc.write(wakeup, &one, 8)
    }

    package func checkIsolated() {
        precondition(isIsolatingCurrentContext() == true, "not on the event loop")
    }

    package func isIsolatingCurrentContext() -> Bool? {
        jobs.withLock { $0.thread.map { pthread_equal($0, pthread_self()) != 0 } ?? false }
    }

    // MARK: Running

    /// Turns the calling thread into the loop until `body` has returned.
    package func run<R: Sendable>(_ body: @escaping @LoopActor @Sendable () async -> R) -> R {
        let box = ResultBox<R>()
        Task(executorPreference: self) { @Sendable in
            let result = await body()
            box.value.withLock { $0 = result }
            self.wake()
        }
        claim()
        while true {
            if let result = box.value.withLock({ $0 }) {
                jobs.withLock { $0.thread = nil }
                return result
            }
            turn()
        }
    }

    /// Runs the loop for ever on a thread of its own; further calls do nothing.
    package func startThread() {
        Self.thread
    }

    private static let thread: Void = {
        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            nil,
            { _ in
                EventLoop.shared.claim()
                while true { EventLoop.shared.turn() }
            },
            nil
        )
        precondition(result == 0, "no thread for the event loop")
    }()

    private func claim() {
        jobs.withLock { jobs in
            precondition(jobs.thread == nil, "the event loop is running already")
            jobs.thread = pthread_self()
        }
    }

    private func turn() {
        runJobs()
        let isIdle = jobs.withLock { jobs in
            jobs.sleeping = jobs.queue.isEmpty && flushes.isEmpty
            return jobs.sleeping
        }
        wait(milliseconds: isIdle ? timers.millisecondsToNext() : 0)
        guard !timers.isEmpty else { return }
        let due = timers.takeDue(.now)
        guard !due.isEmpty else { return }
        isolated {
            // One by one, since an action may cancel a timer that is due with it.
            for timer in due { timers.takeAction(of: timer)?() }
        }
        flush()
    }

    private func runJobs() {
        // A bounded number of rounds, so that tasks which resume each other cannot starve the descriptors.
        for _ in 0..<16 {
            jobs.withLock { swap(&$0.queue, &running) }
            if running.isEmpty, flushes.isEmpty { return }
            for job in running {
                job.runSynchronously(isolatedTo: asUnownedSerialExecutor(), taskExecutor: asUnownedTaskExecutor())
            }
            running.removeAll(keepingCapacity: true)
            flush()
        }
    }

    private func flush() {
        // What is asked for meanwhile is done too, within bounds: a peer that answers at once costs no wait for events.
        for _ in 0..<16 where !flushes.isEmpty {
            swap(&flushes, &flushing)
            endTurn()
            flushing.removeAll(keepingCapacity: true)
        }
    }

    private func wait(milliseconds: Int32) {
        var count = ostler_epoll_wait(epoll, &events, 64, milliseconds)
        // Interrupted, by having been stopped: what came meanwhile comes before the timers that are due by now.
        if count < 0 { count = ostler_epoll_wait(epoll, &events, 64, 0) }
        jobs.withLock { $0.sleeping = false }
        guard count > 0 else { return }
        isolated {
            for index in 0..<Int(count) { self.dispatch(self.events[index]) }
        }
        flush()
    }

    @LoopActor
    private func dispatch(_ event: ostler_event) {
        guard event.data != .max else {
            var count: UInt64 = 0
            _ = Glibc.read(wakeup, &count, 8)
            return
        }
        let number = Int(event.data & 0xFFFF_FFFF)
        // An event of a descriptor that was closed, and perhaps opened anew, earlier in the same batch is stale.
        guard registrations[number].generation == UInt32(event.data >> 32) else { return }
        registrations[number].handler?.ready(Readiness(rawValue: event.events))
    }

    /// Runs code of the loop's actor from the loop's thread; the runtime has no such entry for custom global actors.
    private func isolated(_ body: @LoopActor () -> Void) {
        withoutActuallyEscaping(body) { body in
            unsafeBitCast(body, to: (() -> Void).self)()
        }
    }
}

extension EventLoop {
    // MARK: Descriptors, timers and flushes: for code that is on the loop

    /// Watches a descriptor. Level-triggered.
    @LoopActor
    package func watch(_ fd: Int32, for interest: Readiness, _ handler: any EventHandler) throws(SystemFailure) {
        while registrations.count <= Int(fd) { registrations.append(Registration()) }
        let generation = registrations[Int(fd)].generation &+ 1
        let data = UInt64(generation) << 32 | UInt64(fd)
        _ = try Errno.check(ostler_epoll_ctl(epoll, 1, fd, interest.rawValue, data), "epoll_ctl")
        registrations[Int(fd)] = Registration(handler: handler, generation: generation)
    }

    /// Changes what a descriptor is watched for.
    @LoopActor
    package func change(_ fd: Int32, to interest: Readiness) {
        let data = UInt64(registrations[Int(fd)].generation) << 32 | UInt64(fd)
        _ = ostler_epoll_ctl(epoll, 3, fd, interest.rawValue, data)
    }

    /// Stops watching; call it before the descriptor is closed.
    @LoopActor
    package func unwatch(_ fd: Int32) {
        guard Int(fd) < registrations.count, registrations[Int(fd)].handler != nil else { return }
        registrations[Int(fd)].handler = nil
        registrations[Int(fd)].generation &+= 1
        _ = ostler_epoll_ctl(epoll, 2, fd, 0, 0)
    }

    /// Calls `action` once, not before `deadline`.
    @LoopActor
    @discardableResult
    package func schedule(at deadline: Instant, _ action: @escaping @LoopActor () -> Void) -> TimerID {
        timers.add(deadline, action)
    }

    /// Forgets a timer; one that has fired or is unknown is ignored.
    @LoopActor
    package func cancel(_ timer: TimerID) {
        timers.remove(timer)
    }

    /// Calls `action` once, when the tasks and events of this turn are done: writes are collected until then.
    @LoopActor
    package func atEndOfTurn(_ action: @escaping @LoopActor () -> Void) {
        flushes.append(DeferredAction(action: action))
    }

    /// The same for who does it often: no closure is made.
    @LoopActor
    package func atEndOfTurn(_ handler: any TurnHandler) {
        flushes.append(handler)
    }

    /// Suspends the calling task.
    @LoopActor
    package func sleep(milliseconds: Int64) async {
        await withUnsafeContinuation { continuation in
            schedule(at: .now.advanced(milliseconds: milliseconds)) { continuation.resume() }
        }
    }
}
