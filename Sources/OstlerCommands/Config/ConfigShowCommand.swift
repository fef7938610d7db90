internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerJSON

/// `ostler config show`: every value that holds, with its origin.
struct ConfigShowCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("show", "Shows every value that holds, and where it comes from.")
        spec.details = [
            "The origin is a file with line and column, a variable of the environment, an option, or the default."
        ]
        spec.synopsis = ["[OPTIONS]"]
        spec.sections = [GlobalOptions.section]
        spec.examples = [
            "ostler config show", "ostler config show --json", "OSTLER_LOG_LEVEL=debug ostler config show",
        ]
        spec.exitCodes = [.init("0", "shown"), .init("3", "the configuration is wrong")]
        spec.action = { try ConfigShowCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
    }

    private func run() throws -> Int32 {
        let composition = try Composition(global)
        let settings = try EffectiveSettings(global, composition).settings
        try Results.write(global.json ? json(settings, composition.source) : text(settings, composition.source))
        return 0
    }

    private func text(_ settings: [HostConfig.Setting], _ source: ConfigSource?) -> String {
        var table = Table(["KEY", "ORIGIN", "VALUE"])
        for setting in settings {
            table.add([Self.key(setting.pointer), setting.origin.description, setting.value.text])
        }
        let file = source.map { "\($0.path), found by \($0.rule.rawValue)" } ?? "none; the defaults hold"
        return "file: \(file)\n\n" + table.text
    }

    /// As one would write it in a sentence: `sandbox.limits.memory`.
    private static func key(_ pointer: JSONPointer) -> String {
        pointer.description.dropFirst().split(separator: "/").joined(separator: ".")
    }

    private func json(_ settings: [HostConfig.Setting], _ source: ConfigSource?) -> String {
        let file: JSONValue = source.map { ["path": .string($0.path), "found_by": .string($0.rule.rawValue)] } ?? .null
        let values = settings.map { setting -> JSONValue in
            ["pointer": .string(setting.pointer.description), "value": setting.value, "origin": setting.origin.json]
        }
        return JSONValue.object(JSONObject([("file", file), ("settings", .array(values))])).text + "\n"
    }
}

extension ConfigOrigin {
    /// The kind, and what belongs to it.
    fileprivate var json: JSONValue {
        switch self {
        case .builtIn: ["kind": "default"]
        case .file(let file, let position):
            [
                "kind": "file", "file": .string(file), "line": .number(.int(Int64(position.line))),
                "column": .number(.int(Int64(position.column))),
            ]
        case .environment(let name): ["kind": "environment", "variable": .string(name)]
        case .option(let name): ["kind": "option", "option": .string("--" + name)]
        }
    }
}
