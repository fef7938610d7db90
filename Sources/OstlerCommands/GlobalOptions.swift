internal import OstlerCommandLine
internal import OstlerConfig

/// What every command that works takes.
struct GlobalOptions: Sendable {
    private enum Option {
        static let config = CommandOption.value("config", "FILE", "The configuration file.", completion: .file)
        static let pluginPath = CommandOption.value(
            "plugin-path",
            "DIR[:DIR…]",
            "Directories to look for plugins in first.",
            completion: .directory
        )
        static let json = CommandOption.flag("json", "Results as JSON.")
        static let logLevel = CommandOption.value(
            "log-level",
            "LEVEL",
            "How much is told on stderr: error, warning, info or debug.",
            completion: .oneOf(HostConfig.LogLevel.allCases.map(\.rawValue))
        )
        static let logFormat = CommandOption.value(
            "log-format",
            "FORMAT",
            "How it is told: plain, text with time and level, or json for an object a line.",
            completion: .oneOf(HostConfig.LogFormat.allCases.map(\.rawValue))
        )
    }

    static let section = CommandSpec.Section(
        "Common options",
        [Option.json, Option.config, Option.pluginPath, Option.logLevel, Option.logFormat]
    )

    /// For commands that have to do with no plugin.
    static let sectionWithoutPlugins = CommandSpec.Section(
        "Common options",
        [Option.json, Option.config, Option.logLevel, Option.logFormat]
    )

    /// For commands that submit or run tasks of a store.
    static let sectionWithStore = CommandSpec.Section(
        "Common options",
        [StorePlace.option, Option.json, Option.config, Option.pluginPath, Option.logLevel, Option.logFormat]
    )

    /// For commands that look at a store alone.
    static let sectionOfStore = CommandSpec.Section(
        "Common options",
        [StorePlace.option, Option.json, Option.config, Option.logLevel, Option.logFormat]
    )

    let config: String?
    let pluginPath: String?
    let json: Bool
    let store: String?
    let logLevel: HostConfig.LogLevel?
    let logFormat: HostConfig.LogFormat?

    init(_ arguments: Arguments) throws(UsageError) {
        config = arguments.value(Option.config)
        pluginPath = arguments.value(Option.pluginPath)
        json = arguments.has(Option.json)
        store = arguments.value(StorePlace.option)
        logLevel = try arguments.choice(Option.logLevel, of: HostConfig.LogLevel.self)
        logFormat = try arguments.choice(Option.logFormat, of: HostConfig.LogFormat.self)
    }
}
