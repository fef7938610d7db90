import Glibc
import OstlerSystem
import OstlerTestSupport
import Synchronization
import Testing

/// Runs a body on the loop, which runs on a thread of its own.
func onLoop<R: Sendable>(_ body: @LoopActor @Sendable () async throws -> R) async rethrows -> R {
    EventLoop.shared.startThread()
    return try await body()
}

/// Remembers in which order things happened on the loop.
@LoopActor
private final class Record<Element: Sendable>: Sendable {
    private(set) var entries: [Element] = []
    func add(_ entry: Element) { entries.append(entry) }
}

/// Calls a closure when a descriptor is ready.
@LoopActor
private final class Handler: EventHandler {
    private let action: @LoopActor (Readiness) -> Void
    init(_ action: @escaping @LoopActor (Readiness) -> Void) { self.action = action }
    func ready(_ events: Readiness) { action(events) }
}

/// A pipe that is closed with its object.
private final class TestPipe: Sendable {
    let read: Int32
    let write: Int32
    init() throws { (read, write) = try Pipe.make() }
    func fill() { _ = [UInt8(1)].withUnsafeBytes { Glibc.write(write, $0.baseAddress, 1) } }
    deinit {
        close(read)
        close(write)
    }
}

@LoopActor
private func turns(_ count: Int = 3) async {
    for _ in 0..<count { await EventLoop.shared.sleep(milliseconds: 1) }
}

@Suite struct `Event loop` {
    // MARK: Tasks

    @Test func `a task stays on the one thread of the loop across every wait`() async {
        await onLoop {
            // The loop compares the calling thread with its own.
            #expect(EventLoop.shared.isIsolatingCurrentContext() == true)
            await Task.yield()
            #expect(EventLoop.shared.isIsolatingCurrentContext() == true)
            await EventLoop.shared.sleep(milliseconds: 1)
            #expect(EventLoop.shared.isIsolatingCurrentContext() == true)
            let elsewhere = await Task.detached { EventLoop.shared.isIsolatingCurrentContext() }.value
            #expect(elsewhere == false)
            #expect(EventLoop.shared.isIsolatingCurrentContext() == true)
        }
    }

    @Test func `the loop is its own isolation and nobody else's`() async {
        #expect(EventLoop.shared.isIsolatingCurrentContext() == false)
        await onLoop {
            #expect(EventLoop.shared.isIsolatingCurrentContext() == true)
            EventLoop.shared.checkIsolated()
        }
        await Task(executorPreference: EventLoop.shared) {
            #expect(EventLoop.shared.isIsolatingCurrentContext() == true)
        }.value
    }

    @Test func `tasks from many threads wake it and none is lost`() async {
        let count = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<16 {
                group.addTask {
                    var sum = 0
                    for number in 0..<500 {
                        sum += await onLoop { number % 2 }
                        if number % 50 == 0 { await Task.yield() }
                    }
                    return sum
                }
            }
            return await group.reduce(0, +)
        }
        #expect(count == 16 * 250)
    }

    @Test func `tasks that keep each other busy starve neither timers nor descriptors`() async throws {
        let pipe = try TestPipe()
        try await onLoop {
            let seen = Record<String>()
            try EventLoop.shared.watch(
                pipe.read,
                for: .read,
                Handler { _ in
                    EventLoop.shared.unwatch(pipe.read)
                    seen.add("descriptor")
                }
            )
            EventLoop.shared.schedule(at: .now.advanced(milliseconds: 2)) { seen.add("timer") }
            pipe.fill()
            let busy = (0..<4).map { _ in
                Task { @LoopActor in
                    var rounds = 0
                    while seen.entries.count < 2, rounds < 50_000_000 {
                        await Task.yield()
                        rounds += 1
                    }
                }
            }
            for task in busy { await task.value }
            #expect(Set(seen.entries) == ["descriptor", "timer"])
        }
    }

    // MARK: Timers

    @Test func `timers fire in order of their deadlines and never early`() async {
        await onLoop {
            let fired = Record<Int64>()
            let start = Instant.now
            for milliseconds in [9, 3, 7, 1, 5] as [Int64] {
                let deadline = start.advanced(milliseconds: milliseconds)
                EventLoop.shared.schedule(at: deadline) {
                    #expect(Instant.now >= deadline)
                    fired.add(milliseconds)
                }
            }
            await eventually("all timers") { fired.entries.count == 5 }
            #expect(fired.entries == [1, 3, 5, 7, 9])
        }
    }

    @Test func `timers of the same moment fire in the order in which they were set`() async {
        await onLoop {
            let fired = Record<Int>()
            let deadline = Instant.now.advanced(milliseconds: 1)
            for number in 0..<100 { EventLoop.shared.schedule(at: deadline) { fired.add(number) } }
            await eventually("all timers") { fired.entries.count == 100 }
            #expect(fired.entries == Array(0..<100))
        }
    }

    @Test func `a moment that has passed is due at once`() async {
        await onLoop {
            let fired = Record<Int>()
            EventLoop.shared.schedule(at: Instant(nanoseconds: 0)) { fired.add(1) }
            #expect(fired.entries.isEmpty, "not inside the call")
            await eventually("the timer") { fired.entries == [1] }
        }
    }

    @Test func `a timer that always sets itself anew leaves room for others`() async {
        await onLoop {
            let fired = Record<Int>()
            @LoopActor func again() {
                fired.add(1)
                guard fired.entries.count < 200 else { return }
                EventLoop.shared.schedule(at: Instant(nanoseconds: 0), again)
            }
            again()
            await turns(1)
            #expect(fired.entries.count >= 1)
            await eventually("the last") { fired.entries.count == 200 }
        }
    }

    @Test func `a cancelled timer does not fire`() async {
        await onLoop {
            let fired = Record<String>()
            let timer = EventLoop.shared.schedule(at: .now.advanced(milliseconds: 1)) { fired.add("cancelled") }
            EventLoop.shared.schedule(at: .now.advanced(milliseconds: 3)) { fired.add("kept") }
            EventLoop.shared.cancel(timer)
            EventLoop.shared.cancel(timer)
            await eventually("the other timer") { fired.entries.contains("kept") }
            #expect(fired.entries == ["kept"])
        }
    }

    @Test func `a timer may cancel another that is due in the same turn`() async {
        await onLoop {
            let fired = Record<String>()
            let second = Record<TimerID>()
            EventLoop.shared.schedule(at: Instant(nanoseconds: 1)) {
                fired.add("first")
                for timer in second.entries { EventLoop.shared.cancel(timer) }
            }
            second.add(EventLoop.shared.schedule(at: Instant(nanoseconds: 2)) { fired.add("second") })
            EventLoop.shared.schedule(at: Instant(nanoseconds: 3)) { fired.add("third") }
            await eventually("the third") { fired.entries.contains("third") }
            #expect(fired.entries == ["first", "third"])
        }
    }

    @Test func `a timer that has fired can be cancelled without harm`() async {
        await onLoop {
            let fired = Record<Int>()
            let timer = EventLoop.shared.schedule(at: Instant(nanoseconds: 0)) { fired.add(1) }
            await eventually("the timer") { !fired.entries.isEmpty }
            EventLoop.shared.cancel(timer)
            EventLoop.shared.schedule(at: Instant(nanoseconds: 0)) { fired.add(2) }
            await eventually("the other") { fired.entries == [1, 2] }
        }
    }

    @Test(arguments: 0..<5)
    func `thousands of timers, many of them cancelled`(_ seed: UInt64) async {
        await onLoop {
            var random = SeededGenerator(seed: seed)
            let fired = Record<(deadline: Int64, number: Int)>()
            let start = Instant.now
            var timers: [TimerID] = []
            var deadlines: [Int64] = []
            for number in 0..<5000 {
                let deadline = start.nanoseconds + Int64.random(in: -1_000_000...20_000_000, using: &random)
                deadlines.append(deadline)
                timers.append(
                    EventLoop.shared.schedule(at: Instant(nanoseconds: deadline)) { fired.add((deadline, number)) }
                )
            }
            var cancelled = Set<Int>()
            for number in 0..<5000 where Int.random(in: 0..<4, using: &random) > 0 {
                cancelled.insert(number)
                EventLoop.shared.cancel(timers[number])
            }
            await eventually("all that were kept") { fired.entries.count == 5000 - cancelled.count }
            await turns()
            #expect(fired.entries.count == 5000 - cancelled.count)
            #expect(cancelled.isDisjoint(with: fired.entries.map(\.number)))
            let expected = (0..<5000).filter { !cancelled.contains($0) }.sorted {
                (deadlines[$0], $0) < (deadlines[$1], $1)
            }
            #expect(fired.entries.map(\.number) == expected)
        }
    }

    @Test func `sleep is never too short`() async {
        await onLoop {
            let start = Instant.now
            await EventLoop.shared.sleep(milliseconds: 3)
            #expect(Instant.now.microseconds(since: start) >= 3000)
        }
    }

    // MARK: Descriptors

    @Test func `a descriptor is told of as long as it is ready, and not after unwatch`() async throws {
        let pipe = try TestPipe()
        try await onLoop {
            let seen = Record<Readiness>()
            try EventLoop.shared.watch(pipe.read, for: .read, Handler { seen.add($0) })
            await turns()
            #expect(seen.entries.isEmpty)
            pipe.fill()
            await eventually("several calls") { seen.entries.count >= 3 }
            EventLoop.shared.unwatch(pipe.read)
            let count = seen.entries.count
            await turns()
            #expect(seen.entries.count == count)
            #expect(seen.entries.allSatisfy { $0 == .read })
            EventLoop.shared.unwatch(pipe.read)
        }
    }

    @Test func `room to write, and a closed reader`() async throws {
        let pipe = try TestPipe()
        try await onLoop {
            let seen = Record<Readiness>()
            let copy = dup(pipe.write)
            defer { close(copy) }
            try EventLoop.shared.watch(copy, for: .write, Handler { seen.add($0) })
            await eventually("room") { seen.entries.contains(.write) }
            EventLoop.shared.change(copy, to: [])
            await turns()
            let count = seen.entries.count
            await turns()
            #expect(seen.entries.count == count)
            EventLoop.shared.unwatch(copy)
        }
    }

    @Test func `the end of the other side is told`() async throws {
        let ends = try Pipe.make()
        try await onLoop {
            let seen = Record<Readiness>()
            try EventLoop.shared.watch(
                ends.read,
                for: .read,
                Handler {
                    seen.add($0)
                    EventLoop.shared.unwatch(ends.read)
                }
            )
            close(ends.write)
            await eventually("the end") { seen.entries.count == 1 }
            #expect(seen.entries[0].contains(.hungUp))
        }
        close(ends.read)
    }

    @Test func `an event of a descriptor that was let go in the same batch is stale`() async throws {
        let pipes = try (0..<8).map { _ in try TestPipe() }
        try await onLoop {
            let seen = Record<Int>()
            for (number, pipe) in pipes.enumerated() {
                try EventLoop.shared.watch(
                    pipe.read,
                    for: .read,
                    Handler { _ in
                        seen.add(number)
                        for pipe in pipes { EventLoop.shared.unwatch(pipe.read) }
                    }
                )
            }
            // All become ready in one turn, so that one call of epoll finds them together.
            for pipe in pipes { pipe.fill() }
            await eventually("one of them") { !seen.entries.isEmpty }
            await turns()
            #expect(seen.entries.count == 1)
        }
    }

    @Test func `a number that was closed and opened anew does not get its predecessor's event`() async throws {
        let first = try TestPipe()
        let second = try TestPipe()
        let fresh = try TestPipe()
        try await onLoop {
            let seen = Record<String>()
            @LoopActor func replace(_ name: String, _ old: Int32) {
                guard seen.entries.isEmpty else { return seen.add("\(name) as well") }
                seen.add("one")
                EventLoop.shared.unwatch(first.read)
                EventLoop.shared.unwatch(second.read)
                // The same number is now another pipe, with nothing to read.
                for number in [first.read, second.read] {
                    #expect(dup2(fresh.read, number) == number)
                    #expect(throws: Never.self) {
                        try EventLoop.shared.watch(number, for: .read, Handler { _ in seen.add("stale") })
                    }
                }
            }
            try EventLoop.shared.watch(first.read, for: .read, Handler { _ in replace("first", first.read) })
            try EventLoop.shared.watch(second.read, for: .read, Handler { _ in replace("second", second.read) })
            first.fill()
            second.fill()
            await eventually("the first of them") { !seen.entries.isEmpty }
            await turns()
            #expect(seen.entries == ["one"])
            EventLoop.shared.unwatch(first.read)
            EventLoop.shared.unwatch(second.read)
        }
    }

    @Test func `what cannot be watched is refused and not kept`() async throws {
        try await withTemporaryDirectory { directory in
            let path = try directory.write("file", "x")
            await onLoop {
                let file = open(path, O_RDONLY | O_CLOEXEC)
                defer { close(file) }
                weak var kept: Handler?
                do {
                    let handler = Handler { _ in }
                    kept = handler
                    let failure = #expect(throws: SystemFailure.self) {
                        try EventLoop.shared.watch(file, for: .read, handler)
                    }
                    #expect(failure?.call == "epoll_ctl")
                    #expect(failure?.errno == EPERM)
                }
                #expect(kept == nil)
            }
        }
    }

    @Test func `a second watch of the same descriptor is refused and leaves the first alone`() async throws {
        let pipe = try TestPipe()
        try await onLoop {
            let seen = Record<String>()
            try EventLoop.shared.watch(
                pipe.read,
                for: .read,
                Handler { _ in
                    seen.add("first")
                    EventLoop.shared.unwatch(pipe.read)
                }
            )
            let failure = #expect(throws: SystemFailure.self) {
                try EventLoop.shared.watch(pipe.read, for: .read, Handler { _ in seen.add("second") })
            }
            #expect(failure?.errno == EEXIST)
            pipe.fill()
            await eventually("the first") { !seen.entries.isEmpty }
            #expect(seen.entries == ["first"])
        }
    }

    // MARK: Ends of turns

    @Test func `what waits for the end of the turn runs after the task that asked, once, in order`() async {
        await onLoop {
            let order = Record<String>()
            await Task.yield()
            EventLoop.shared.atEndOfTurn { order.add("first flush") }
            order.add("task")
            EventLoop.shared.atEndOfTurn { order.add("second flush") }
            await turns(1)
            #expect(order.entries == ["task", "first flush", "second flush"])
        }
    }

    @Test func `timers and descriptors have ends of their turns as well`() async throws {
        let pipe = try TestPipe()
        try await onLoop {
            let order = Record<String>()
            EventLoop.shared.schedule(at: Instant(nanoseconds: 0)) {
                EventLoop.shared.atEndOfTurn { order.add("flush of timers") }
                order.add("timer")
            }
            EventLoop.shared.schedule(at: Instant(nanoseconds: 1)) { order.add("timer") }
            await eventually("the timers") { order.entries.count == 3 }
            #expect(order.entries == ["timer", "timer", "flush of timers"])
            try EventLoop.shared.watch(
                pipe.read,
                for: .read,
                Handler { _ in
                    EventLoop.shared.unwatch(pipe.read)
                    EventLoop.shared.atEndOfTurn { order.add("flush of descriptors") }
                    order.add("descriptor")
                }
            )
            pipe.fill()
            await eventually("the descriptor") { order.entries.count == 5 }
            #expect(order.entries.suffix(2) == ["descriptor", "flush of descriptors"])
        }
    }

    @Test func `a flush that asks for another gets it, however often and with nothing else to do`() async {
        // Told by a thread outside of the loop: a task on the loop would wake it.
        let done = Mutex(0)
        await onLoop {
            @LoopActor func flush(_ left: Int) {
                done.withLock { $0 += 1 }
                if left > 1 { EventLoop.shared.atEndOfTurn { flush(left - 1) } }
            }
            EventLoop.shared.atEndOfTurn { flush(100) }
        }
        await eventually("all flushes") { done.withLock { $0 } == 100 }
    }
}
