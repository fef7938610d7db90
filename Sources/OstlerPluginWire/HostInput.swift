internal import COstlerShims
internal import Glibc
internal import OstlerJSON
internal import OstlerProtocol

/// The host's end of the conversation: bytes in, requests out.
package final class HostInput {
    /// What one read has brought.
    package enum Chunk {
        case bytes
        case nothing
        case end
    }

    package let descriptor: Int32
    private var parser = FrameParser()
    private var validator = JSONValidator()
    /// Whether what `execute` says of a task besides its payload is read, for one who makes use of it.
    package var readsContext = true

    /// Reads from a descriptor that stays open as long as the process.
    /// - Parameter waits: whether ``read()`` waits for bytes, for one who has nothing else to wait for.
    package init(_ descriptor: Int32, waits: Bool = false) {
        self.descriptor = descriptor
        _ = ostler_set_nonblocking(descriptor, waits ? 0 : 1)
    }

    /// Accepts frames as long as the host has announced that it will send.
    package func accept(frameBytes: Int) {
        parser.maximumFrameBytes = max(frameBytes, 1 << 16)
    }

    /// Takes what is there, at most what the parser has room for.
    package func read() -> Chunk {
        parser.withTail { tail in
            let count = Glibc.read(descriptor, tail.baseAddress, tail.count)
            if count > 0 { return (count, .bytes) }
            let mayContinue = count < 0 && (errno == EAGAIN || errno == EINTR)
            return (0, mayContinue ? .nothing : .end)
        }
    }

    /// The next request that is complete.
    package func next() throws(MessageFault) -> HostRequest? {
        while let event = parser.next() {
            if let request = try request(event) { return request }
        }
        return nil
    }

    /// Call it at the end of the stream: a line that was cut off is a fault.
    package func finish() throws(MessageFault) {
        if let event = parser.finish() { _ = try request(event) }
    }

    private func request(_ event: FrameParser.Event) throws(MessageFault) -> HostRequest? {
        switch event {
        case .frame(let range):
            return try parser.withBytes(range) { (frame) throws(MessageFault) -> HostRequest? in
                try HostRequest.decode(frame, &validator, context: readsContext)
            }
        case .noise(let range):
            let start = parser.withBytes(range) {
                String(decoding: $0.prefix(FrameViolation.shownLength), as: UTF8.self)
            }
            throw MessageFault(reason: "a line that is no message: \(start)")
        case .violation(let violation):
            throw MessageFault(
                reason: "a frame that is \(violation.kind.rawValue), \(violation.length) bytes long, "
                    + "at byte \(violation.offset) of the stream: \(violation.excerpt.prefix(FrameViolation.shownLength))"
            )
        }
    }
}
