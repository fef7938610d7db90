internal import Glibc
internal import OstlerTestSupport

/// A pseudo-terminal: a program gets one end, the test reads what it shows.
final class Terminal: Sendable {
    /// TIOCSPTLCK and TIOCGPTN, which cannot be imported.
    private static let setLock: UInt = 0x4004_5431
    private static let getNumber: UInt = 0x8004_5430

    private let ours: Int32
    /// The program's end.
    let theirs: Int32

    init() throws {
        ours = open("/dev/ptmx", O_RDWR | O_NOCTTY | O_CLOEXEC)
        var lock: Int32 = 0
        var number: UInt32 = 0
        guard ours >= 0, ioctl(ours, Self.setLock, &lock) == 0, ioctl(ours, Self.getNumber, &number) == 0 else {
            throw TestSupportFailure("open", "/dev/ptmx")
        }
        theirs = open("/dev/pts/\(number)", O_RDWR | O_NOCTTY | O_CLOEXEC)
        guard theirs >= 0 else { throw TestSupportFailure("open", "/dev/pts/\(number)") }
    }

    deinit {
        close(ours)
    }

    /// Gives up this process's copy of the program's end, so that its last owner ends it.
    func closeTheirs() {
        close(theirs)
    }

    /// Types text, all at once; a terminal takes some thousand bytes ahead.
    func type(_ text: String) throws {
        let bytes = Array(text.utf8)
        guard write(ours, bytes, bytes.count) == bytes.count else { throw TestSupportFailure("write", "/dev/ptmx") }
    }

    /// The modes that the program's end has now, byte for byte.
    var modes: [UInt8] {
        var modes = termios()
        guard tcgetattr(ours, &modes) == 0 else { return [] }
        // The control characters and flags; what pads the structure tells nothing.
        return withUnsafeBytes(of: modes.c_cc) { Array($0) }
            + [modes.c_iflag, modes.c_oflag, modes.c_cflag, modes.c_lflag].flatMap { flag in
                withUnsafeBytes(of: flag) { Array($0) }
            }
    }

    /// Whether it passes every byte on as it is.
    var isRaw: Bool {
        var modes = termios()
        return tcgetattr(ours, &modes) == 0 && modes.c_lflag & tcflag_t(ICANON | ECHO | ISIG) == 0
    }

    func resize(rows: UInt16, columns: UInt16) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        _ = ioctl(ours, UInt(TIOCSWINSZ), &size)
    }

    /// Reads on until the program has shown a text; what it has shown by then.
    func wait(for text: String, within limit: Duration = .seconds(30)) -> String {
        let deadline = ContinuousClock.now.advanced(by: limit)
        var shown: [UInt8] = []
        while ContinuousClock.now < deadline {
            var entry = pollfd(fd: ours, events: Int16(POLLIN), revents: 0)
            guard poll(&entry, 1, 20) > 0 else { continue }
            var chunk = [UInt8](repeating: 0, count: 4096)
            let count = Glibc.read(ours, &chunk, chunk.count)
            guard count > 0 else { break }
            shown += chunk.prefix(count)
            if String(decoding: shown, as: UTF8.self).contains(text) { break }
        }
        return String(decoding: shown, as: UTF8.self)
    }

    /// What the program has shown; to be called when it has ended. A terminal keeps a page of it.
    func read() -> String {
        var shown: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = Glibc.read(ours, &chunk, chunk.count)
            // EIO is a terminal's end of file.
            guard count > 0 else { return String(decoding: shown, as: UTF8.self) }
            shown += chunk.prefix(count)
        }
    }
}
