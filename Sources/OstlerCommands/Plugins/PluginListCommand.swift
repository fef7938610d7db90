internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerJSON

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
        let catalog = try Composition(global).catalog
        if global.json {
            try Results.write(json(catalog))
            return 0
        }
        var table = Table(["NAME", "VERSION", "EXECUTORS", "TRUST", "DIRECTORY"])
        for plugin in catalog.plugins {
            let executors = plugin.manifest.executors.map(\.name).joined(separator: ",")
            let manifest = plugin.manifest
            table.add([manifest.name, manifest.version, executors, plugin.trust.rawValue, plugin.directory])
        }
        try Results.write(table.text)
        guard showsAll, !catalog.rejected.isEmpty else { return 0 }
        var losers = Table(["NOT USED", "REASON", "DIRECTORY"])
        for plugin in catalog.rejected { losers.add([plugin.name, plugin.message, plugin.directory]) }
        try Results.write("\n" + losers.text)
        return 0
    }

    private func json(_ catalog: Catalog) -> JSONWriter {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("plugins")
        writer.beginArray()
        for plugin in catalog.plugins {
            writer.beginObject()
            writer.key("name")
            writer.string(plugin.manifest.name)
            writer.key("version")
            writer.string(plugin.manifest.version)
            writer.key("directory")
            writer.string(plugin.directory)
            writer.key("trust")
            writer.string(plugin.trust.rawValue)
            writer.key("executors")
            writer.strings(plugin.manifest.executors.map(\.name))
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
