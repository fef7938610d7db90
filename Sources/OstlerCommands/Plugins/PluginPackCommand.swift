internal import Glibc
internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerTasks
internal import OstlerTrust

/// `ostler plugin pack`.
struct PluginPackCommand {
    private static let output = CommandOption.value(
        "output",
        "FILE",
        "Where to; NAME-VERSION.tar.gz here if it is left out.",
        completion: .file
    )
    private static let sums = CommandOption.flag(
        "sums",
        "Writes plugin.sums into the folder, for signing, and packs nothing."
    )

    static let spec: CommandSpec = {
        var spec = CommandSpec("pack", "Packs a plugin into an archive that ostler plugin add takes.")
        spec.details = [
            "The same files give the same archive, whoever packs them and when. A plugin.sums in the folder must be right, and "
                + "travels with its signature."
        ]
        spec.synopsis = ["DIRECTORY [--sums] [OPTIONS]"]
        spec.parameters = [CommandParameter("DIRECTORY", "The plugin's folder.", completion: .directory)]
        spec.sections = [.init("Options", [output, sums]), GlobalOptions.sectionWithoutPlugins]
        spec.examples = ["ostler plugin pack greet --sums", "ostler plugin pack greet --output greet.tar.gz"]
        spec.exitCodes = [.init("0", "packed"), .init("3", "the plugin is not fit to be packed")]
        spec.action = { try PluginPackCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let directory: String
    private let target: String?
    private let writesSums: Bool

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        directory = arguments.parameter(0) ?? ""
        target = arguments.value(Self.output)
        writesSums = arguments.has(Self.sums)
    }

    private func run() throws -> Int32 {
        _ = try RunContext(global)
        let packed = try PluginTrust.telling { () throws(TrustError) in
            try PackedPlugin(directory, onlySums: writesSums)
        }
        let file = writesSums ? directory + "/" + PluginSums.fileName : target ?? packed.fileName
        try ReplacedFile(file).write(packed.bytes)
        if global.json {
            try Results.write(json: [
                "file": .string(file), "name": .string(packed.name), "version": .string(packed.version),
                "digest": .string("sha256:" + packed.digest),
            ])
        } else {
            try Results.write("\(file)\nsha256:\(packed.digest)\n")
        }
        return 0
    }
}
