package import COstlerLaunch
internal import COstlerShims
internal import Glibc
package import OstlerSystem

/// One packet between host, launcher and plugin, as `ostler_launch.h` has it.
package struct LaunchPacket {
    package let op: UInt32
    package let flags: UInt32
    /// The number of a plan, a spawn, a task or a launch, as the operation says.
    package let id: UInt64
    /// Body and tail.
    private let content: [UInt8]
    private let tailCount: Int
    /// Descriptors that came with it. The receiver closes what it does not keep.
    package let descriptors: [Int32]

    /// The fixed part, as the C structure of the operation; nil if the packet is too short for it.
    package func body<Body: BitwiseCopyable>(as type: Body.Type) -> Body? {
        guard content.count - tailCount >= MemoryLayout<Body>.size else { return nil }
        return content.withUnsafeBytes { $0.loadUnaligned(as: Body.self) }
    }

    /// The bytes behind the fixed part.
    package var tail: [UInt8] { Array(content.suffix(tailCount)) }

    // MARK: Receiving

    /// What a receive found.
    package enum Received {
        case packet(LaunchPacket)
        /// Nothing now.
        case empty
        /// The other end is closed, or the socket is broken.
        case closed
    }

    /// Takes the next packet from a socket without waiting.
    package static func receive(from socket: Int32, scratch: inout [UInt8]) -> Received {
        if scratch.count < Int(OSTLER_PACKET_MAX) { scratch = [UInt8](repeating: 0, count: Int(OSTLER_PACKET_MAX)) }
        var descriptors = [Int32](repeating: -1, count: Int(OSTLER_MAX_FDS))
        var descriptorCount = Int32(OSTLER_MAX_FDS)
        let count = ostler_recv(socket, &scratch, scratch.count, &descriptors, &descriptorCount)
        if count == -Int(EAGAIN) { return .empty }
        let headerSize = MemoryLayout<ostler_header>.size
        var kept = descriptors.prefix(Int(descriptorCount))
        guard count >= headerSize else {
            for descriptor in kept { close(descriptor) }
            return .closed
        }
        let header = scratch.withUnsafeBytes { $0.loadUnaligned(as: ostler_header.self) }
        var content = Array(scratch[headerSize..<count])
        var tailRoom = content.count
        if UInt32(header.flags) & OSTLER_FLAG_TAIL_FD.rawValue != 0 {
            let tail = kept.popFirst().map { readTail(OwnedFD(taking: $0), count: Int(header.tail)) } ?? []
            tailRoom = tail.count
            content += tail
        }
        guard Int(header.tail) <= tailRoom else {
            for descriptor in kept { close(descriptor) }
            return .closed
        }
        return .packet(
            LaunchPacket(
                op: UInt32(header.op),
                flags: UInt32(header.flags),
                id: header.id,
                content: content,
                tailCount: Int(header.tail),
                descriptors: Array(kept)
            )
        )
    }

    /// The content of a memfd; shorter than `count` if it does not hold that much.
    private static func readTail(_ memfd: consuming OwnedFD, count: Int) -> [UInt8] {
        let number = memfd.number
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            while filled < count {
                let read = pread(number, buffer.baseAddress.unsafelyUnwrapped + filled, count - filled, off_t(filled))
                guard read > 0 else { return }
                filled += read
            }
        }
    }

    // MARK: Sending

    /// Sends a packet; a tail that does not fit goes by memfd.
    /// - Throws: EAGAIN if the socket is full just now; EPIPE or ECONNRESET if the other end is gone.
    package static func send<Body: BitwiseCopyable>(
        _ op: ostler_op,
        id: UInt64,
        body: Body,
        tail: [UInt8] = [],
        descriptors: [Int32] = [],
        to socket: Int32
    ) throws(SystemFailure) {
        var header = ostler_header(op: UInt16(op.rawValue), flags: 0, tail: UInt32(tail.count), id: id)
        guard tail.count > Int(OSTLER_INLINE_MAX) else {
            return try send(header, body, tail, descriptors, socket)
        }
        let memfd = OwnedFD(taking: try Errno.check(ostler_memfd("ostler-tail", tail, tail.count), "memfd_create"))
        header.flags = UInt16(OSTLER_FLAG_TAIL_FD.rawValue)
        try send(header, body, [], [memfd.number] + descriptors, socket)
    }

    private static func send<Body: BitwiseCopyable>(
        _ header: ostler_header,
        _ body: Body,
        _ tail: [UInt8],
        _ descriptors: [Int32],
        _ socket: Int32
    ) throws(SystemFailure) {
        var fixed: [UInt8] = []
        fixed.reserveCapacity(MemoryLayout<ostler_header>.size + MemoryLayout<Body>.size)
        withUnsafeBytes(of: header) { fixed.append(contentsOf: $0) }
        // An operation without a body is sent with `NoBody`.
        if Body.self != NoBody.self { withUnsafeBytes(of: body) { fixed.append(contentsOf: $0) } }
        let sent = ostler_send(socket, fixed, fixed.count, tail, tail.count, descriptors, Int32(descriptors.count))
        guard sent >= 0 else { throw SystemFailure("sendmsg", errno: Int32(-sent)) }
    }
}

/// For operations whose packet is a header only.
package struct NoBody: BitwiseCopyable {
    package init() {}
}

/// Strings as the tail of a packet has them: each with its NUL.
package enum LaunchStrings {
    /// Joins the strings. None may hold a NUL itself.
    package static func encode(_ lists: [[UInt8]]...) -> [UInt8] {
        var tail: [UInt8] = []
        for list in lists {
            for string in list {
                tail.append(contentsOf: string)
                tail.append(0)
            }
        }
        return tail
    }
}
