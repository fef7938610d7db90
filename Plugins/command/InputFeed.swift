internal import Glibc
internal import OstlerSystem

/// Writes the payload's text to a command's standard input, as fast as the command reads.
final class InputFeed {
    private let fd: OwnedFD
    private let bytes: [UInt8]
    private var written = 0

    init(taking fd: Int32, _ bytes: [UInt8]) {
        self.fd = OwnedFD(taking: fd)
        self.fd.setNonblocking()
        self.bytes = bytes
    }

    var descriptor: Int32 { fd.number }

    /// Writes what the pipe takes; true when there is nothing more to do. A command that does not read to the end is
    /// no fault.
    func write() -> Bool {
        while written < bytes.count {
            let count = bytes.withUnsafeBytes { bytes in
                Glibc.write(fd.number, bytes.baseAddress.unsafelyUnwrapped + written, bytes.count - written)
            }
            if count >= 0 {
                written += count
            } else if errno == EAGAIN {
                return false
            } else if errno != EINTR {
                return true
            }
        }
        return true
    }
}
