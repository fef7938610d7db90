internal import COstlerShims
internal import Glibc
internal import OstlerSystem

/// SIGINT, SIGTERM and SIGHUP as events of the loop.
@LoopActor
final class Interrupts: EventHandler {
    private let input: Int32
    /// The signals that have come, first one first.
    private(set) var received: [Int32] = []
    private let action: @LoopActor (_ signal: Int32, _ count: Int) -> Void

    /// - Parameter action: called with the signal and with how many have come so far.
    init(_ action: @escaping @LoopActor (_ signal: Int32, _ count: Int) -> Void) {
        self.action = action
        let signals: UInt64 = 1 << UInt64(SIGINT) | 1 << UInt64(SIGTERM) | 1 << UInt64(SIGHUP)
        input = ostler_signalfd(signals)
        try? EventLoop.shared.watch(input, for: .read, self)
    }

    func ready(_ events: Readiness) {
        while true {
            let signal = ostler_signalfd_read(input)
            guard signal > 0 else { return }
            received.append(signal)
            action(signal, received.count)
        }
    }

    /// The exit code of a command that was interrupted, nil if it was not.
    var exitCode: Int32? { received.first.map { 128 + $0 } }
}
