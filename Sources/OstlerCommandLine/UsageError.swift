/// A command line that is wrong.
package struct UsageError: Error, Sendable, CustomStringConvertible {
    /// What is wrong, in one line.
    package let message: String
    /// The commands whose line it was, from the root; empty if the thrower does not know.
    package internal(set) var path: [CommandSpec]

    package init(_ message: String) {
        self.message = message
        path = []
    }

    init(_ message: String, at path: [CommandSpec]) {
        self.message = message
        self.path = path
    }

    package var description: String { message }

    /// The message, the usage of the command concerned, and where to read more.
    /// - Parameter path: the command that ran, for errors of commands themselves.
    package func text(program: String, running path: [CommandSpec]) -> String {
        let path = self.path.isEmpty ? path : self.path
        let usage = HelpText(path).usage
        return "\(program): \(message) [usage]\n\(usage)  `\(path.words) --help` says more.\n"
    }
}
