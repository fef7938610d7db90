internal import ArgumentParser
internal import OstlerCatalog
internal import OstlerJSON

/// `ostler plugin list`.
struct PluginListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list",
        abstract: "Lists plugins and their executors, in the order in which they are found.",
        discussion: """
            Examples:
              ostler plugin list
              ostler plugin list --all --json
            """
    )

    @OptionGroup var global: GlobalOptions

    @Flag(name: .long, help: "Also those that are not used, with the reason.")
    var all = false

    func run() throws {
        let catalog = try Composition(global).catalog
        if global.json { return print(json(catalog)) }
        var table = Table(["NAME", "VERSION", "EXECUTORS", "DIRECTORY"])
        for plugin in catalog.plugins {
            let executors = plugin.manifest.executors.map(\.name).joined(separator: ",")
            table.add([plugin.manifest.name, plugin.manifest.version, executors, plugin.directory])
        }
        print(table.text, terminator: "")
        guard all, !catalog.rejected.isEmpty else { return }
        var losers = Table(["NOT USED", "REASON", "DIRECTORY"])
        for plugin in catalog.rejected { losers.add([plugin.name, plugin.message, plugin.directory]) }
        print("\n" + losers.text, terminator: "")
    }

    private func json(_ catalog: Catalog) -> String {
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
            writer.key("executors")
            writer.beginArray()
            for executor in plugin.manifest.executors { writer.string(executor.name) }
            writer.endArray()
            writer.endObject()
        }
        writer.endArray()
        if all {
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
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
