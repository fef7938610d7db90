internal import OstlerJSON
package import OstlerProtocol

/// The command of a guard: it is asked for its exit code, and 0 says yes.
package enum GuardCommand: Sendable, Equatable {
    /// A line that is split into words; no shell sees it.
    case line(String)
    /// A program and its arguments as they are.
    case arguments([String])

    /// The program and its arguments.
    /// - Parameter what: what the command belongs to, for messages.
    package func arguments(of what: String = "guard") throws(Failure) -> [String] {
        switch self {
        case .arguments(let arguments): return arguments
        case .line(let line):
            let words: [String]
            do throws(CommandLineWords.Unterminated) {
                words = try CommandLineWords.split(line)
            } catch {
                throw Self.invalid("invalid \(what) command: \(error)")
            }
            guard words.first?.isEmpty == false else { throw Self.invalid("empty \(what) command") }
            return words
        }
    }

    /// The same command, its line read by the machine's shell.
    package var throughShell: GuardCommand {
        switch self {
        case .line(let line): .arguments(["/bin/sh", "-c", line])
        case .arguments: self
        }
    }

    /// As a person would type it.
    package var text: String {
        switch self {
        case .line(let line): line
        case .arguments(let arguments): arguments.joined(separator: " ")
        }
    }

    private static func invalid(_ message: String) -> Failure {
        Failure("invalid_guard_command", fault: .user, message: message)
    }
}
