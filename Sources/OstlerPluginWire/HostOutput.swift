internal import Glibc
package import OstlerJSON
package import OstlerProtocol
internal import OstlerSystem

/// What goes to the host: one buffer, written once a turn and never waited for.
package final class HostOutput {
    /// With more than this pending, commands' output is left in their pipes.
    package static let highWater = 1 << 20
    /// Below this, it is read again.
    package static let lowWater = 256 << 10

    private let fd: OwnedFD
    private var writer = JSONWriter()
    /// How much of the buffer has been written already.
    private var head = 0
    package private(set) var isClosed = false

    package init(taking fd: Int32) {
        self.fd = OwnedFD(taking: fd)
        self.fd.setNonblocking()
    }

    package var descriptor: Int32 { fd.number }
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

    // MARK: Writing

    /// Writes what the pipe takes; true when nothing is left.
    package func flush() -> Bool {
        while pending > 0, !isClosed {
            let count = writer.bytes.withUnsafeBytes { bytes in
                Glibc.write(fd.number, bytes.baseAddress.unsafelyUnwrapped + head, bytes.count - head)
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
        if pending == 0 {
            writer.bytes.removeAll(keepingCapacity: true)
            head = 0
        } else if head > writer.bytes.count / 2 {
            writer.bytes.removeSubrange(..<head)
            head = 0
        }
    }
}
