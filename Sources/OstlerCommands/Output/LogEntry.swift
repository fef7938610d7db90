internal import OstlerConfig
internal import OstlerJSON
internal import OstlerSystem
internal import OstlerTelemetry

/// One thing that is told on stderr, and how each form writes it.
struct LogEntry {
    let level: Log.Level
    /// The command; empty if it is not known.
    let action: String
    let phase: Log.Phase
    let message: String
    var code: String?
    var pointer: String?
    var hint: String?
    var subject = Log.Subject()
    var runID: String?
    var trace: TraceContext?
    /// Whether the message is what a command wrote, and not a sentence of ours.
    var isOutput = false

    /// What people are to read is cut where it becomes unreadable; what a command wrote is passed on whole.
    private var longest: Int { isOutput ? 1 << 20 : 2000 }

    /// The entry with a line's end behind it.
    func rendered(as format: Log.Format) -> String {
        switch format {
        case .plain: plain
        case .text: text
        case .json: json + "\n"
        }
    }

    /// What it is about, in a word: a task or resource, a plugin, or else Ostler itself.
    private var component: String { subject.task ?? subject.plugin ?? subject.executor ?? "ostler" }

    private var command: String { action.isEmpty ? "ostler" : action }

    private var word: String { level == .warning ? "warn" : level.rawValue }

    // MARK: Plain

    private var plain: String {
        lead + Self.printable(message + mark, longest: longest) + "\n"
            + (hint.map { "  hint: \(Self.printable($0))\n" } ?? "")
    }

    private var mark: String {
        let place = pointer.map { $0.isEmpty ? "" : " at \(Quotation.bare($0))" } ?? ""
        return code.map { " [\($0)\(place)]" } ?? ""
    }

    /// What stands before the message: the place as an editor takes it, or the program.
    private var lead: String {
        if let place = subject.place { return Self.printable(place) + ": " }
        let program = level == .error && Terminal.hasColour ? "\u{1B}[31mostler:\u{1B}[0m " : "ostler: "
        let kind = level == .debug || level == .warning ? level.rawValue + ": " : ""
        return program + kind + (subject.task.map { "task \($0): " } ?? "")
    }

    /// Lines that a terminal shows and does not obey, whatever a file, a plugin or a name brought in.
    static func printable(_ text: String, longest: Int = 2000) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map {
            Quotation.bare(String($0), longest: longest)
        }
        .joined(separator: "\n")
    }

    // MARK: Text

    /// `2026-01-07T10:30:00Z INFO [run/execute/t1] …`, always one line.
    private var text: String {
        let moment = WallClock.text(milliseconds: WallClock.milliseconds).prefix(19)
        let place = subject.place.map { "\($0): " } ?? ""
        let about = "[\(command)/\(phase.rawValue)/\(component)]"
        let words = about + " " + place + message + mark + (hint.map { " (hint: \($0))" } ?? "")
        return "\(moment)Z \(word.uppercased()) \(Quotation.bare(words, longest: 2 * longest))\n"
    }

    // MARK: JSON

    private var json: String {
        var object = JSONObject([
            ("timestamp", .string(WallClock.text(milliseconds: WallClock.milliseconds))), ("level", .string(word)),
            ("action", .string(command)), ("phase", .string(phase.rawValue)), ("component", .string(component)),
            ("message", .string(message)),
        ])
        let members: [(String, String?)] = [
            ("code", code), ("pointer", pointer), ("hint", hint), ("run_id", runID),
            ("trace_id", trace?.trace.description), ("span_id", trace?.span.description), ("task", subject.task),
            ("executor", subject.executor), ("plugin", subject.plugin), ("place", subject.place),
        ]
        for (key, value) in members { object[key] = value.map { .string($0) } }
        return JSONValue.object(object).text
    }
}
