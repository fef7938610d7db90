import Glibc
import OstlerSystem
import OstlerTestSupport
import Synchronization
import Testing

/// Runs a body on the loop, which runs on a thread of its own.
func onLoop<R: Sendable>(_ body: @LoopActor @Sendable () async throws -> R) async rethrows -> R {
    EventLoop.shared.startThread()
    return try await body()
}

/// Remembers in which order things happened on the loop.
@LoopActor
final class Record<Element: Sendable>: Sendable {
    private(set) var entries: [Element] = []
    func add(_ entry: Element) { entries.append(entry) }
}

/// Calls a closure when a descriptor is ready.
@LoopActor
final class Handler: EventHandler {
    private let action: @LoopActor (Readiness) -> Void
    init(_ action: @escaping @LoopActor (Readiness) -> Void) { self.action = action }
    func ready(_ events: Readiness) { action(events) }
}

/// A pipe that is closed with its object.
final class TestPipe: Sendable {
    let read: Int32
    let write: Int32
    init() throws { (read, write) = try Pipe.make() }
    func fill() { _ = [UInt8(1)].withUnsafeBytes { Glibc.write(write, $0.baseAddress, 1) } }
    deinit {
        close(read)
        close(write)
    }
}

@LoopActor
func turns(_ count: Int = 3) async {
    for _ in 0..<count { await EventLoop.shared.sleep(milliseconds: 1) }
}
