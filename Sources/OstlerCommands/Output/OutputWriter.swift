internal import Glibc
internal import OstlerSystem

/// Writes to stdout or stderr without ever making the loop wait: a slow reader slows the tasks, not the time-outs.
///
/// The descriptor may be shared with other programs, so it is not made non-blocking. A pipe that is ready takes
/// PIPE_BUF bytes at once (pipe(7)), and no more than that is given to it at a time.
@LoopActor
final class OutputWriter: EventHandler {
    private let output: Int32
    private var pending: [UInt8] = []
    private var written = 0
    private var isWatched = false
    /// A regular file: always ready, and epoll does not take it.
    private var isDirect = false
    /// Nothing can be written any more.
    private(set) var isBroken = false
    /// Told when nothing can be written any more.
    var whenBroken: () -> Void = {}
    /// Why, unless the reader has gone away, as readers may: a full disk, for instance.
    private(set) var fault: Int32?
    /// What could not be written.
    private(set) var lostBytes = 0
    private var waiting: [@LoopActor () -> Void] = []
    /// When a reader that is slow is given up.
    private var patience: Instant?
    /// The reader was given up.
    private(set) var isGivenUp = false

    private static let congestion = 1 << 20
    private static let chunk = 4096

    init(_ output: Int32) {
        self.output = output
        var status = stat()
        isDirect = fstat(output, &status) != 0 || status.st_mode & S_IFMT == S_IFREG
    }

    var isCongested: Bool { !isDirect && patience == nil && pending.count - written > Self.congestion }

    func write(_ bytes: some Collection<UInt8>) {
        guard !isBroken else {
            lostBytes += bytes.count
            return
        }
        pending.append(contentsOf: bytes)
        if isDirect { return drainDirectly() }
        guard !isWatched else { return }
        do {
            try EventLoop.shared.watch(output, for: .write, self)
            isWatched = true
        } catch {
            isDirect = true
            drainDirectly()
        }
    }

    func ready(_ events: Readiness) {
        // A few pieces a turn: each is preceded by its own readiness, except that a pipe with room has room for one.
        if !put(limit: Self.chunk) { fail(errno) }
        guard written == pending.count else { return settleIfDrained() }
        EventLoop.shared.unwatch(output)
        isWatched = false
        settleIfDrained()
    }

    private func drainDirectly() {
        while written < pending.count, !isBroken {
            if !put(limit: 1 << 20) { fail(errno) }
        }
        settleIfDrained()
    }

    private func put(limit: Int) -> Bool {
        let count = pending.withUnsafeBytes { bytes in
            Glibc.write(output, bytes.baseAddress.unsafelyUnwrapped + written, min(limit, bytes.count - written))
        }
        if count < 0 { return errno == EINTR || errno == EAGAIN }
        written += count
        // What is left is moved seldom enough that each byte is moved once or twice.
        if written == pending.count || written > max(1 << 16, pending.count / 2) {
            pending.removeFirst(written)
            written = 0
        }
        return true
    }

    /// - Parameter error: why; 0 if it was given up.
    private func fail(_ error: Int32) {
        let isNew = !isBroken
        if isNew, error != EPIPE, error != 0 { fault = error }
        isBroken = true
        lostBytes += pending.count - written
        pending = []
        written = 0
        if isNew { whenBroken() }
    }

    private func settleIfDrained() {
        guard patience != nil || pending.count - written < Self.congestion / 2 else { return }
        let actions = waiting
        waiting = []
        for action in actions { action() }
    }

    /// Calls `action` once the writer is no longer congested.
    func whenDrained(_ action: @escaping @LoopActor () -> Void) {
        guard isCongested else { return action() }
        waiting.append(action)
    }

    /// Waits for room.
    func room() async {
        guard isCongested else { return }
        await withUnsafeContinuation { continuation in whenDrained { continuation.resume() } }
    }

    /// Says on stderr that something could not be written; true if so. A reader that has gone is no reason to.
    func tellFault(_ name: String) -> Bool {
        guard let fault else { return false }
        let reason = String(cString: strerror(fault))
        Log.error("\(name): \(reason); \(lostBytes) bytes are lost", code: "output_lost")
        return true
    }

    /// From now on a reader that does not read holds up nobody. What it takes within a second it still gets.
    func hurry() {
        guard patience == nil else { return }
        patience = .now.advanced(milliseconds: 1000)
        settleIfDrained()
    }

    /// Waits until everything is written, or the reader is gone or given up.
    func finish() async {
        while written < pending.count, !isBroken {
            if let patience, patience < .now { return giveUp() }
            await EventLoop.shared.sleep(milliseconds: 1)
        }
    }

    private func giveUp() {
        if isWatched { EventLoop.shared.unwatch(output) }
        isWatched = false
        isGivenUp = true
        fail(0)
    }
}
