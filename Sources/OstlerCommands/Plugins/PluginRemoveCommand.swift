internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerTrust

/// `ostler plugin remove`.
struct PluginRemoveCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("remove", "Removes an installed plugin, or takes back the trust in a folder.")
        spec.synopsis = ["NAME|DIRECTORY [OPTIONS]"]
        spec.parameters = [
            CommandParameter(
                "NAME|DIRECTORY",
                "An installed plugin; or, with a / in it, a folder that was trusted.",
                completion: .lookup(Lookups.installed)
            )
        ]
        spec.sections = [GlobalOptions.sectionWithoutPlugins]
        spec.examples = ["ostler plugin remove greet", "ostler plugin remove ./.ostler/plugins"]
        spec.exitCodes = [.init("0", "it is gone"), .init("3", "there is none")]
        spec.action = { try PluginRemoveCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let subject: String

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        subject = arguments.parameter(0) ?? ""
    }

    private func run() throws -> Int32 {
        let installer = try PluginTrust.requireInstaller(global)
        let removed = try PluginTrust.telling { () throws(TrustError) in try installer.remove(subject) }
        if global.json {
            let names = removed.map { entry -> JSONValue in
                [
                    "name": .string(entry.name), "version": .string(entry.version),
                    "digest": .string("sha256:" + entry.digest),
                ]
            }
            try Results.write(json: ["removed": .array(names)])
        } else {
            try Results.write(removed.map { "removed \($0.name) \($0.version)\n" }.joined())
        }
        return 0
    }
}
