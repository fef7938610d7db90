internal import Glibc
internal import OstlerSystem

/// Copies the command line's stdin into the pipe that a task's command reads.
///
/// The command gets a pipe of its own rather than the caller's descriptor: through that it could reach the caller's
/// terminal, or open the caller's file anew for writing.
@LoopActor
final class StdinPump: EventHandler {
    private let output: Int32
    private var pending: [UInt8] = []
    private var isWaitingForInput = false
    private var isWaitingForRoom = false
    private var isOpen = true
    /// Whether anything has come from stdin.
    private(set) var hasPassedBytes = false
    private lazy var writeEnd = WriteEnd(self)

    /// The end for the command.
    let readEnd: Int32

    init() throws(SystemFailure) {
        let pipe = try Pipe.make(capacity: 1 << 18)
        readEnd = pipe.read
        output = pipe.write
        OwnedFD.setNonblocking(output)
    }

    func start() {
        do {
            try EventLoop.shared.watch(0, for: .read, self)
            isWaitingForInput = true
        } catch {
            // A regular file is always ready.
            pumpFile()
        }
    }

    func ready(_ events: Readiness) {
        takeChunk()
    }

    private func takeChunk() {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        let count = read(0, &chunk, chunk.count)
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        guard count > 0 else { return close() }
        hasPassedBytes = true
        pending = Array(chunk.prefix(count))
        flush()
    }

    private func pumpFile() {
        while isOpen, !isWaitingForRoom {
            takeChunk()
        }
    }

    fileprivate func flush() {
        while !pending.isEmpty {
            let count = write(output, pending, pending.count)
            if count < 0 {
                if errno == EINTR { continue }
                // A command that does not read its input is no fault.
                guard errno == EAGAIN else { return close() }
                return waitForRoom()
            }
            pending.removeFirst(count)
        }
        guard isWaitingForRoom else { return }
        EventLoop.shared.unwatch(output)
        isWaitingForRoom = false
        start()
    }

    private func waitForRoom() {
        guard !isWaitingForRoom else { return }
        isWaitingForRoom = true
        if isWaitingForInput { EventLoop.shared.unwatch(0) }
        isWaitingForInput = false
        try? EventLoop.shared.watch(output, for: .write, writeEnd)
    }

    /// Gives end of file to the command.
    func close() {
        guard isOpen else { return }
        isOpen = false
        if isWaitingForInput { EventLoop.shared.unwatch(0) }
        if isWaitingForRoom { EventLoop.shared.unwatch(output) }
        pending = []
        _ = Glibc.close(output)
    }

    private final class WriteEnd: EventHandler {
        private weak var pump: StdinPump?

        init(_ pump: StdinPump) {
            self.pump = pump
        }

        func ready(_ events: Readiness) {
            pump?.flush()
        }
    }
}
