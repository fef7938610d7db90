internal import COstlerShims
internal import Glibc
internal import OstlerSystem

/// The modes of the caller's terminal: raw for a time, and given back whatever happens to this process.
@LoopActor
final class TerminalModes {
    private let terminal: Int32
    /// As the terminal was found; nil if there is none, or this process may not change it.
    private var saved: termios?
    /// The pipe by whose end the guard knows that this process is gone, and the guard.
    private var guardian: (word: Int32, process: pid_t)?

    init(of terminal: Int32) {
        self.terminal = terminal
        var modes = termios()
        // Stdin may be a terminal and stdout none, or the other way round; then nothing is changed.
        guard isatty(0) == 1, isatty(1) == 1, tcgetattr(terminal, &modes) == 0 else { return }
        saved = modes
    }

    /// Raw: no byte has a meaning for the terminal. In the background it stops this process, as the caller's shell wants.
    func makeRaw() {
        guard var modes = saved else { return }
        post()
        cfmakeraw(&modes)
        _ = tcsetattr(terminal, TCSADRAIN, &modes)
    }

    func restore() {
        guard var modes = saved else { return }
        // Answers of the terminal that nobody waits for any more would be read by the caller's shell.
        _ = tcsetattr(terminal, TCSAFLUSH, &modes)
    }

    /// Restores for good.
    func release() {
        restore()
        guard let (word, process) = guardian else { return }
        var byte: UInt8 = 1
        _ = write(word, &byte, 1)
        _ = close(word)
        var status: Int32 = 0
        _ = ostler_wait_status(process, &status, 0)
        guardian = nil
    }

    /// Puts the guard up, once. Without one the terminal stays raw if this process is killed.
    private func post() {
        guard guardian == nil, let pipe = try? Pipe.make() else { return }
        var process: pid_t = 0
        if ostler_terminal_guard(terminal, pipe.read, &process) == 0 {
            guardian = (pipe.write, process)
        } else {
            _ = close(pipe.write)
        }
        _ = close(pipe.read)
    }
}
