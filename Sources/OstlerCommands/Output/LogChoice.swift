internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerJSON
internal import OstlerTasks

/// How to log, as command line and environment say it; what they leave open is the configuration's.
struct LogChoice {
    private let level: (value: HostConfig.LogLevel, origin: ConfigOrigin)?
    private let format: (value: HostConfig.LogFormat, origin: ConfigOrigin)?

    static let levelVariable = "OSTLER_LOG_LEVEL"
    static let formatVariable = "OSTLER_LOG_FORMAT"

    /// Fails for a variable that says nothing known.
    init(_ options: GlobalOptions, _ environment: [String: String]) throws {
        level =
            try options.logLevel.map { ($0, .option("log-level")) }
            ?? Self.read(HostConfig.LogLevel.self, Self.levelVariable, environment)
        format =
            try options.logFormat.map { ($0, .option("log-format")) }
            ?? Self.read(HostConfig.LogFormat.self, Self.formatVariable, environment)
    }

    /// The form of the log that words or else the environment ask for, before either has been looked through; nil if they
    /// do not.
    static func format(askedBy words: [String], _ environment: [String: String]) -> HostConfig.LogFormat? {
        let option = "--log-format"
        let following = zip(words, words.dropFirst()).first { $0.0 == option }?.1
        let joined = words.first { $0.hasPrefix(option + "=") }?.dropFirst(option.count + 1)
        let asked = (following ?? joined.map(String.init)).flatMap(HostConfig.LogFormat.init)
        return asked ?? environment[formatVariable].flatMap(HostConfig.LogFormat.init)
    }

    private static func read<Choice: RawRepresentable & CaseIterable>(
        _ type: Choice.Type,
        _ name: String,
        _ environment: [String: String]
    ) throws -> (value: Choice, origin: ConfigOrigin)? where Choice.RawValue == String {
        guard let text = environment[name], !text.isEmpty else { return nil }
        guard let choice = Choice(rawValue: text) else {
            let words = type.allCases.map(\.rawValue).joined(separator: " or ")
            Log.error("$\(name) '\(text)': write \(words)", code: "invalid_value")
            throw Exit(.invalid)
        }
        return (choice, .environment(name))
    }

    /// Logs by this choice from now on.
    func apply(to config: HostConfig) {
        Log.set(level: level?.value ?? config.log.level, format: format?.value ?? config.log.format)
    }

    /// What it says in place of the configuration.
    var settings: [HostConfig.Setting] {
        var settings: [HostConfig.Setting] = []
        if let level {
            let pointer = JSONPointer("/log/level")
            settings.append(.init(pointer: pointer, value: .string(level.value.rawValue), origin: level.origin))
        }
        if let format {
            let pointer = JSONPointer("/log/format")
            settings.append(.init(pointer: pointer, value: .string(format.value.rawValue), origin: format.origin))
        }
        return settings
    }
}
