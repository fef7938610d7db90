internal import Glibc
internal import OstlerJSON
internal import OstlerPluginWire
internal import OstlerProtocol
internal import Synchronization

/// What goes to the host, from whatever thread.
final class ShimAnswers: Sendable {
    private let output: Mutex<HostOutput>
    private let descriptor: Int32

    init(taking descriptor: Int32) {
        self.descriptor = descriptor
        output = Mutex(HostOutput(descriptor))
    }

    /// Adds messages and writes what the pipe takes. True when nothing is left, or nobody is there to read it.
    @discardableResult
    func send(_ body: (HostOutput) -> Void) -> Bool {
        output.withLock { output in
            body(output)
            return output.flush() || output.isClosed
        }
    }

    /// Adds messages and waits until the pipe has taken everything. Not for the thread that reads the host.
    func sendAll(_ body: (HostOutput) -> Void) {
        var isDone = send(body)
        while !isDone {
            var entry = pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0)
            _ = poll(&entry, 1, -1)
            isDone = send { _ in }
        }
    }

    enum State {
        /// Nothing is left to write.
        case idle
        /// What to wait for before calling ``send(_:)`` again.
        case waiting(pollfd)
        /// The host has closed its end.
        case closed
    }

    var state: State {
        output.withLock { output in
            if output.isClosed { return .closed }
            return output.pending == 0 ? .idle : .waiting(pollfd(fd: descriptor, events: Int16(POLLOUT), revents: 0))
        }
    }
}
