internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerJSON
internal import OstlerTrust

/// `ostler plugin list`.
struct PluginListCommand {
    private static let allOption = CommandOption.flag("all", "Also those that are not used, with the reason.")

    static let spec: CommandSpec = {
        var spec = CommandSpec("list", "Lists plugins and their executors, in the order in which they are found.")
        spec.synopsis = ["[--all] [OPTIONS]"]
        spec.sections = [.init("Options", [allOption]), GlobalOptions.section]
        spec.examples = ["ostler plugin list", "ostler plugin list --all --json"]
        spec.action = { try PluginListCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let showsAll: Bool

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        showsAll = arguments.has(Self.allOption)
    }

    private func run() throws -> Int32 {
        let config = try RunContext(global).config
        let catalog: CatalogOutline
        do throws(TrustError) {
            catalog = try Composition.outline(global, config)
        } catch {
            throw PluginTrust.tell(error)
        }
        for plugin in catalog.plugins {
            Log.debug("found in \(plugin.directory)", .init(plugin: plugin.outline.name))
        }
        try Composition.check(config, by: catalog.catalog(offering: config.executors.keys))
        if global.json {
            try Results.write(json(catalog))
            return 0
        }
        var table = Table(["NAME", "VERSION", "EXECUTORS", "TRUST", "DIRECTORY"])
        for plugin in catalog.plugins {
            let outline = plugin.outline
            let executors = outline.executors.map(\.name).joined(separator: ",")
            let trust = TrustKind(plugin.origin.origin)
            table.add([outline.name, outline.version, executors, trust.rawValue, plugin.directory])
        }
        try Results.write(table.text)
        guard showsAll, !catalog.rejected.isEmpty else { return 0 }
        var losers = Table(["NOT USED", "REASON", "DIRECTORY"])
        for plugin in catalog.rejected { losers.add([plugin.name, plugin.message, plugin.directory]) }
        try Results.write("\n" + losers.text)
        return 0
    }

    private func json(_ catalog: CatalogOutline) -> JSONWriter {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("plugins")
        writer.beginArray()
        for plugin in catalog.plugins {
            writer.beginObject()
            writer.key("name")
            writer.string(plugin.outline.name)
            writer.key("version")
            writer.string(plugin.outline.version)
            writer.key("directory")
            writer.string(plugin.directory)
            writer.key("trust")
            writer.string(TrustKind(plugin.origin.origin).rawValue)
            writer.key("executors")
            writer.strings(plugin.outline.executors.map(\.name))
            writer.endObject()
        }
        writer.endArray()
        if showsAll {
            writer.key("not_used")
            writer.beginArray()
            for plugin in catalog.rejected {
                writer.beginObject()
                writer.key("name")
                writer.string(plugin.name)
                writer.key("directory")
                writer.string(plugin.directory)
                writer.key("code")
                writer.string(plugin.code.rawValue)
                writer.key("message")
                writer.string(plugin.message)
                writer.endObject()
            }
            writer.endArray()
        }
        writer.endObject()
        return writer
    }
}
