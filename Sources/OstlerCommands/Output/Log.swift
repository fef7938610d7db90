internal import Glibc
internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTelemetry
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

    /// How far a command has come.
    enum Phase: String {
        /// Command line, configuration and plugins are read.
        case start
        /// What is to be done is looked through; nothing runs yet.
        case check
        case execute
        case finish
    }

    private struct Settings {
        var level = Level.info
        var format = Format.plain
        var action = ""
        var phase = Phase.start
        var runID: String?
        /// The last line of the terminal tells how far it is.
        var showsProgress = false
        /// One or none. Not an optional: Swift 6.3 lays out a static one whose "none" is not all zeros as zeros, and a
        /// run without a trace would have one of zeros in release builds.
        private var traces: [TraceContext] = []

        var trace: TraceContext? {
            get { traces.first }
            set { traces = newValue.map { [$0] } ?? [] }
        }
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

    /// The command that the following lines are about, such as `plugin add`.
    static func set(action: String) { settings.withLock { $0.action = action } }

    /// How far it has come.
    static func set(phase: Phase) { settings.withLock { $0.phase = phase } }

    /// The span that the following lines belong to.
    static func set(trace: TraceContext) { settings.withLock { $0.trace = trace } }

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

    /// A line that a command wrote, whatever its length.
    static func output(_ line: String, _ subject: Subject) { write(.info, line, subject, isOutput: true) }

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

    /// What is wrong with a file of YAML: in a sentence as a person reads it, else with its parts as members.
    static func problem(_ problem: ConfigError) {
        guard format != .plain else { return error(problem.description, code: problem.code.rawValue) }
        write(
            .error,
            problem.message,
            code: problem.code.rawValue,
            pointer: problem.pointer.description,
            hint: problem.hint,
            Subject(place: problem.place)
        )
    }

    private static func write(
        _ level: Level,
        _ message: String,
        code: String? = nil,
        pointer: String? = nil,
        hint: String? = nil,
        _ subject: Subject,
        isOutput: Bool = false
    ) {
        let settings = settings.withLock { $0 }
        guard level <= settings.level else { return }
        var entry = LogEntry(
            level: level,
            action: settings.action,
            phase: settings.phase,
            message: message,
            code: code,
            pointer: pointer,
            hint: hint,
            subject: subject,
            runID: settings.runID,
            trace: settings.trace
        )
        entry.isOutput = isOutput
        raw(entry.rendered(as: settings.format))
    }

    /// A line that goes with the one before it, or was asked for by an option: shown whatever the level.
    static func detail(_ line: String) {
        let settings = settings.withLock { $0 }
        guard settings.format != .plain else { return raw(LogEntry.printable(line) + "\n") }
        var entry = LogEntry(level: .info, action: settings.action, phase: settings.phase, message: line)
        (entry.runID, entry.trace) = (settings.runID, settings.trace)
        raw(entry.rendered(as: settings.format))
    }

    /// Writes text as it is.
    static func raw(_ text: String) {
        show(progress: nil)
        Terminal.write(text, to: 2)
    }

    /// Shows on a terminal how far it is, until another line is told.
    /// - Parameter line: without an end; nil for nothing any more.
    static func show(progress line: String?) {
        let wasShown = settings.withLock { settings in
            defer { settings.showsProgress = line != nil }
            return settings.showsProgress
        }
        if wasShown || line != nil { Terminal.write("\r\u{1B}[K" + (line ?? ""), to: 2) }
    }
}

extension ConfigError {
    /// `site.yaml:3:5`, as an editor takes it.
    var place: String { file + (position.map { ":\($0.line):\($0.column)" } ?? "") }
}

extension Log {
    /// A wrong command line, in the form that is asked for, as far as that can be told from such a line.
    static func usage(_ error: UsageError, running path: [CommandSpec]) {
        set(action: path.dropFirst().map(\.name).joined(separator: " "))
        let asked = LogChoice.format(askedBy: CommandWords.own, Composition.environment) ?? format
        guard asked != .plain else { return raw(error.text(program: "ostler", running: path)) }
        set(level: .error, format: asked)
        self.error(error.message, code: "usage")
    }
}
