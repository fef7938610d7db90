internal import COstlerShims

/// Makes pairs of connected descriptors, close-on-exec. Both are the caller's to close.
package enum Pipe {
    /// A pipe.
    /// - Parameter capacity: how many bytes the kernel should hold; a refusal is let go, since it is only speed.
    package static func make(capacity: Int32? = nil) throws(SystemFailure) -> (read: Int32, write: Int32) {
        var ends: (Int32, Int32) = (0, 0)
        let result = withUnsafeMutableBytes(of: &ends) {
            ostler_pipe($0.assumingMemoryBound(to: Int32.self).baseAddress)
        }
        _ = try Errno.check(result, "pipe2")
        if let capacity { _ = ostler_set_pipe_size(ends.0, capacity) }
        return ends
    }

    /// How many bytes of a pipe its reader has not taken yet; asked at the end that writes.
    package static func unreadBytes(_ fd: Int32) -> Int {
        Int(ostler_unread_bytes(fd))
    }

    /// Two connected sockets that keep the borders of packets.
    package static func packets() throws(SystemFailure) -> (near: Int32, far: Int32) {
        var ends: (Int32, Int32) = (0, 0)
        let result = withUnsafeMutableBytes(of: &ends) {
            ostler_seqpacket_pair($0.assumingMemoryBound(to: Int32.self).baseAddress)
        }
        _ = try Errno.check(result, "socketpair")
        return ends
    }
}
