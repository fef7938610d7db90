internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerSystem
internal import OstlerTasks
internal import OstlerTrust

/// `ostler plugin add`.
struct PluginAddCommand {
    private static let key = CommandOption.value(
        "key",
        "KEY",
        "The public key of minisign by which it must be signed: 56 letters, or a .pub file.",
        completion: .file
    )

    static let spec: CommandSpec = {
        var spec = CommandSpec("add", "Lets a plugin in: shows what it needs, and copies it into the store.")
        spec.details = [
            "SOURCE is a folder with a plugin.yaml, or an archive that ostler plugin pack made. Nothing of it is executed. "
                + "What is granted is kept in plugins.lock with the digest of every file, and the plugin gets that and no "
                + "more; a new version that asks for more is refused until that is granted too."
        ]
        spec.synopsis = ["SOURCE [--yes | --grant PERMISSION…] [OPTIONS]"]
        spec.parameters = [CommandParameter("SOURCE", "A folder, or an archive.", completion: .file)]
        spec.sections = [.init("Options", GrantOptions.all + [key]), GlobalOptions.sectionWithoutPlugins]
        spec.examples = ["ostler plugin add ./greet", "ostler plugin add greet-1.2.0.tar.gz --key greet.pub --yes"]
        spec.exitCodes = [
            .init("0", "it is installed"), .init("3", "it is refused, with the reason; nothing was changed"),
        ]
        spec.action = { try PluginAddCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let source: String
    private let grants: GrantOptions
    private let publicKey: Minisign.PublicKey?

    private init(_ arguments: Arguments) throws {
        global = try GlobalOptions(arguments)
        source = arguments.parameter(0) ?? ""
        grants = try GrantOptions(arguments)
        publicKey = try PluginTrust.telling { () throws(TrustError) in
            try arguments.value(Self.key).map { (text) throws(TrustError) in
                try Minisign.PublicKey(readingFileOrText: text)
            }
        }
    }

    private func run() throws -> Int32 {
        let installer = try PluginTrust.requireInstaller(global)
        let (candidate, previous) = try PluginTrust.telling { () throws(TrustError) in
            let candidate = try installer.stage(absolute(source), key: publicKey)
            return (candidate, try installer.previous(of: candidate))
        }
        let sheet = PermissionSheet(candidate, previous: previous)
        let decision = try grants.decide(sheet, previous: previous) {
            try Results.write(global.json ? sheet.json(granted: nil).text + "\n" : sheet.text)
        }
        let entry = try PluginTrust.telling { () throws(TrustError) in
            try installer.admit(candidate, granted: decision.granted)
        }
        if global.json {
            try Results.write(json: sheet.json(granted: entry.granted))
        } else {
            try Results.write(
                (decision.isShown ? "" : sheet.text)
                    + "added \(entry.name) \(entry.version), granted \(entry.granted.summary)\n"
            )
        }
        return 0
    }

    private func absolute(_ path: String) -> String {
        path.isAbsolutePath ? path : Composition.workingDirectory + "/" + path
    }
}

extension Permissions {
    /// `launch, program:git`, or `nothing`.
    var summary: String { isEmpty ? "nothing" : all.map(\.shown).joined(separator: ", ") }
}
