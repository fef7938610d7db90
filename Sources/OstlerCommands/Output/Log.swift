internal import Glibc
internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import Synchronization

/// What people and their machines are told besides results: on stderr, as text or as a JSON object a line.
enum Log {
    typealias Level = HostConfig.LogLevel
    typealias Format = HostConfig.LogFormat

    /// What a line is about; each is a member of its own in JSON.
    struct Subject: Sendable {
        var task: String?
        var executor: String?
        var plugin: String?
        /// A file with line, as an editor takes it.
        var place: String?

        init(task: String? = nil, executor: String? = nil, plugin: String? = nil, place: String? = nil) {
            (self.task, self.executor, self.plugin, self.place) = (task, executor, plugin, place)
        }
    }

    private struct Settings {
        var level = Level.info
        var format = Format.text
        var runID: String?
    }

    private static let settings = Mutex(Settings())

    /// Says how to log from now on.
    static func set(level: Level, format: Format) {
        settings.withLock {
            $0.level = level
            $0.format = format
        }
    }

    /// The run that the following lines belong to.
    static func set(runID: String) { settings.withLock { $0.runID = runID } }

    /// Tells no more than that from now on.
    static func limit(to level: Level) { settings.withLock { $0.level = min($0.level, level) } }

    static var format: Format { settings.withLock { $0.format } }

    static func isOn(_ level: Level) -> Bool { settings.withLock { level <= $0.level } }

    // MARK: Lines

    static func error(_ message: String, code: String? = nil, _ subject: Subject = Subject()) {
        write(.error, message, code: code, subject)
    }

    static func warning(_ message: String, _ subject: Subject = Subject()) { write(.warning, message, subject) }

    /// Tells of files that a command made in the caller's directory and that other programs will obey there.
    static func warn(ofControlFiles made: [String], _ subject: Subject = Subject()) {
        for path in made {
            warning("\(path) was made, which other programs obey: look at it before you start them there", subject)
        }
    }

    static func info(_ message: String, hint: String? = nil, _ subject: Subject = Subject()) {
        write(.info, message, hint: hint, subject)
    }

    /// - Parameter message: only made if it is wanted.
    static func debug(_ message: @autoclosure () -> String, _ subject: Subject = Subject()) {
        if isOn(.debug) { write(.debug, message(), subject) }
    }

    /// A failure with all that helps: code, place, hint.
    static func failure(_ failure: Failure, _ subject: Subject = Subject()) {
        write(
            .error,
            failure.message,
            code: failure.code,
            pointer: failure.pointer?.description,
            hint: failure.hint,
            subject
        )
    }

    private static func write(
        _ level: Level,
        _ message: String,
        code: String? = nil,
        pointer: String? = nil,
        hint: String? = nil,
        _ subject: Subject
    ) {
        let settings = settings.withLock { $0 }
        guard level <= settings.level else { return }
        guard settings.format == .text else {
            return raw(json(level, message, code, pointer, hint, subject, settings.runID) + "\n")
        }
        let place = pointer.map { $0.isEmpty ? "" : " at \(Quotation.bare($0))" } ?? ""
        let mark = code.map { " [\($0)\(place)]" } ?? ""
        raw(lead(level, subject) + printable(message + mark) + "\n" + (hint.map { "  hint: \(printable($0))\n" } ?? ""))
    }

    /// Lines that a terminal shows and does not obey, whatever a file, a plugin or a name brought in.
    private static func printable(_ text: String) -> String {
        text.split(separator: "\n", omittingEmptySubsequences: false).map { Quotation.bare(String($0), longest: 2000) }
            .joined(separator: "\n")
    }

    /// What stands before the message: the place as an editor takes it, or the program.
    private static func lead(_ level: Level, _ subject: Subject) -> String {
        if let place = subject.place { return printable(place) + ": " }
        let program = level == .error && Terminal.hasColour ? "\u{1B}[31mostler:\u{1B}[0m " : "ostler: "
        let kind = level == .debug || level == .warning ? level.rawValue + ": " : ""
        return program + kind + (subject.task.map { "task \($0): " } ?? "")
    }

    private static func json(
        _ level: Level,
        _ message: String,
        _ code: String?,
        _ pointer: String?,
        _ hint: String?,
        _ subject: Subject,
        _ runID: String?
    ) -> String {
        var object = JSONObject([
            ("time", .string(WallClock.text(milliseconds: WallClock.milliseconds))),
            ("level", .string(level.rawValue)), ("message", .string(message)),
        ])
        let members: [(String, String?)] = [
            ("code", code), ("pointer", pointer), ("hint", hint), ("run_id", runID), ("task", subject.task),
            ("executor", subject.executor), ("plugin", subject.plugin), ("place", subject.place),
        ]
        for (key, value) in members { object[key] = value.map { .string($0) } }
        return JSONValue.object(object).text
    }

    /// A line that goes with the one before it, or was asked for by an option: shown whatever the level.
    static func detail(_ line: String) {
        guard format == .json else { return raw(printable(line) + "\n") }
        raw(json(.info, line, nil, nil, nil, Subject(), nil) + "\n")
    }

    /// Writes text as it is.
    static func raw(_ text: String) {
        Terminal.write(text, to: 2)
    }
}

extension Log {
    /// A wrong command line. It may have been about the log itself, so the words are looked at as they are.
    static func usage(_ error: UsageError, running path: [CommandSpec]) {
        let words = CommandWords.own
        let asked = zip(words, words.dropFirst()).contains { $0 == "--log-format" && $1 == "json" }
        let isJSON = asked || words.contains("--log-format=json") || format == .json
        guard isJSON else { return raw(error.text(program: "ostler", running: path)) }
        set(level: .error, format: .json)
        self.error(error.message, code: "usage")
    }
}
