internal import COstlerShims
internal import Glibc
internal import Synchronization

/// Ends the wait of the session's thread from any other thread.
final class Waker: Sendable {
    /// An event descriptor that the session's thread waits for.
    let descriptor: Int32
    /// Whether it has been rung and not been heard yet: one write is enough for all that rings meanwhile.
    private let isRinging = Atomic(false)

    /// Nil if the kernel has no descriptor left.
    init?() {
        descriptor = ostler_eventfd()
        guard descriptor >= 0 else { return nil }
    }

    deinit {
        close(descriptor)
    }

    func ring() {
        guard !isRinging.exchange(true, ordering: .acquiringAndReleasing) else { return }
        var one: UInt64 = 1
        _ = write(descriptor, &one, MemoryLayout<UInt64>.size)
    }

    /// Call it before looking at what others have left: what comes later rings again.
    func hear() {
        var count: UInt64 = 0
        _ = read(descriptor, &count, MemoryLayout<UInt64>.size)
        isRinging.store(false, ordering: .sequentiallyConsistent)
    }
}
