internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerTrust

/// `ostler plugin block` and `ostler plugin unblock`.
struct PluginBlockCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec("block", "Keeps plugins from being used, wherever they are found.")
        spec.details = [
            "The pattern is kept in plugins.lock, beside those of plugins.block in the configuration. A name means the name "
                + "in the manifest; a digest stands in ostler plugin show; a key means whatever it has signed."
        ]
        spec.action = { try PluginBlockCommand($0, isBlocking: true).run() }
        return completed(spec, "block", ["'evil-*'", "sha256:9f86…", "key:RWQ…"])
    }()

    static let unblockSpec: CommandSpec = {
        var spec = CommandSpec("unblock", "Takes back what ostler plugin block said.")
        spec.action = { try PluginBlockCommand($0, isBlocking: false).run() }
        return completed(spec, "unblock", ["'evil-*'"])
    }()

    private static func completed(_ spec: CommandSpec, _ verb: String, _ examples: [String]) -> CommandSpec {
        var spec = spec
        spec.synopsis = ["PATTERN [OPTIONS]"]
        spec.parameters = [
            CommandParameter("PATTERN", "A name with * and ?, sha256:DIGEST, or key:PUBLIC-KEY.", completion: .anything)
        ]
        spec.sections = [GlobalOptions.sectionWithoutPlugins]
        spec.examples = examples.map { "ostler plugin \(verb) \($0)" }
        spec.exitCodes = [.init("0", "done"), .init("3", "the pattern means nothing, or is not there")]
        return spec
    }

    private let global: GlobalOptions
    private let pattern: String
    private let isBlocking: Bool

    private init(_ arguments: Arguments, isBlocking: Bool) throws(UsageError) {
        global = try GlobalOptions(arguments)
        pattern = arguments.parameter(0) ?? ""
        self.isBlocking = isBlocking
    }

    private func run() throws -> Int32 {
        let installer = try PluginTrust.requireInstaller(global)
        let blocked = try PluginTrust.telling { () throws(TrustError) in
            if isBlocking { try installer.block(pattern) } else { try installer.unblock(pattern) }
            return try installer.file.read().blocked
        }
        if global.json {
            try Results.write(json: ["blocked": .array(blocked.map { .string($0) })])
        } else {
            try Results.write("\(isBlocking ? "blocked" : "unblocked") \(Quotation.bare(pattern))\n")
        }
        return 0
    }
}
