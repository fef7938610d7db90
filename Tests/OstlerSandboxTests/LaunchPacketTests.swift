import COstlerLaunch
import COstlerShims
import Glibc
import OstlerLaunchWire
import OstlerSystem
import OstlerTestSupport
import Testing

/// Two connected sockets, closed with their object.
private final class Sockets: Sendable {
    let near: Int32
    let far: Int32
    init() throws { (near, far) = try Pipe.packets() }
    deinit {
        close(near)
        close(far)
    }
}

private func receive(_ socket: Int32) -> LaunchPacket.Received {
    var scratch: [UInt8] = []
    return LaunchPacket.receive(from: socket, scratch: &scratch)
}

private func packet(_ socket: Int32, sourceLocation: SourceLocation = #_sourceLocation) throws -> LaunchPacket {
    guard case .packet(let packet) = receive(socket) else {
        throw TestSupportFailure("receive", "no packet", errno: 0)
    }
    return packet
}

private func isClosed(_ received: LaunchPacket.Received) -> Bool {
    if case .closed = received { true } else { false }
}

private func isEmpty(_ received: LaunchPacket.Received) -> Bool {
    if case .empty = received { true } else { false }
}

/// How many descriptors of this process lead to the same thing as one of them.
private func references(to descriptor: Int32) -> Int {
    let all = openDescriptors()
    return all.values.count { $0 == all[descriptor] }
}

/// The raw bytes of a header.
private func header(op: UInt16 = 16, flags: UInt16 = 0, tail: UInt32 = 0, id: UInt64 = 1) -> [UInt8] {
    withUnsafeBytes(of: ostler_header(op: op, flags: flags, tail: tail, id: id)) { Array($0) }
}

private func sendRaw(_ bytes: [UInt8], _ descriptors: [Int32] = [], to socket: Int32) {
    let sent = ostler_send(socket, bytes, bytes.count, nil, 0, descriptors, Int32(descriptors.count))
    #expect(sent == bytes.count)
}

private let signalBody = ostler_signal(signal: 15, is_task: 1)

@Suite(.serialized) struct `Launch packets` {
    @Test func `a packet comes out as it went in`() throws {
        let sockets = try Sockets()
        try LaunchPacket.send(OSTLER_OP_SIGNAL, id: 0xFEDC_BA98_7654_3210, body: signalBody, to: sockets.near)
        let got = try packet(sockets.far)
        #expect(got.op == OSTLER_OP_SIGNAL.rawValue)
        #expect(got.flags == 0)
        #expect(got.id == 0xFEDC_BA98_7654_3210)
        #expect(got.tail.isEmpty)
        #expect(got.descriptors.isEmpty)
        let body = try #require(got.body(as: ostler_signal.self))
        #expect(body.signal == 15)
        #expect(body.is_task == 1)
    }

    @Test func `an operation without a body is a header only`() throws {
        let sockets = try Sockets()
        try LaunchPacket.send(OSTLER_OP_TASK_END, id: 3, body: NoBody(), to: sockets.near)
        var raw = [UInt8](repeating: 0, count: 100)
        #expect(read(sockets.far, &raw, 100) == MemoryLayout<ostler_header>.size)
        try LaunchPacket.send(OSTLER_OP_TASK_END, id: 3, body: NoBody(), to: sockets.near)
        #expect(try packet(sockets.far).body(as: ostler_signal.self) == nil)
    }

    @Test(arguments: [0, 1, 7, 4096, 65_535, 65_536])
    func `tails that fit go inline`(_ count: Int) throws {
        let sockets = try Sockets()
        var random = SeededGenerator(seed: UInt64(count))
        let tail = random.bytes(count)
        try LaunchPacket.send(OSTLER_OP_LAUNCH, id: 1, body: signalBody, tail: tail, to: sockets.near)
        let got = try packet(sockets.far)
        #expect(got.flags == 0)
        #expect(got.tail == tail)
        #expect(got.body(as: ostler_signal.self)?.signal == 15)
        #expect(got.descriptors.isEmpty)
    }

    @Test(arguments: [65_537, 1 << 20])
    func `longer tails go by memfd, which nobody keeps`(_ count: Int) throws {
        let sockets = try Sockets()
        var random = SeededGenerator(seed: UInt64(count))
        let tail = random.bytes(count)
        let ends = try Pipe.make()
        try LaunchPacket.send(
            OSTLER_OP_LAUNCH,
            id: 1,
            body: signalBody,
            tail: tail,
            descriptors: [ends.read],
            to: sockets.near
        )
        let got = try packet(sockets.far)
        #expect(got.flags & OSTLER_FLAG_TAIL_FD.rawValue != 0)
        #expect(got.tail == tail)
        #expect(got.body(as: ostler_signal.self)?.signal == 15)
        #expect(got.descriptors.count == 1)
        #expect(references(to: ends.read) == 3)
        for descriptor in got.descriptors + [ends.read, ends.write] { close(descriptor) }
        #expect(!openDescriptors().values.contains { $0.contains("ostler-tail") })
    }

    @Test func `the other side reads the memfd as the first descriptor`() throws {
        let sockets = try Sockets()
        let tail = [UInt8](repeating: 7, count: 70_000)
        try LaunchPacket.send(OSTLER_OP_PLAN, id: 9, body: NoBody(), tail: tail, to: sockets.near)
        var raw = [UInt8](repeating: 0, count: 100)
        var descriptors = [Int32](repeating: -1, count: 8)
        var count: Int32 = 8
        #expect(ostler_recv(sockets.far, &raw, raw.count, &descriptors, &count) == MemoryLayout<ostler_header>.size)
        #expect(count == 1)
        let header = raw.withUnsafeBytes { $0.loadUnaligned(as: ostler_header.self) }
        #expect(header.tail == 70_000)
        let file = OwnedFD(taking: descriptors[0])
        lseek(file.number, 0, SEEK_SET)
        #expect(try contents(ofDescriptor: file.number) == tail)
        #expect(fcntl(file.number, F_GETFD) & FD_CLOEXEC != 0)
    }

    @Test func `descriptors arrive in order, new and close-on-exec`() throws {
        let sockets = try Sockets()
        let pipes = try (0..<4).map { _ in try Pipe.make() }
        let sent = pipes.flatMap { [$0.read, $0.write] }
        try LaunchPacket.send(OSTLER_OP_SPAWN, id: 1, body: signalBody, descriptors: sent, to: sockets.near)
        let got = try packet(sockets.far).descriptors
        #expect(got.count == 8)
        let targets = openDescriptors()
        #expect(got.map { targets[$0] } == sent.map { targets[$0] })
        #expect(Set(got).isDisjoint(with: sent))
        #expect(got.allSatisfy { fcntl($0, F_GETFD) & FD_CLOEXEC != 0 })
        for descriptor in sent + got { close(descriptor) }
    }

    @Test func `more descriptors than a packet may have are refused`() throws {
        let sockets = try Sockets()
        let failure = #expect(throws: SystemFailure.self) {
            try LaunchPacket.send(
                OSTLER_OP_SPAWN,
                id: 1,
                body: signalBody,
                descriptors: [Int32](repeating: sockets.near, count: 9),
                to: sockets.near
            )
        }
        #expect(failure?.errno == EINVAL)
        #expect(isEmpty(receive(sockets.far)))
    }

    @Test func `packets keep their order, and then there is nothing`() throws {
        let sockets = try Sockets()
        #expect(isEmpty(receive(sockets.far)))
        for id in 1...20 as ClosedRange<UInt64> {
            try LaunchPacket.send(OSTLER_OP_TASK_END, id: id, body: NoBody(), to: sockets.near)
        }
        for id in 1...20 as ClosedRange<UInt64> { #expect(try packet(sockets.far).id == id) }
        #expect(isEmpty(receive(sockets.far)))
    }

    @Test func `a full socket says EAGAIN, loses nothing and keeps no descriptor`() throws {
        let sockets = try Sockets()
        let ends = try Pipe.make()
        defer {
            close(ends.read)
            close(ends.write)
        }
        var sent: UInt64 = 0
        var failure: SystemFailure?
        while failure == nil, sent < 100_000 {
            do {
                try LaunchPacket.send(
                    OSTLER_OP_LAUNCH,
                    id: sent,
                    body: signalBody,
                    tail: [UInt8](repeating: 0, count: 60_000),
                    to: sockets.near
                )
                sent += 1
            } catch {
                failure = error
            }
        }
        #expect(failure?.errno == EAGAIN)
        #expect(failure?.call == "sendmsg")
        let big = [UInt8](repeating: 0, count: 100_000)
        #expect(throws: SystemFailure.self) {
            try LaunchPacket.send(
                OSTLER_OP_LAUNCH,
                id: 0,
                body: signalBody,
                tail: big,
                descriptors: [ends.read],
                to: sockets.near
            )
        }
        #expect(!openDescriptors().values.contains { $0.contains("ostler-tail") })
        for id in 0..<sent { #expect(try packet(sockets.far).id == id) }
        #expect(isEmpty(receive(sockets.far)))
        try LaunchPacket.send(OSTLER_OP_TASK_END, id: 7, body: NoBody(), to: sockets.near)
        #expect(try packet(sockets.far).id == 7)
    }

    @Test func `a peer that is gone`() throws {
        let ends = try Pipe.packets()
        close(ends.far)
        #expect(isClosed(receive(ends.near)))
        let failure = #expect(throws: SystemFailure.self) {
            try LaunchPacket.send(OSTLER_OP_TASK_END, id: 1, body: NoBody(), to: ends.near)
        }
        #expect(failure?.errno == EPIPE)
        close(ends.near)
    }

    @Test func `what a peer sent before it went is still there`() throws {
        let ends = try Pipe.packets()
        try LaunchPacket.send(OSTLER_OP_TASK_END, id: 5, body: NoBody(), to: ends.near)
        close(ends.near)
        #expect(try packet(ends.far).id == 5)
        #expect(isClosed(receive(ends.far)))
        close(ends.far)
    }

    // MARK: Garbage

    @Test(arguments: 1..<16)
    func `a packet that is shorter than a header breaks the socket and leaks nothing`(_ count: Int) throws {
        let sockets = try Sockets()
        let ends = try Pipe.make()
        sendRaw(Array(header().prefix(count)), [ends.read, ends.write], to: sockets.near)
        #expect(isClosed(receive(sockets.far)))
        #expect(references(to: ends.read) == 2)
        close(ends.read)
        close(ends.write)
    }

    @Test(arguments: [1, 100, 65_536, UInt32.max])
    func `a tail that is longer than the packet breaks the socket and leaks nothing`(_ tail: UInt32) throws {
        let sockets = try Sockets()
        let ends = try Pipe.make()
        sendRaw(header(tail: tail), [ends.read], to: sockets.near)
        #expect(isClosed(receive(sockets.far)))
        #expect(references(to: ends.read) == 2)
        close(ends.read)
        close(ends.write)
    }

    @Test(arguments: [99, 0])
    func `a memfd that is shorter than the tail it stands for breaks the socket`(_ count: Int) throws {
        let sockets = try Sockets()
        let memfd = ostler_memfd("ostler-tail", [UInt8](repeating: 1, count: count), count)
        let body = [UInt8](repeating: 2, count: 200)
        sendRaw(
            header(flags: UInt16(OSTLER_FLAG_TAIL_FD.rawValue), tail: 100) + body,
            [memfd, sockets.near],
            to: sockets.near
        )
        close(memfd)
        #expect(isClosed(receive(sockets.far)))
        #expect(references(to: sockets.near) == 1)
        #expect(!openDescriptors().values.contains { $0.contains("ostler-tail") })
    }

    @Test func `a tail by descriptor without a descriptor breaks the socket`() throws {
        let sockets = try Sockets()
        let tail = [UInt8](repeating: 1, count: 10)
        sendRaw(header(flags: UInt16(OSTLER_FLAG_TAIL_FD.rawValue), tail: 10) + tail, to: sockets.near)
        #expect(isClosed(receive(sockets.far)))
    }

    @Test func `a packet that is too long breaks the socket`() throws {
        let sockets = try Sockets()
        let ends = try Pipe.make()
        var size: Int32 = 1 << 20
        setsockopt(sockets.near, SOL_SOCKET, SO_SNDBUF, &size, 4)
        sendRaw(header() + [UInt8](repeating: 0, count: Int(OSTLER_PACKET_MAX)), [ends.read], to: sockets.near)
        #expect(isClosed(receive(sockets.far)))
        #expect(references(to: ends.read) == 2)
        close(ends.read)
        close(ends.write)
    }

    @Test func `a body that is too short is nobody's body`() throws {
        let sockets = try Sockets()
        let size = MemoryLayout<ostler_exited>.size
        sendRaw(header() + [UInt8](repeating: 1, count: size - 1), to: sockets.near)
        #expect(try packet(sockets.far).body(as: ostler_exited.self) == nil)
        // The tail does not count for the body.
        sendRaw(header(tail: 1) + [UInt8](repeating: 1, count: size), to: sockets.near)
        #expect(try packet(sockets.far).body(as: ostler_exited.self) == nil)
        sendRaw(header(tail: 1) + [UInt8](repeating: 1, count: size + 1), to: sockets.near)
        #expect(try packet(sockets.far).body(as: ostler_exited.self)?.sandbox == 0x0101_0101)
    }

    @Test(arguments: 0..<50)
    func `random packets never crash or leak`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        let sockets = try Sockets()
        let ends = try Pipe.make()
        defer {
            close(ends.read)
            close(ends.write)
        }
        for _ in 0..<50 {
            var bytes = random.bytes(Int.random(in: 1...64, using: &random))
            // Small tails, so that some packets are whole.
            if bytes.count > 8 { bytes.replaceSubrange(5..<8, with: [0, 0, 0]) }
            let descriptors = [Int32](repeating: ends.read, count: Int.random(in: 0...8, using: &random))
            sendRaw(bytes, descriptors, to: sockets.near)
            if case .packet(let packet) = receive(sockets.far) {
                _ = (packet.tail, packet.body(as: ostler_exited.self))
                for descriptor in packet.descriptors { close(descriptor) }
            }
        }
        #expect(references(to: ends.read) == 2)
    }

    // MARK: Strings

    @Test func `strings each have their NUL`() {
        #expect(LaunchStrings.encode() == [])
        #expect(LaunchStrings.encode([], []) == [])
        #expect(
            LaunchStrings.encode([Array("ls".utf8), []], [Array("A=1".utf8)])
                == [0x6C, 0x73, 0, 0, 0x41, 0x3D, 0x31, 0]
        )
    }
}
