import Glibc
import OstlerSystem
import OstlerTestSupport
import Synchronization
import Testing

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
