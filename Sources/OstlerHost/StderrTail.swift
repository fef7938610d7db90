internal import Glibc
package import OstlerSystem

/// Drains an executor's stderr for as long as it lives, and keeps the end of it.
@LoopActor
package final class StderrTail: EventHandler {
    /// How much goes with a fault.
    static let keptBytes = 64 << 10

    private let input: Int32
    private var kept: [UInt8] = []
    private var isOpen = true

    /// Takes over the read end of the pipe.
    package init(taking input: Int32) throws(SystemFailure) {
        self.input = input
        OwnedFD.setNonblocking(input)
        try EventLoop.shared.watch(input, for: .read, self)
    }

    package func ready(_ events: Readiness) {
        guard readOnce() <= 0 else { return }
        close()
    }

    /// Takes what is there now, up to a bound: a descendant may hold the pipe and go on writing.
    package func drain() {
        for _ in 0..<64 where isOpen {
            guard readOnce() > 0 else { return }
        }
    }

    /// Bytes read, 0 at the end; -1 only for an error that is not "nothing there".
    private func readOnce() -> Int {
        guard isOpen else { return 0 }
        let chunk = withUnsafeTemporaryAllocation(byteCount: 1 << 14, alignment: 1) { buffer -> (Int, Int32) in
            let count = read(input, buffer.baseAddress, buffer.count)
            if count > 0 { kept.append(contentsOf: buffer.prefix(count)) }
            return (count, errno)
        }
        if chunk.0 < 0 { return chunk.1 == EAGAIN || chunk.1 == EINTR ? 1 : -1 }
        // Twice the size before it is cut, so that cutting is rare.
        if kept.count > 2 * Self.keptBytes { kept.removeFirst(kept.count - Self.keptBytes) }
        return chunk.0
    }

    /// What is kept, as text.
    package var text: String {
        String(decoding: kept.suffix(Self.keptBytes), as: UTF8.self)
    }

    /// Reads no more.
    package func close() {
        guard isOpen else { return }
        isOpen = false
        EventLoop.shared.unwatch(input)
        _ = Glibc.close(input)
    }
}
