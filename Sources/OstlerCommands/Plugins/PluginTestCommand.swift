internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerConformance
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// `ostler plugin test`.
struct PluginTestCommand: Sendable {
    private enum Option {
        static let strict = CommandOption.flag(
            "strict",
            "Recommendations count as well, and what the manifest gives nothing to try with."
        )
        static let tap = CommandOption.flag("tap", "The report for the Test Anything Protocol.")
        static let junit = CommandOption.flag("junit", "The report as JUnit's XML.")
        static let filter = CommandOption.values(
            "filter",
            "GLOB",
            "Only the checks that fit: 'M3*' for all of one number. More than once: those that fit any."
        )
        static let patience = CommandOption.value(
            "patience",
            "10s",
            "How long what must come is waited for; 10s if it is not given."
        )
        static let load = CommandOption.value("load", "N", "How many tasks M21-many sends; 1000 if it is not given.")
        static let list = CommandOption.flag("list", "Only tell which checks there are.")
    }

    static let spec: CommandSpec = {
        var spec = CommandSpec("test", "Tries a plugin: each promise of the protocol that binds it, in its sandbox.")
        spec.details = ["Memory, start and latency are told by the way and decide nothing."]
        spec.synopsis = ["DIR [OPTIONS]", "--list [OPTIONS]"]
        spec.parameters = [
            CommandParameter("DIR", "The plugin's directory.", isRequired: false, completion: .directory)
        ]
        spec.sections = [
            .init("Options", [Option.strict, Option.filter, Option.load, Option.patience, Option.list]),
            .init("The report", [Option.tap, Option.junit]), GlobalOptions.sectionWithoutPlugins,
        ]
        spec.examples = [
            "ostler plugin test greet", "ostler plugin test greet --strict --junit > report.xml",
            "ostler plugin test greet --filter 'M3*' --filter M13-method",
        ]
        spec.exitCodes = [
            .init("0", "it passes"), .init("1", "it does not"), .init("3", "there is no plugin to be tried"),
            .init("5", "there is no sandbox to try it in"),
        ]
        spec.action = { try PluginTestCommand($0).run() }
        return spec
    }()

    private enum Format {
        case text
        case json
        case tap
        case junit
    }

    private let global: GlobalOptions
    private let directory: String?
    private let format: Format
    private var options = ConformanceRun.Options()

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        directory = arguments.has(Option.list) ? nil : arguments.parameter(0)
        guard arguments.has(Option.list) || directory != nil else {
            throw UsageError("which plugin? Name its directory")
        }
        let formats: [(CommandOption, Format)] = [(Option.tap, .tap), (Option.junit, .junit)]
        let chosen = formats.filter { arguments.has($0.0) }.map(\.1) + (global.json ? [.json] : [])
        guard chosen.count < 2 else { throw UsageError("--json, --tap and --junit exclude each other") }
        format = chosen.first ?? .text
        options.isStrict = arguments.has(Option.strict)
        options.filters = arguments.values(Option.filter)
        if let load = try arguments.integer(Option.load, in: 1...100_000) { options.load = load }
        if let text = arguments.value(Option.patience) {
            do throws(UnitTextError) {
                options.patience = try DurationText.milliseconds(text)
            } catch {
                throw UsageError("--patience: \(error)")
            }
        }
        let unused = options.filters.filter { !ConformanceCheck.names(fit: $0) }
        guard unused.isEmpty else {
            throw UsageError("no check fits '\(unused[0])'; `ostler plugin test --list` shows them")
        }
    }

    private func run() throws -> Int32 {
        guard let directory else { return try list() }
        let context = try RunContext(global)
        let catalog = try PluginAt.catalog(directory)
        let settings = context.settings(catalog: catalog)
        let run = PluginTestRun(plugin: catalog.plugins[0], settings: settings, options: options)
        let report = try EventLoop.shared.run { await run.report() }.get()
        switch format {
        case .text: try Results.write(report.text)
        case .tap: try Results.write(report.tap)
        case .junit: try Results.write(report.junit)
        case .json:
            var writer = JSONWriter()
            report.encode(into: &writer)
            try Results.write(writer)
        }
        return report.passes ? 0 : Outcome.failed.exitCode
    }

    private func list() throws -> Int32 {
        let checks = ConformanceCheck.all.filter { check in
            options.filters.isEmpty || options.filters.contains { ConformanceCheck.fits(check, $0) }
        }
        guard format != .json else {
            let rows = checks.map { check -> JSONValue in
                ["check": .string(check.name), "level": .string(check.level.rawValue), "title": .string(check.title)]
            }
            try Results.write(json: .array(rows))
            return 0
        }
        var table = Table(["CHECK", "LEVEL", "THE PLUGIN"])
        for check in checks { table.add([check.name, check.level.rawValue, check.title]) }
        try Results.write(table.text)
        return 0
    }
}

/// What crosses over to the loop.
private struct PluginTestRun: Sendable {
    let plugin: InstalledPlugin
    let settings: HostSettings
    let options: ConformanceRun.Options

    /// - Returns: an exit where it has been told why there is no report.
    @LoopActor
    func report() async -> Result<ConformanceReport, Exit> {
        do {
            return .success(try await ConformanceRun(plugin, settings: settings, options: options).report())
        } catch let failure as Failure {
            Log.failure(failure)
            return .failure(Exit(.sandboxError))
        } catch {
            Log.error("\(error)", code: "invalid_manifest")
            return .failure(Exit(.invalid))
        }
    }
}
