internal import COstlerShims
internal import Glibc
internal import OstlerSystem

/// A terminal of the command's own, between which and the caller's every byte is copied.
///
/// The command never has a descriptor of the caller's terminal, so it can neither type into it nor change its modes. The
/// caller's terminal is in raw mode meanwhile: Ctrl-C, Ctrl-Z and the like are bytes, of which the command's own terminal
/// makes signals to the command's foreground processes.
@LoopActor
final class TerminalRelay {
    /// The command's end, its own until it is started.
    private(set) var slave: Int32
    private let master: Int32
    private let modes: TerminalModes
    private let output: OutputWriter
    private lazy var typing = TerminalTyping(master)
    private lazy var showing = TerminalShowing(master, output)

    init() throws(SystemFailure) {
        let like: Int32 = isatty(0) == 1 ? 0 : 1
        var (ours, theirs): (Int32, Int32) = (-1, -1)
        _ = try Errno.check(ostler_pty_open(like, &ours, &theirs), "open(/dev/ptmx)")
        (master, slave) = (ours, theirs)
        output = OutputWriter(Self.unshared(1))
        modes = TerminalModes(of: like)
    }

    /// The caller's terminal once more, which then need not wait: others may share the descriptor itself.
    private static func unshared(_ number: Int32) -> Int32 {
        guard isatty(number) == 1 else { return number }
        let own = open("/proc/self/fd/\(number)", O_WRONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)
        return own < 0 ? number : own
    }

    /// Begins to copy. The command has its end by now.
    func start() {
        _ = close(slave)
        slave = -1
        modes.makeRaw()
        showing.start()
        typing.start()
    }

    /// Gives the size of the caller's terminal to the command's.
    func resize() {
        var size = winsize()
        guard ioctl(0, UInt(TIOCGWINSZ), &size) == 0 || ioctl(1, UInt(TIOCGWINSZ), &size) == 0 else { return }
        _ = ioctl(master, UInt(TIOCSWINSZ), &size)
    }

    /// Gives the caller's terminal back for as long as the caller's shell has it.
    func suspend() { modes.restore() }

    func resume() {
        modes.makeRaw()
        resize()
    }

    /// Shows what is left when the command has ended, and gives the caller's terminal back for good.
    func finish() async {
        if slave >= 0 { _ = close(slave) }
        typing.stop()
        await showing.end()
        await output.finish()
        modes.release()
        _ = close(master)
    }
}

/// From the caller to the command: what is typed, or what stands in a file or pipe.
@LoopActor
private final class TerminalTyping: EventHandler {
    private let master: Int32
    private var pending: [UInt8] = []
    private var isWatched = false
    private var isOver = false
    private var isAtLineStart = true
    private lazy var room = Room(self)

    /// Ctrl-D, by which a terminal says that there is no more.
    private static let endOfInput: UInt8 = 4

    init(_ master: Int32) {
        self.master = master
    }

    func start() {
        guard !isOver, !isWatched else { return }
        do {
            try EventLoop.shared.watch(0, for: .read, self)
            isWatched = true
        } catch {
            // A regular file: always ready.
            ready(.read)
        }
    }

    func stop() {
        isOver = true
        pause()
        room.unwatch()
    }

    private func pause() {
        if isWatched { EventLoop.shared.unwatch(0) }
        isWatched = false
    }

    func ready(_ events: Readiness) {
        // A terminal takes some thousand bytes ahead, and drops what comes on top.
        var chunk = [UInt8](repeating: 0, count: 1024)
        let count = read(0, &chunk, chunk.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        if count > 0 {
            pending += chunk.prefix(count)
            isAtLineStart = chunk[count - 1] == UInt8(ascii: "\n")
        } else {
            // In the midst of a line the first one only hands over what there is of it.
            pending += isAtLineStart ? [Self.endOfInput] : [Self.endOfInput, Self.endOfInput]
            isOver = true
        }
        flush()
    }

    fileprivate func flush() {
        while !pending.isEmpty {
            let count = write(master, pending, pending.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { break }
            pending.removeFirst(count)
        }
        guard pending.isEmpty else {
            pause()
            return room.watch(master)
        }
        room.unwatch()
        if isOver { pause() } else if !isWatched { EventLoop.shared.atEndOfTurn { self.start() } }
    }

    /// Waits for the command's terminal to take more. A descriptor of its own, since the master is watched for output.
    private final class Room: EventHandler {
        private weak var typing: TerminalTyping?
        private var number: Int32 = -1

        init(_ typing: TerminalTyping) {
            self.typing = typing
        }

        func watch(_ master: Int32) {
            guard number < 0 else { return }
            number = fcntl(master, F_DUPFD_CLOEXEC, 3)
            try? EventLoop.shared.watch(number, for: .write, self)
        }

        func unwatch() {
            guard number >= 0 else { return }
            EventLoop.shared.unwatch(number)
            _ = close(number)
            number = -1
        }

        func ready(_ events: Readiness) { typing?.flush() }
    }
}

/// From the command to the caller.
@LoopActor
private final class TerminalShowing: EventHandler {
    private let master: Int32
    private let output: OutputWriter
    private var isWatched = false
    private var hasEnded = false
    private var waiting: UnsafeContinuation<Void, Never>?

    init(_ master: Int32, _ output: OutputWriter) {
        self.master = master
        self.output = output
    }

    func start() {
        guard !hasEnded, !isWatched else { return }
        isWatched = (try? EventLoop.shared.watch(master, for: .read, self)) != nil
    }

    private func pause() {
        if isWatched { EventLoop.shared.unwatch(master) }
        isWatched = false
    }

    func ready(_ events: Readiness) {
        var chunk = [UInt8](repeating: 0, count: 1 << 14)
        let count = read(master, &chunk, chunk.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        guard count > 0 else {
            // EIO: nobody has the other end any more.
            pause()
            hasEnded = true
            waiting.take()?.resume()
            return
        }
        output.write(chunk.prefix(count))
        guard output.isCongested else { return }
        pause()
        output.whenDrained { self.start() }
    }

    /// Waits for the last of it. All who had the other end have been reaped.
    func end() async {
        start()
        guard !hasEnded, isWatched else { return }
        await withUnsafeContinuation { waiting = $0 }
    }
}
