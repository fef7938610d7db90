internal import OstlerJSON
internal import OstlerPluginWire
internal import OstlerProtocol
internal import Synchronization

/// Frames of tasks on their way to the session's thread, which writes them.
final class Outbox: Sendable {
    private struct State {
        var writer = JSONWriter()
        /// Bytes that the thread has taken and not written yet.
        var unwritten = 0
        var waiting: [CheckedContinuation<Void, Never>] = []

        var isFull: Bool { unwritten + writer.bytes.count > Outbox.bound }
    }

    /// With more than this unwritten, tasks wait before they write more. Answers never wait.
    private static let bound = 256 << 10

    private let state = Mutex(State())
    private let waker: Waker

    init(_ waker: Waker) {
        self.waker = waker
    }

    /// Adds frames; they go out in the order of the calls.
    func write(_ frames: (inout JSONWriter) -> Void) {
        state.withLock { frames(&$0.writer) }
        waker.ring()
    }

    /// Returns when there is room for more output.
    func room() async {
        await withCheckedContinuation { continuation in
            let hasRoom = state.withLock { state in
                guard state.isFull else { return true }
                state.waiting.append(continuation)
                return false
            }
            if hasRoom { continuation.resume() }
        }
    }

    /// Moves everything to the output; for the session's thread alone.
    func empty(into output: HostOutput) {
        state.withLock { state in
            guard !state.writer.bytes.isEmpty else { return }
            output.append(state.writer.bytes)
            state.writer.bytes.removeAll(keepingCapacity: true)
        }
    }

    /// Tells how much the thread still has to write.
    func report(unwritten: Int) {
        let ready = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            state.unwritten = unwritten
            guard !state.isFull, !state.waiting.isEmpty else { return [] }
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in ready { continuation.resume() }
    }
}
