internal import Glibc

/// Descriptors 0 to 2.
enum StandardStreams {
    /// Takes the place of those that the caller has closed: the next file that is opened would get their number, be
    /// taken for stdin, or be written messages into. To read from a closed stdin or to write to a closed stdout still fails.
    static func reserve() {
        for descriptor: Int32 in 0...2 where fcntl(descriptor, F_GETFD) < 0 {
            _ = open("/dev/null", descriptor == 0 ? O_WRONLY : O_RDONLY)
        }
    }
}
