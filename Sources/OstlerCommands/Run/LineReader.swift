internal import Glibc
internal import OstlerSystem

/// Reads lines from a file, a pipe or a terminal; the loop never waits for the bytes of a slow writer.
@LoopActor
final class LineReader: EventHandler {
    /// One line without its end.
    enum Line {
        case text([UInt8])
        /// Longer than ``maximumBytes``; its content is passed over.
        case tooLong(bytes: Int)
    }

    /// As long as a frame may be.
    nonisolated static let maximumBytes = 1 << 20
    /// How many bytes of a line are passed over before it is taken for one that never ends.
    private let patience: Int
    private let input: Int32
    private var buffer: [UInt8] = []
    private var start = 0
    private var scanned = 0
    private var isAtEnd = false
    /// Somebody wants no more of it.
    private(set) var isStopped = false
    private var skipped = 0
    private var isDirect: Bool
    private var waiting: UnsafeContinuation<Void, Never>?
    /// Whether someone is reading; the others wait in line.
    private var isReading = false
    private var queue: [UnsafeContinuation<Void, Never>] = []
    /// The number of the line that was returned last, from 1.
    private(set) var number = 0
    /// Why reading stopped before the end, if it did.
    private(set) var problem: String?

    /// Borrows the descriptor.
    init(_ input: Int32, patience: Int = 256 << 20) {
        (self.input, self.patience) = (input, patience)
        var status = stat()
        isDirect = fstat(input, &status) == 0 && status.st_mode & S_IFMT == S_IFREG
    }

    /// The next line; nil at the end. Several may ask at once: each gets a line of its own.
    func next() async -> Line? {
        while isReading { await withUnsafeContinuation { queue.append($0) } }
        isReading = true
        defer {
            isReading = false
            if !queue.isEmpty { queue.removeFirst().resume() }
        }
        while true {
            if let line = take() {
                number += 1
                return line
            }
            if isAtEnd { return nil }
            await fill()
        }
    }

    private func take() -> Line? {
        // The rest of a line that has been passed over may have no bytes left, and was a line all the same.
        let isLast = isAtEnd && (start < buffer.count || skipped > 0)
        guard let end = newline() ?? (isLast ? buffer.count : nil) else {
            scanned = buffer.count
            passOverIfTooLong()
            return nil
        }
        let line = buffer[start..<end]
        start = min(end + 1, buffer.count)
        scanned = start
        defer { skipped = 0 }
        let length = skipped + line.count
        return length > Self.maximumBytes ? .tooLong(bytes: length) : .text(Array(line))
    }

    private func newline() -> Int? {
        buffer.withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, scanned < bytes.count,
                let hit = memchr(base + scanned, 0x0A, bytes.count - scanned)
            else { return nil }
            return UnsafeRawPointer(hit) - base
        }
    }

    private func passOverIfTooLong() {
        guard buffer.count - start > Self.maximumBytes else { return }
        skipped += buffer.count - start
        start = buffer.count
        scanned = start
        guard skipped > patience else { return }
        problem = "a line does not end within \(patience) bytes: is this a file of tasks?"
        (isAtEnd, skipped) = (true, 0)
    }

    private func fill() async {
        // What is always ready would otherwise keep the loop from everything else, signals among it.
        if isDirect { await Task.yield() } else { await readiness() }
        guard !isAtEnd else { return }
        if start > 0 {
            buffer.removeFirst(start)
            scanned -= start
            start = 0
        }
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(input, &chunk, chunk.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        if count < 0 { problem = String(cString: strerror(errno)) }
        if count <= 0 {
            isAtEnd = true
        } else {
            buffer.append(contentsOf: chunk.prefix(count))
        }
    }

    private func readiness() async {
        do {
            try EventLoop.shared.watch(input, for: .read, self)
        } catch {
            isDirect = true
            return
        }
        await withUnsafeContinuation { waiting = $0 }
    }

    func ready(_ events: Readiness) {
        EventLoop.shared.unwatch(input)
        waiting.take()?.resume()
    }

    /// Ends the reading for good: whoever waits for a line gets none.
    func stop() {
        (isStopped, isAtEnd) = (true, true)
        buffer = []
        (start, scanned) = (0, 0)
        guard let waiting = waiting.take() else { return }
        EventLoop.shared.unwatch(input)
        waiting.resume()
    }

    /// Goes back to the first line of a regular file.
    func rewind() {
        lseek(input, 0, SEEK_SET)
        buffer = []
        (start, scanned, skipped, number, isAtEnd) = (0, 0, 0, 0, isStopped)
    }
}
