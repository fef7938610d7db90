internal import Glibc

/// What is known of the terminal.
enum Terminal {
    /// Whether stderr is a terminal that wants colour.
    static let hasColour = hasProgress && Composition.environment["NO_COLOR"] == nil

    /// Whether stderr is a terminal on which a line can be written anew.
    static let hasProgress = isatty(2) == 1 && Composition.environment["TERM"] != "dumb"

    /// How many columns help may take.
    static var width: Int {
        if let columns = Composition.environment["COLUMNS"].flatMap(Int.init), columns > 0 { return columns }
        var size = winsize()
        guard isatty(1) == 1, ioctl(1, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
        return Int(size.ws_col)
    }

    /// Writes all of it, unless the reader is gone.
    /// - Returns: why it could not be written, if it could not.
    @discardableResult
    static func write(_ text: String, to output: Int32) -> Int32? {
        var text = text
        return text.withUTF8 { write(bytes: $0, to: output) }
    }

    /// Writes all of it, unless the reader is gone.
    /// - Returns: why it could not be written, if it could not.
    static func write(bytes: UnsafeBufferPointer<UInt8>, to output: Int32) -> Int32? {
        var done = 0
        while done < bytes.count {
            let rest = UnsafeBufferPointer(rebasing: bytes[done...])
            let count = Glibc.write(output, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            // Whoever shares the descriptor may have made it non-blocking.
            if count < 0, errno == EAGAIN {
                var wanted = pollfd(fd: output, events: Int16(POLLOUT), revents: 0)
                _ = poll(&wanted, 1, -1)
                continue
            }
            guard count >= 0 else { return errno }
            done += count
        }
        return nil
    }
}
