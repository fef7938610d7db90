internal import Glibc
internal import OstlerJSON
internal import OstlerProtocol

/// What people are told besides results: on stderr, with colour only on a terminal that wants it.
enum Diagnostics {
    private static let hasColour: Bool =
        isatty(2) == 1 && Composition.environment["NO_COLOR"] == nil && Composition.environment["TERM"] != "dumb"

    static func error(_ message: String) {
        line(hasColour ? "\u{1B}[31mostler:\u{1B}[0m \(message)" : "ostler: \(message)")
    }

    static func note(_ message: String) {
        line("ostler: \(message)")
    }

    /// A failure with all that helps: code, place, hint.
    static func failure(_ failure: Failure, of task: String? = nil) {
        let subject = task.map { "task \($0): " } ?? ""
        let place = failure.pointer.map { $0.description.isEmpty ? "" : " at \($0)" } ?? ""
        error("\(subject)\(failure.message) [\(failure.code)\(place)]")
        if let hint = failure.hint { line("  hint: \(hint)") }
    }

    static func line(_ text: String) {
        raw(text + "\n")
    }

    static func raw(_ text: String) {
        let bytes = Array(text.utf8)
        _ = write(2, bytes, bytes.count)
    }
}
