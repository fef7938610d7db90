import Glibc
import OstlerSystem
import OstlerTestSupport
import Testing

/// A number that nobody else in this process gets, since the kernel gives out the lowest.
private func rareNumber(_ descriptor: Int32) -> Int32 { fcntl(descriptor, F_DUPFD_CLOEXEC, 700) }

@Suite(.serialized) struct `Owned descriptors` {
    @Test func `a descriptor is closed when its owner goes`() throws {
        let ends = try Pipe.make()
        let number = rareNumber(ends.write)
        close(ends.write)
        do {
            let owner = OwnedFD(taking: number)
            #expect(owner.number == number)
            #expect(isOpen(number))
        }
        #expect(!isOpen(number))
        #expect(try contents(ofDescriptor: ends.read).isEmpty, "the only writer is gone")
        close(ends.read)
    }

    @Test func `one that is given away is not closed`() throws {
        let ends = try Pipe.make()
        let number = rareNumber(ends.write)
        let given = OwnedFD(taking: number).release()
        #expect(given == number)
        #expect(isOpen(number))
        #expect(close(number) == 0)
        close(ends.read)
        close(ends.write)
    }

    @Test func `it is closed once, so a number that is used again stays open`() throws {
        let ends = try Pipe.make()
        let number = rareNumber(ends.write)
        var owner: OwnedFD? = OwnedFD(taking: number)
        owner.take()?.setNonblocking()
        #expect(!isOpen(number))
        #expect(dup2(ends.read, number) == number)
        if owner.take() != nil { Issue.record("it was taken twice") }
        #expect(isOpen(number))
        for end in [ends.read, ends.write, number] { close(end) }
    }

    @Test func `reads that do not wait`() throws {
        let ends = try Pipe.make()
        let owner = OwnedFD(taking: ends.read)
        owner.setNonblocking()
        var byte: UInt8 = 0
        #expect(read(owner.number, &byte, 1) == -1)
        #expect(errno == EAGAIN)
        #expect(fcntl(owner.number, F_GETFL) & O_NONBLOCK != 0)
        owner.setNonblocking(false)
        #expect(fcntl(owner.number, F_GETFL) & O_NONBLOCK == 0)
        OwnedFD.setNonblocking(ends.write)
        #expect(fcntl(ends.write, F_GETFL) & O_NONBLOCK != 0)
        close(ends.write)
    }
}

@Suite struct `Pipes` {
    @Test func `what is written comes out, and then the end`() throws {
        let ends = try Pipe.make()
        #expect(write(ends.write, "hello", 5) == 5)
        close(ends.write)
        #expect(try contents(ofDescriptor: ends.read) == Array("hello".utf8))
        close(ends.read)
    }

    @Test func `nothing of it is inherited`() throws {
        let pipe = try Pipe.make()
        let packets = try Pipe.packets()
        for end in [pipe.read, pipe.write, packets.near, packets.far] {
            #expect(fcntl(end, F_GETFD) & FD_CLOEXEC != 0)
            close(end)
        }
    }

    @Test func `a capacity is a wish`() throws {
        let larger = try Pipe.make(capacity: 1 << 18)
        OwnedFD.setNonblocking(larger.write)
        let bytes = [UInt8](repeating: 0, count: 1 << 18)
        #expect(write(larger.write, bytes, bytes.count) == bytes.count)
        let absurd = try Pipe.make(capacity: .max)
        for end in [larger.read, larger.write, absurd.read, absurd.write] { close(end) }
    }

    @Test func `packets keep their borders and show the end`() throws {
        let ends = try Pipe.packets()
        #expect(write(ends.near, "one", 3) == 3)
        #expect(write(ends.near, "three", 5) == 5)
        close(ends.near)
        var buffer = [UInt8](repeating: 0, count: 100)
        #expect(read(ends.far, &buffer, 100) == 3)
        #expect(read(ends.far, &buffer, 100) == 5)
        #expect(read(ends.far, &buffer, 100) == 0)
        close(ends.far)
    }
}

@Suite struct `System failures` {
    @Test func `a negative result is an error with its call`() throws {
        #expect(try Errno.check(0, "read") == 0)
        #expect(try Errno.check(.max, "read") == .max)
        let failure = #expect(throws: SystemFailure.self) { _ = try Errno.check(-ENOENT, "open") }
        #expect(failure?.call == "open")
        #expect(failure?.errno == ENOENT)
        #expect(failure?.description == "open: No such file or directory")
        #expect(Errno.message(EACCES) == "Permission denied")
    }
}

@Suite struct `Clocks` {
    @Test func `the monotonic clock goes forward`() {
        var last = Instant.now
        for _ in 0..<1000 {
            let now = Instant.now
            #expect(now >= last)
            last = now
        }
    }

    @Test func `moments compare and differ in microseconds`() {
        let moment = Instant(nanoseconds: 5_000_000)
        #expect(moment.advanced(milliseconds: 3) == Instant(nanoseconds: 8_000_000))
        #expect(moment.advanced(milliseconds: -3) == Instant(nanoseconds: 2_000_000))
        #expect(moment.advanced(milliseconds: 0) == moment)
        #expect(moment < Instant(nanoseconds: 5_000_001))
        #expect(Instant(nanoseconds: 8_001_999).microseconds(since: moment) == 3001)
        #expect(moment.microseconds(since: Instant(nanoseconds: 8_000_000)) == -3000)
    }

    @Test(
        arguments: [
            .max, Int64.max / 1_000_000, Int64.max / 1_000_000 + 1, Int64.max - 1, 9_223_372_036_854,
        ] as [Int64]
    )
    func `what is too far away is the far future`(_ milliseconds: Int64) {
        #expect(Instant.now.advanced(milliseconds: milliseconds) == Instant(nanoseconds: .max))
        #expect(Instant(nanoseconds: .max).advanced(milliseconds: 1) == Instant(nanoseconds: .max))
    }

    @Test func `as far as it goes`() {
        let most = Int64.max / 1_000_000
        #expect(Instant(nanoseconds: 0).advanced(milliseconds: most).nanoseconds == most * 1_000_000)
    }

    @Test(
        arguments: [
            (0, "1970-01-01T00:00:00.000Z"), (1, "1970-01-01T00:00:00.001Z"), (999, "1970-01-01T00:00:00.999Z"),
            (951_782_400_000, "2000-02-29T00:00:00.000Z"), (1_700_000_000_123, "2023-11-14T22:13:20.123Z"),
            (1_767_225_599_999, "2025-12-31T23:59:59.999Z"), (253_402_300_799_999, "9999-12-31T23:59:59.999Z"),
            (-1, "1969-12-31T23:59:59.999Z"), (-1000, "1969-12-31T23:59:59.000Z"),
            (-86_400_001, "1969-12-30T23:59:59.999Z"),
        ] as [(Int64, String)]
    )
    func `the time of day for people`(_ milliseconds: Int64, _ text: String) {
        #expect(WallClock.text(milliseconds: milliseconds) == text)
    }

    @Test func `the wall clock is in this century`() {
        let text = WallClock.text(milliseconds: WallClock.milliseconds)
        #expect(text.hasPrefix("20"))
        #expect(text.utf8.count == 24)
    }
}
