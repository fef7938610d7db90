internal import OstlerSystem

/// A configuration file that was found, and by which rule.
package struct ConfigSource: Sendable, Equatable {
    /// The rules, in their order.
    package enum Rule: String, Sendable {
        case option = "--config"
        case environment = "$OSTLER_CONFIG"
        case workingDirectory = "./ostler.yaml"
        case user = "$XDG_CONFIG_HOME/ostler/config.yaml"
        case system = "/etc/ostler/config.yaml"

        /// Whether the user named the file, so that it must be there.
        var isExplicit: Bool { self == .option || self == .environment }
    }

    package let rule: Rule
    /// The absolute path.
    package let path: String
    /// The path as messages show it.
    package let name: String
}

extension HostConfig {
    /// Finds the configuration file: the first that exists of `--config`, `$OSTLER_CONFIG`, `./ostler.yaml`, the
    /// user's and the system's. One that was named must exist; nil means that the defaults hold.
    package static func locate(
        explicit: String?,
        environment: [String: String],
        workingDirectory: String,
        systemDirectory: String = "/etc/ostler"
    ) throws(ConfigError) -> ConfigSource? {
        try open(explicit, environment, workingDirectory, systemDirectory)?.source
    }

    /// Finds and reads the configuration file; see ``locate(explicit:environment:workingDirectory:systemDirectory:)``.
    package static func load(
        explicit: String?,
        environment: [String: String],
        workingDirectory: String,
        systemDirectory: String = "/etc/ostler"
    ) throws(ConfigFailure) -> HostConfig {
        try find(
            explicit: explicit,
            environment: environment,
            workingDirectory: workingDirectory,
            systemDirectory: systemDirectory
        ).config
    }

    /// Finds and reads the configuration file, and says which it was; nil for the defaults.
    package static func find(
        explicit: String?,
        environment: [String: String],
        workingDirectory: String,
        systemDirectory: String = "/etc/ostler"
    ) throws(ConfigFailure) -> (config: HostConfig, source: ConfigSource?) {
        let found: (source: ConfigSource, file: ConfigIncludes.File)?
        do throws(ConfigError) {
            found = try open(explicit, environment, workingDirectory, systemDirectory)
        } catch {
            throw ConfigFailure(error)
        }
        guard let found else { return (HostConfig(), nil) }
        var includes = ConfigIncludes { (status) throws(SmallFile.Failure) in
            try checkOwner(by: found.source.rule, status)
        }
        return (try HostConfig(includes.document(of: found.file)), found.source)
    }

    private static func open(
        _ explicit: String?,
        _ environment: [String: String],
        _ workingDirectory: String,
        _ systemDirectory: String
    ) throws(ConfigError) -> (source: ConfigSource, file: ConfigIncludes.File)? {
        for source in candidates(explicit, environment, workingDirectory, systemDirectory) {
            do throws(SmallFile.Failure) {
                let (bytes, status) = try SmallFile.read(source.path)
                try checkOwner(by: source.rule, status)
                return (source, .init(path: source.path, name: source.name, bytes: bytes, status: status))
            } catch {
                if error.kind == .notFound, !source.rule.isExplicit { continue }
                throw refusal(source, error)
            }
        }
        return nil
    }

    private static func candidates(
        _ explicit: String?,
        _ environment: [String: String],
        _ workingDirectory: String,
        _ systemDirectory: String
    ) -> [ConfigSource] {
        func absolute(_ path: String) -> String { path.isAbsolutePath ? path : workingDirectory + "/" + path }
        if let explicit { return [ConfigSource(rule: .option, path: absolute(explicit), name: explicit)] }
        if let named = environment["OSTLER_CONFIG"], !named.isEmpty {
            return [ConfigSource(rule: .environment, path: absolute(named), name: named)]
        }
        var found = [ConfigSource(rule: .workingDirectory, path: absolute("ostler.yaml"), name: "ostler.yaml")]
        if let directory = BaseDirectory.config.path(in: environment) {
            let path = directory + "/ostler/config.yaml"
            found.append(ConfigSource(rule: .user, path: path, name: path))
        }
        let path = systemDirectory + "/config.yaml"
        return found + [ConfigSource(rule: .system, path: path, name: path)]
    }

    /// A file that was not named is only believed if nobody else can have written it.
    private static func checkOwner(by rule: ConfigSource.Rule, _ status: SmallFile.Status) throws(SmallFile.Failure) {
        guard !rule.isExplicit else { return }
        if let fault = status.ownershipFault { throw SmallFile.Failure(.unsafe, "is not used: \(fault)") }
        if status.isWritableByOthers { throw SmallFile.Failure(.unsafe, "is not used: every user can write it") }
    }

    private static func refusal(_ source: ConfigSource, _ failure: SmallFile.Failure) -> ConfigError {
        let hint: String? =
            switch failure.kind {
            case .notFound: "it was named by \(source.rule.rawValue)"
            case .unsafe: "make it yours and not writable by others, or name it with --config"
            default: nil
            }
        return ConfigError(
            ConfigError.code(of: failure),
            file: source.name,
            message: "the configuration file \(failure.message)",
            hint: hint
        )
    }
}

/// The directories of the XDG specification.
package enum BaseDirectory {
    case cache
    case config
    case data
    case state

    /// The user's directory: the variable if it holds an absolute path, else the default below `$HOME`.
    package func path(in environment: [String: String]) -> String? {
        let (variable, fallback) =
            switch self {
            case .cache: ("XDG_CACHE_HOME", ".cache")
            case .config: ("XDG_CONFIG_HOME", ".config")
            case .data: ("XDG_DATA_HOME", ".local/share")
            case .state: ("XDG_STATE_HOME", ".local/state")
            }
        if let path = environment[variable], path.isAbsolutePath { return path }
        guard let home = environment["HOME"], home.isAbsolutePath else { return nil }
        return home + "/" + fallback
    }
}
