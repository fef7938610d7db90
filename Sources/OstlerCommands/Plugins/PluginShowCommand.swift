internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSchema
internal import OstlerTasks
internal import OstlerTrust

/// `ostler plugin show`.
struct PluginShowCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("show", "Shows one plugin: its executors, what they take, and what the plugin needs.")
        spec.synopsis = ["NAME [OPTIONS]"]
        spec.parameters = [
            CommandParameter("NAME", "The plugin, or one of its executors.", completion: .lookup(Lookups.plugins))
        ]
        spec.sections = [GlobalOptions.section]
        spec.examples = ["ostler plugin show command", "ostler plugin show command --json"]
        spec.action = { try PluginShowCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let name: String

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        name = arguments.parameter(0) ?? ""
    }

    private func run() throws -> Int32 {
        let catalog = try Composition(global).catalog
        let found = catalog.plugins.first { $0.manifest.name == name } ?? catalog.executor(named: name)?.plugin
        guard let plugin = found else {
            let known = catalog.plugins.map(\.manifest.name)
            Log.error("no plugin \"\(name)\"\(Suggestion.clause(for: name, in: known))", code: "unknown_plugin")
            throw Exit(.invalid)
        }
        try Results.write(global.json ? json(plugin) + "\n" : text(plugin))
        return 0
    }

    private func text(_ plugin: InstalledPlugin) -> String {
        let manifest = plugin.manifest
        var lines = ["\(manifest.name) \(manifest.version): \(manifest.description)", "directory  \(plugin.directory)"]
        lines.append("protocol   \(manifest.protocolVersions.lowerBound) to \(manifest.protocolVersions.upperBound)")
        lines.append("needs      " + manifest.needs.summary)
        lines.append("granted    \(plugin.permissions.summary), \(plugin.trust.grantor)")
        if let entry = plugin.entry { lines.append("digest     sha256:\(entry.digest)") }
        for executor in manifest.executors {
            lines += ["", "executor \(executor.name): \(executor.description)"]
            lines.append("  idempotency \(executor.idempotency.rawValue), \(executor.concurrency) at once")
            let flags = (try? executor.payload.compiled().flags) ?? []
            for flag in flags {
                let mark = flag.isRequired ? " (required)" : ""
                lines.append("  --\(flag.optionName)  \(flag.type.rawValue)\(mark)  \(flag.description ?? "")")
            }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private func json(_ plugin: InstalledPlugin) -> String {
        let manifest = plugin.manifest
        let executors = manifest.executors.map { executor -> JSONValue in
            [
                "name": .string(executor.name), "description": .string(executor.description),
                "idempotency": .string(executor.idempotency.rawValue),
                "concurrency": .number(.int(Int64(executor.concurrency))), "payload": executor.payload.source,
            ]
        }
        let value: JSONValue = [
            "name": .string(manifest.name), "version": .string(manifest.version),
            "description": .string(manifest.description), "directory": .string(plugin.directory),
            "needs": manifest.needs.json, "granted": plugin.permissions.json, "trust": .string(plugin.trust.rawValue),
            "digest": plugin.entry.map { .string("sha256:" + $0.digest) } ?? .null,
            "publisher_key": plugin.entry?.key.map { .string($0) } ?? .null,
            "executors": .array(executors),
        ]
        return value.text
    }
}
