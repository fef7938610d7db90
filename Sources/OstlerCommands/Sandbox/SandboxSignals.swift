internal import COstlerShims
internal import Glibc
internal import OstlerSystem

/// Signals to `ostler sandbox run` as events of the loop: they are the command's.
@LoopActor
final class SandboxSignals: EventHandler {
    private let input: Int32
    private let action: @LoopActor (Int32) -> Void

    /// - Parameter action: called with each signal.
    init(_ action: @escaping @LoopActor (Int32) -> Void) {
        self.action = action
        let signals = [SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGTSTP, SIGWINCH]
        input = ostler_signalfd(signals.reduce(0) { $0 | 1 << UInt64($1) })
        try? EventLoop.shared.watch(input, for: .read, self)
    }

    func ready(_ events: Readiness) {
        while true {
            let signal = ostler_signalfd_read(input)
            guard signal > 0 else { return }
            action(signal)
        }
    }
}
