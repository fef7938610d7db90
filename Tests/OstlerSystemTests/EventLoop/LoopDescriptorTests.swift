import Glibc
import OstlerSystem
import OstlerTestSupport
import Synchronization
import Testing

@Suite struct `Descriptors of the event loop` {
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

}
