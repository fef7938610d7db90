internal import Glibc
internal import OstlerJSON
internal import OstlerProtocol

/// What people are told besides results: on stderr, with colour only on a terminal that wants it.
enum Diagnostics {
    private static let hasColour: Bool =
        isatty(2) == 1 && Composition.environment["NO_COLOR"] == nil && Composition.environment["TERM"] != "dumb"

    static func error(_ message: String) {
        raw((hasColour ? "\u{1B}[31mostler:\u{1B}[0m " : "ostler: ") + printable(message) + "\n")
    }

    /// Tells an error that a command ends with.
    static func report(_ error: any Error) {
        if let failure = error as? Failure { self.failure(failure) } else { self.error("\(error)") }
    }

    static func note(_ message: String) {
        line("ostler: \(message)")
    }

    /// A failure with all that helps: code, place, hint.
    /// - Parameter file: the place in a file that it is about, which then stands first.
    static func failure(_ failure: Failure, at file: String? = nil) {
        let pointer = Quotation.bare(failure.pointer?.description ?? "")
        let text = "\(failure.message) [\(failure.code)\(pointer.isEmpty ? "" : " at " + pointer)]"
        if let file { line("\(file): \(text)") } else { error(text) }
        if let hint = failure.hint { line("  hint: \(hint)") }
    }

    /// `tasks.jsonl:3:5`, as editors and compilers have it.
    static func place(_ file: String, _ line: Int, _ column: Int?) -> String {
        "\(file):\(line)" + (column.map { ":\($0)" } ?? "")
    }

    static func line(_ text: String) {
        raw(printable(text) + "\n")
    }

    /// Lines that a terminal shows and does not obey, whatever a file, a plugin or a name brought in.
    private static func printable(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { Quotation.bare(String($0), longest: 2000) }
            .joined(separator: "\n")
    }

    static func raw(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(2, bytes, bytes.count)
    }
}
