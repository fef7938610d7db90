internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem

/// Brings what a task writes into the store while it runs, some at a time.
@LoopActor
final class AttemptLog {
    /// Bytes of an attempt that are kept; what comes later is only counted by its result.
    nonisolated static let mostBytes = 16 << 20
    /// Bytes that are not waited for any longer.
    private static let batch = 64 << 10
    /// Bytes that may be on their way before the task has to wait.
    private static let credit = 1 << 20

    private let lease: Lease
    private let store: any TaskStore
    private let thread: WorkerThread
    private let wait: Int64
    private let onFlush: @LoopActor (Failure?) -> Void
    private var pending: [LogChunk] = []
    private var pendingBytes = 0
    private var total = 0
    private var isFlushing = false
    private var timer: TimerID?
    private var drained: [@LoopActor () -> Void] = []
    private var closing: (@LoopActor ([LogChunk]) -> Void)?
    /// Whether output came that was not kept.
    private(set) var isTruncated = false

    /// - Parameters:
    ///   - wait: milliseconds between output that came and its way into the store.
    ///   - onFlush: told each time why the store did not take it; nil if it did.
    init(
        _ lease: Lease,
        _ store: any TaskStore,
        on thread: WorkerThread,
        wait: Int64,
        onFlush: @escaping @LoopActor (Failure?) -> Void
    ) {
        (self.lease, self.store, self.thread, self.wait, self.onFlush) = (lease, store, thread, wait, onFlush)
    }

    func append(_ stream: OutputStream, _ bytes: [UInt8]) {
        let kept = bytes.prefix(max(0, Self.mostBytes - total))
        isTruncated = isTruncated || kept.count < bytes.count
        guard !kept.isEmpty else { return }
        total += kept.count
        pendingBytes += kept.count
        if let last = pending.indices.last, pending[last].stream == stream.rawValue {
            pending[last].bytes += kept
        } else {
            pending.append(LogChunk(stream: stream.rawValue, bytes: Array(kept)))
        }
        if pendingBytes >= Self.batch { flush() } else { arm() }
    }

    var isCongested: Bool { pendingBytes > Self.credit }

    /// Calls `action` once when the store has caught up.
    func whenDrained(_ action: @escaping @LoopActor () -> Void) { drained.append(action) }

    /// The task is over: hands out what is not in the store yet, once nothing is on its way.
    func close(_ action: @escaping @LoopActor ([LogChunk]) -> Void) {
        if let timer { EventLoop.shared.cancel(timer) }
        guard isFlushing else { return action(pending) }
        closing = action
    }

    private func arm() {
        guard timer == nil, !isFlushing else { return }
        timer = EventLoop.shared.schedule(at: .now.advanced(milliseconds: wait)) { [weak self] in self?.flush() }
    }

    private func flush() {
        if let timer { EventLoop.shared.cancel(timer) }
        timer = nil
        guard !isFlushing, !pending.isEmpty else { return }
        isFlushing = true
        let (chunks, bytes) = (pending, pendingBytes)
        (pending, pendingBytes) = ([], 0)
        thread.perform { [store, lease] in
            Result { () throws(Failure) in try store.append(chunks, to: lease, at: WallClock.milliseconds) }
        } reply: { [weak self] result in
            self?.flushed(result, chunks, bytes)
        }
    }

    private func flushed(_ result: Result<Void, Failure>, _ chunks: [LogChunk], _ bytes: Int) {
        isFlushing = false
        if case .failure(let failure) = result {
            // What the store did not take goes with the next attempt; what belongs to others goes nowhere.
            if failure.storeCode != .staleAttempt {
                pending = chunks + pending
                pendingBytes += bytes
            }
            onFlush(failure)
        } else {
            onFlush(nil)
        }
        if let closing {
            self.closing = nil
            return closing(pending)
        }
        if pendingBytes >= Self.batch, case .success = result { flush() } else if !pending.isEmpty { arm() }
        guard !isCongested else { return }
        let waiting = drained
        drained = []
        for action in waiting { action() }
    }
}
