internal import COstlerShims
internal import Glibc

/// A file descriptor with one owner. It is closed when the owner lets go of it.
package struct OwnedFD: ~Copyable, Sendable {
    package let number: Int32

    /// Takes over a descriptor that nobody else will close.
    package init(taking number: Int32) {
        self.number = number
    }

    deinit {
        _ = Glibc.close(number)
    }

    /// Gives the descriptor away: the caller closes it.
    package consuming func release() -> Int32 {
        let number = number
        discard self
        return number
    }

    /// Makes reads and writes answer EAGAIN rather than wait.
    package func setNonblocking(_ on: Bool = true) {
        _ = ostler_set_nonblocking(number, on ? 1 : 0)
    }
}

/// A system call that failed.
package struct SystemFailure: Error, Sendable, CustomStringConvertible {
    /// The call, as its manual page is named.
    package let call: String
    /// The error number.
    package let errno: Int32

    package init(_ call: String, errno: Int32) {
        self.call = call
        self.errno = errno
    }

    package var description: String { "\(call): \(Errno.message(errno))" }
}

/// What error numbers mean.
package enum Errno {
    package static func message(_ number: Int32) -> String {
        String(cString: strerror(number))
    }

    /// Returns a non-negative result, or throws the `-errno` that a shim returned.
    package static func check(_ result: Int32, _ call: String) throws(SystemFailure) -> Int32 {
        guard result >= 0 else { throw SystemFailure(call, errno: -result) }
        return result
    }
}

extension OwnedFD {
    /// Makes reads and writes of a borrowed descriptor answer EAGAIN rather than wait.
    package static func setNonblocking(_ number: Int32) {
        _ = ostler_set_nonblocking(number, 1)
    }
}
