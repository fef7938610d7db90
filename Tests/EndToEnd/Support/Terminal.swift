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
