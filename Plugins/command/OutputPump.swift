internal import Glibc
internal import OstlerProtocol
internal import OstlerSystem

/// Reads one of a command's streams in pieces that do not cut a character in two.
final class OutputPump {
    let stream: OutputStream
    private let fd: OwnedFD
    /// The start of a character whose rest has not been read yet.
    private var held: [UInt8] = []

    init(taking fd: Int32, _ stream: OutputStream) {
        self.fd = OwnedFD(taking: fd)
        self.fd.setNonblocking()
        self.stream = stream
    }

    var descriptor: Int32 { fd.number }

    /// Reads at most one piece of `limit` bytes and hands it on; true when the stream has ended.
    /// - Parameter hungUp: nobody holds the other end any more, so that a short read is followed by the end at once.
    func read(
        _ scratch: UnsafeMutableBufferPointer<UInt8>,
        limit: Int,
        hungUp: Bool,
        emit: (UnsafeBufferPointer<UInt8>) -> Void
    ) -> Bool {
        while true {
            let kept = held.count
            _ = scratch.update(fromContentsOf: held)
            let room = Swift.min(limit, scratch.count) - kept
            let count = Glibc.read(fd.number, scratch.baseAddress.unsafelyUnwrapped + kept, room)
            guard count > 0 else {
                if count < 0, errno == EAGAIN || errno == EINTR { return false }
                if kept > 0 { emit(UnsafeBufferPointer(rebasing: scratch[..<kept])) }
                held = []
                return true
            }
            let bytes = UnsafeBufferPointer(rebasing: scratch[..<(kept + count)])
            let whole = bytes.count - UTF8Tail.incomplete(bytes)
            if whole > 0 { emit(UnsafeBufferPointer(rebasing: bytes[..<whole])) }
            held = Array(bytes[whole...])
            if !hungUp || count == room { return false }
        }
    }
}
