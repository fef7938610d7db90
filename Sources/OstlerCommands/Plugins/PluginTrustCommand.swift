internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerTasks
internal import OstlerTrust

/// `ostler plugin trust`.
struct PluginTrustCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("trust", "Lets plugins in where they are, such as those in ./.ostler/plugins.")
        spec.details = [
            "DIRECTORY is a plugin, or holds plugins. They are trusted as they are now: once a file of one has changed, it is "
                + "refused until it is trusted again."
        ]
        spec.synopsis = ["DIRECTORY [--yes | --grant PERMISSION…] [OPTIONS]"]
        spec.parameters = [CommandParameter("DIRECTORY", "A plugin, or a folder of plugins.", completion: .directory)]
        spec.sections = [.init("Options", GrantOptions.all), GlobalOptions.sectionWithoutPlugins]
        spec.examples = ["ostler plugin trust .ostler/plugins", "ostler plugin trust .ostler/plugins/greet --yes"]
        spec.exitCodes = [.init("0", "they are trusted"), .init("3", "one is refused, with the reason")]
        spec.action = { try PluginTrustCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let directory: String
    private let grants: GrantOptions

    private init(_ arguments: Arguments) throws {
        global = try GlobalOptions(arguments)
        directory = arguments.parameter(0) ?? ""
        grants = try GrantOptions(arguments)
    }

    private func run() throws -> Int32 {
        let installer = try PluginTrust.requireInstaller(global)
        let candidates = try PluginTrust.telling { () throws(TrustError) in try installer.find(in: directory) }
        guard !candidates.isEmpty else {
            Log.error("there is no plugin in \(directory)", code: TrustError.Code.notInstalled.rawValue)
            throw Exit(.invalid)
        }
        for candidate in candidates {
            let previous = try PluginTrust.telling { () throws(TrustError) in try installer.previous(of: candidate) }
            let sheet = PermissionSheet(candidate, previous: previous)
            let decision = try grants.decide(sheet, previous: previous) {
                try Results.write(global.json ? sheet.json(granted: nil).text + "\n" : sheet.text)
            }
            let entry = try PluginTrust.telling { () throws(TrustError) in
                try installer.admit(candidate, granted: decision.granted)
            }
            let told = "trusted \(entry.name) \(entry.version), granted \(entry.granted.summary)\n"
            let text = (decision.isShown ? "" : sheet.text) + told
            try Results.write(global.json ? sheet.json(granted: entry.granted).text + "\n" : text)
        }
        return 0
    }
}
