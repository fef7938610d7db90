internal import OstlerCatalog
internal import OstlerConfig
internal import OstlerJSON
internal import OstlerSandbox
internal import OstlerTrust

/// What is wrong with a configuration, found without running anything.
struct ConfigurationCheck {
    let file: String?
    let problems: [ConfigError]
    let warnings: [ConfigError]

    init(_ options: GlobalOptions) throws {
        let environment = Composition.environment
        let log = try LogChoice(options, environment)
        log.apply(to: HostConfig())
        do throws(ConfigFailure) {
            let (config, source) = try HostConfig.find(
                explicit: options.config,
                environment: environment,
                workingDirectory: Composition.workingDirectory
            )
            log.apply(to: config)
            let check = try Self.catalog(options, config).check(config)
            file = source?.path
            problems = check.problems
            warnings = Self.unused(check.unusedSections, config) + Self.missingPrograms(config)
        } catch {
            file = error.problems.first?.file
            problems = error.problems
            warnings = []
        }
    }

    private static func catalog(_ options: GlobalOptions, _ config: HostConfig) throws(ConfigFailure) -> Catalog {
        do throws(TrustError) {
            return try Composition.findPlugins(options, config).catalog
        } catch {
            throw ConfigFailure(
                ConfigError(.unreadable, file: "plugins.lock", message: error.message, hint: error.hint)
            )
        }
    }

    /// Sections that no plugin reads.
    private static func unused(_ names: [String], _ config: HostConfig) -> [ConfigError] {
        names.map { name in
            warning(
                .unusedSection,
                JSONPointer("/executors").member(name),
                "executors.\(name): no plugin that is installed offers this executor",
                config
            )
        }
    }

    /// Names in lists of programs that match nothing.
    private static func missingPrograms(_ config: HostConfig) -> [ConfigError] {
        let resolver = ProgramResolver()
        return config.executors.sorted { $0.key < $1.key }.flatMap { name, executor in
            let lists = [
                ("allowed_commands", executor.allowedCommands ?? []), ("blocked_commands", executor.blockedCommands),
            ]
            return lists.flatMap { key, programs in
                programs.enumerated().filter { resolver.resolve($0.element) == nil }.map { index, program in
                    warning(
                        .unknownProgram,
                        JSONPointer("/executors").member(name).member(key).element(index),
                        "executors.\(name).\(key): \(JSONValue.string(program).text) is no program of this machine",
                        config
                    )
                }
            }
        }
    }

    private static func warning(
        _ code: ConfigError.Code,
        _ pointer: JSONPointer,
        _ message: String,
        _ config: HostConfig
    ) -> ConfigError {
        let document = config.document
        return ConfigError(
            code,
            file: document?.file(of: pointer) ?? "",
            position: document?.nearestPosition(to: pointer),
            pointer: pointer,
            message: message
        )
    }

    /// The whole as a document.
    var json: JSONValue {
        [
            "valid": .bool(problems.isEmpty), "file": file.map { .string($0) } ?? .null,
            "problems": .array(problems.map(\.json)), "warnings": .array(warnings.map(\.json)),
        ]
    }
}

extension ConfigError {
    fileprivate var json: JSONValue {
        var object = JSONObject([
            ("code", .string(code.rawValue)), ("message", .string(message)), ("file", .string(file)),
            ("pointer", .string(pointer.description)),
        ])
        object["line"] = line.map { .number(.int(Int64($0))) }
        object["column"] = column.map { .number(.int(Int64($0))) }
        object["hint"] = hint.map { .string($0) }
        return .object(object)
    }
}
