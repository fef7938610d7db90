internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerTrust

/// Names that only the machine knows, for completion: manifests are read, nothing is started and nothing is told.
enum Lookups {
    static let executors = "executors"
    static let plugins = "plugins"
    static let profiles = "profiles"
    /// Plugins of the store.
    static let installed = "installed"

    static let completer = Completer.Lookup(
        words: { key, arguments in
            if key == profiles { return (config(arguments)?.config.sandbox.profileNames ?? []).map { .init($0, "") } }
            if key == installed {
                let entries = (try? PluginTrust.lockFile?.read())?.entries ?? []
                return entries.filter { $0.directory == nil }.map { .init($0.name, $0.version) }
            }
            guard let catalog = catalog(arguments) else { return [] }
            guard key == executors else {
                return catalog.plugins.map { .init($0.outline.name, $0.outline.description) }
            }
            return catalog.usableExecutors.map { .init($0.name, $0.description) }
        },
        members: { arguments in
            guard let name = arguments.parameter(0), let catalog = catalog(arguments) else { return [] }
            return ExecutorMembers.options(of: name, in: catalog.catalog(offering: [name]))
        }
    )

    /// Nil if the configuration is wrong: a line that is being typed is no place for messages.
    static func catalog(_ arguments: Arguments) -> CatalogOutline? {
        guard let (config, global) = config(arguments) else { return nil }
        return try? Composition.outline(global, config)
    }

    private static func config(_ arguments: Arguments) -> (config: HostConfig, options: GlobalOptions)? {
        guard let global = try? GlobalOptions(arguments),
            let config = try? HostConfig.load(
                explicit: global.config,
                environment: Composition.environment,
                workingDirectory: Composition.workingDirectory
            )
        else { return nil }
        return (config, global)
    }
}
