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

/// The end of a piece of text.
enum UTF8Tail {
    /// How many bytes at the end may be the start of a character, at most 3; 0 if the end is whole, or cannot be text.
    static func incomplete(_ bytes: UnsafeBufferPointer<UInt8>) -> Int {
        for count in 1...3 where count <= bytes.count {
            let lead = bytes[bytes.count - count]
            if lead & 0xC0 == 0x80 { continue }
            guard count < length(lead) else { return 0 }
            if count > 1, !second(lead).contains(bytes[bytes.count - count + 1]) { return 0 }
            return count
        }
        return 0
    }

    private static func length(_ lead: UInt8) -> Int {
        switch lead {
        case 0xC2...0xDF: 2
        case 0xE0...0xEF: 3
        case 0xF0...0xF4: 4
        default: 1
        }
    }

    /// What may follow the first byte (Unicode 15, table 3-7).
    private static func second(_ lead: UInt8) -> ClosedRange<UInt8> {
        switch lead {
        case 0xE0: 0xA0...0xBF
        case 0xED: 0x80...0x9F
        case 0xF0: 0x90...0xBF
        case 0xF4: 0x80...0x8F
        default: 0x80...0xBF
        }
    }
}
