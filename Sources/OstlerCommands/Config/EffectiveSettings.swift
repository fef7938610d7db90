internal import OstlerCatalog
internal import OstlerConfig
internal import OstlerJSON

/// Everything that decides how commands behave: the configuration, and what options and environment say besides.
struct EffectiveSettings {
    /// In the order of the reference, then what is no part of the file.
    let settings: [HostConfig.Setting]

    init(_ options: GlobalOptions, _ composition: Composition) throws {
        let overriding = try LogChoice(options, Composition.environment).settings
        let known = Dictionary(overriding.map { ($0.pointer.description, $0) }) { _, last in last }
        let store = (try? StorePlace(options, composition.config))?.setting
        settings =
            composition.config.settings.filter { store == nil || $0.pointer != store?.pointer }
            .map { known[$0.pointer.description] ?? $0 }
            + [store].compactMap(\.self) + Self.searched(composition.searchPath) + [Self.launcher, Self.spool]
    }

    private static func searched(_ path: PluginSearchPath) -> [HostConfig.Setting] {
        path.entries.enumerated().map { index, entry in
            let origin: ConfigOrigin =
                switch entry.origin {
                case .option: .option("plugin-path")
                case .environment: .environment("OSTLER_PLUGIN_PATH")
                case .store, .user, .prefix, .workingDirectory: .builtIn
                }
            let pointer = JSONPointer("/plugin_path/\(index)")
            return HostConfig.Setting(pointer: pointer, value: .string(entry.directory), origin: origin)
        }
    }

    private static var launcher: HostConfig.Setting {
        let isNamed = Composition.environment[Installation.launcherVariable] != nil
        return HostConfig.Setting(
            pointer: JSONPointer("/launcher"),
            value: .string(Installation.launcher),
            origin: isNamed ? .environment(Installation.launcherVariable) : .builtIn
        )
    }

    private static var spool: HostConfig.Setting {
        HostConfig.Setting(
            pointer: JSONPointer("/spool_directory"),
            value: .string(Composition.spoolDirectory),
            origin: Composition.environment["TMPDIR"]?.isEmpty == false ? .environment("TMPDIR") : .builtIn
        )
    }
}
