internal import Glibc
internal import Synchronization

/// Lets tasks wait for descriptors of their own without holding a thread; the session's thread does the waiting.
final class Readiness: Sendable {
    private struct Wait {
        let poll: pollfd
        let continuation: CheckedContinuation<Void, Never>
    }

    private let waits = Mutex<[Wait]>([])
    private let waker: Waker

    init(_ waker: Waker) {
        self.waker = waker
    }

    /// Returns when the descriptor, which must stay open until then, can be read, or has ended.
    func readable(_ descriptor: Int32) async {
        await wait(descriptor, Int16(POLLIN))
    }

    /// Returns when the descriptor can be written, or nobody reads it any more.
    func writable(_ descriptor: Int32) async {
        await wait(descriptor, Int16(POLLOUT))
    }

    private func wait(_ descriptor: Int32, _ events: Int16) async {
        await withCheckedContinuation { continuation in
            let poll = pollfd(fd: descriptor, events: events, revents: 0)
            waits.withLock { $0.append(Wait(poll: poll, continuation: continuation)) }
            waker.ring()
        }
    }

    /// What the session's thread is to wait for.
    var wanted: [pollfd] { waits.withLock { $0.map(\.poll) } }

    /// Wakes those whose descriptors are ready; `polled` begins with what ``wanted`` has given.
    func wake(_ polled: ArraySlice<pollfd>) {
        let ready = waits.withLock { waits -> [CheckedContinuation<Void, Never>] in
            var (kept, ready): ([Wait], [CheckedContinuation<Void, Never>]) = ([], [])
            for (index, wait) in waits.enumerated() {
                let isReady = index < polled.count && polled[polled.startIndex + index].revents != 0
                if isReady { ready.append(wait.continuation) } else { kept.append(wait) }
            }
            waits = kept
            return ready
        }
        for continuation in ready { continuation.resume() }
    }
}
