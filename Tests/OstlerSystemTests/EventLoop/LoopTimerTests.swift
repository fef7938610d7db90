import Glibc
import OstlerSystem
import OstlerTestSupport
import Synchronization
import Testing

@Suite struct `Timers of the event loop` {
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

    @Test func `a timer that always sets itself anew leaves room for others`() async throws {
        try await onLoop {
            let pipe = try TestPipe()
            let fired = Record<Int>()
            // A descriptor, a timer and a task: it goes on until all of them have had their turn, and not for ever.
            let served = Record<String>()
            let most = 1_000_000
            let reader = Handler { _ in
                EventLoop.shared.unwatch(pipe.read)
                served.add("descriptor")
            }
            try EventLoop.shared.watch(pipe.read, for: .read, reader)
            @LoopActor func again() {
                fired.add(1)
                guard served.entries.count < 3, fired.entries.count < most else { return }
                if fired.entries.count == 2 {
                    pipe.fill()
                    EventLoop.shared.schedule(at: .now) { served.add("timer") }
                    Task { @LoopActor in served.add("task") }
                }
                EventLoop.shared.schedule(at: Instant(nanoseconds: 0), again)
            }
            again()
            await eventually("all of them") { served.entries.count == 3 }
            #expect(fired.entries.count < most)
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

}
