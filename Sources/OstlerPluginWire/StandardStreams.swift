internal import COstlerShims
internal import Glibc

/// The descriptors that a plugin is started with.
package enum StandardStreams {
    /// A private copy of descriptor 1, which is the protocol; 1 itself is stderr from then on, so that a stray print does
    /// no harm. Nil if one of the three is not open.
    package static func takeOutput() -> Int32? {
        ostler_ignore_sigpipe()
        // fcntl is variadic, which Swift cannot call; dup and the flag do the same, and nothing else runs in between.
        let copy = dup(STDOUT_FILENO)
        guard copy >= 0, ostler_set_cloexec(copy, 1) >= 0, dup2(STDERR_FILENO, STDOUT_FILENO) >= 0 else { return nil }
        return copy
    }

    /// Free text on stderr, which the host keeps.
    package static func complain(_ program: String, _ text: String) {
        let line = Array("\(program): \(text)\n".utf8)
        _ = Glibc.write(STDERR_FILENO, line, line.count)
    }
}
