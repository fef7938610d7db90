internal import COstlerShims
internal import Glibc
package import OstlerJSON
package import OstlerProtocol

/// What goes to the host: one buffer, written once a turn and never waited for.
package final class HostOutput {
    /// With more than this pending, commands' output is left in their pipes.
    package static let highWater = 1 << 20
    /// Below this, it is read again.
    package static let lowWater = 256 << 10

    package let descriptor: Int32
    private var writer = JSONWriter()
    /// How much of the buffer has been written already.
    private var head = 0
    package private(set) var isClosed = false

    /// Writes to a descriptor that stays open as long as the process.
    package init(_ descriptor: Int32) {
        self.descriptor = descriptor
        _ = ostler_set_nonblocking(descriptor, 1)
    }

    package var pending: Int { writer.bytes.count - head }
    package var isCongested: Bool { pending > Self.highWater }
    package var hasDrained: Bool { pending < Self.lowWater }

    // MARK: Messages

    package func answer(_ id: [UInt8], _ body: (inout JSONWriter) -> Void) {
        OutgoingFrame.response(&writer, id: id, body: body)
    }

    /// Answers with an error: a JSON-RPC code for generic clients, the whole story in `data`.
    package func refuse(_ id: [UInt8], code: Int, _ failure: Failure) {
        OutgoingFrame.response(&writer, id: id, member: "error") { writer in
            writer.beginObject()
            writer.key("code")
            writer.int(code)
            writer.key("message")
            writer.string(failure.message)
            writer.key("data")
            failure.encode(into: &writer)
            writer.endObject()
        }
    }

    /// Takes whole frames that were written elsewhere.
    package func append(_ frames: [UInt8]) {
        writer.bytes.append(contentsOf: frames)
    }

    package func output(_ task: String, _ stream: OutputStream, _ sequence: UInt64, _ bytes: UnsafeBufferPointer<UInt8>)
    {
        OutgoingFrame.notification(&writer, method: OutputNotification.method) { writer in
            OutputNotification.encode(into: &writer, task: task, stream: stream, sequence: sequence, bytes: bytes)
        }
    }

    /// A message that has no answer.
    package func notify(_ method: StaticString, _ body: (inout JSONWriter) -> Void) {
        OutgoingFrame.notification(&writer, method: method, params: body)
    }

    /// How much output fits a frame even if each byte needs an escape of six.
    package static func pieceBytes(frameBytes: Int) -> Int {
        min(OutputNotification.maximumBytes, max(64, (frameBytes - 1024) / 6))
    }

    // MARK: Writing

    /// Writes what the pipe takes; true when nothing is left.
    package func flush() -> Bool {
        while pending > 0, !isClosed {
            let count = writer.bytes.withUnsafeBytes { bytes in
                Glibc.write(descriptor, bytes.baseAddress.unsafelyUnwrapped + head, bytes.count - head)
            }
            if count >= 0 {
                head += count
            } else if errno == EAGAIN {
                break
            } else if errno != EINTR {
                isClosed = true
            }
        }
        compact()
        return pending == 0
    }

    private func compact() {
        if head == 0 { return }
        if pending == 0 {
            writer.bytes.removeAll(keepingCapacity: true)
            head = 0
        } else if head > writer.bytes.count / 2 {
            writer.bytes.removeSubrange(..<head)
            head = 0
        }
    }
}
