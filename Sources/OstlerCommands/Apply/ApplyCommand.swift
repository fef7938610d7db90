internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerResources
internal import OstlerSystem

/// `ostler apply`: makes this machine as manifests say.
struct ApplyCommand: Sendable {
    private enum Option {
        static let noop = CommandOption.flag("noop", "Do nothing; tell what would be done.")
        static let diff = CommandOption.flag("diff", "Show the lines in which files differ.")
        static let checkIdempotent = CommandOption.flag(
            "check-idempotent",
            "Do all of it a second time: fail if anything is changed again."
        )
        static let failFast = CommandOption.flag("fail-fast", "End with the first resource that fails.")
        static let monitor = CommandOption.flag("monitor", "Run the health checks, and nothing else.")
        static let root = CommandOption.value(
            "root",
            "DIR",
            "Take DIR for the root: files are below it, and commands see it as theirs.",
            completion: .directory
        )
        static let sandbox = CommandOption.value(
            "sandbox",
            "NAME",
            "The profile of tasks and commands: host (the default), strict, contained, or one of the config."
        )
    }

    static let spec: CommandSpec = {
        var spec = CommandSpec("apply", "Makes files and runs commands until all is as manifests say.")
        spec.details = [
            "Resources are done in the order in which they stand. What is as it should be is left alone.",
            "Unless manifest, --sandbox or config says otherwise, commands run without a sandbox, with your rights and "
                + "your environment.",
        ]
        spec.synopsis = ["MANIFEST… [--noop] [--diff]", "MANIFEST… --monitor"]
        spec.parameters = [
            CommandParameter("MANIFEST", "A file of resources; - for stdin.", isRepeated: true, completion: .file)
        ]
        spec.sections = [
            .init("What is done", [Option.noop, Option.checkIdempotent, Option.failFast, Option.monitor]),
            .init("Where and how", [Option.root, Option.sandbox]),
            .init("What is told", [Option.diff]),
            TelemetryOptions.section, GlobalOptions.section,
        ]
        spec.examples = [
            "ostler apply site.yaml", "ostler apply site.yaml --noop --diff",
            "ostler apply site.yaml --check-idempotent",
            "ostler apply site.yaml --root /tmp/scratch --json", "ostler apply site.yaml --sandbox strict --fail-fast",
            "ostler apply site.yaml --monitor",
            "echo '- file: [{/etc/motd: {content: hello, mode: 0644}}]' | ostler apply -",
        ]
        spec.exitCodes = [
            .init("0", "all is as the manifests say"),
            .init("1", "all failed, or --check-idempotent found a change"),
            .init("2", "some failed, or degraded"), .init("3", "a manifest is wrong, and nothing was done; or denied"),
            .init("4", "all timed out"), .init("5", "sandbox or executor at fault"),
            .init("128+n", "interrupted by signal n"),
        ]
        spec.action = { try ApplyCommand($0).run() }
        return spec
    }()

    let global: GlobalOptions
    let manifests: [String]
    let mode: ApplyMode
    let checksIdempotence: Bool
    let root: String?
    let profile: String?
    private let telemetry: TelemetryOptions

    init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        manifests = arguments.parameters
        var mode = ApplyMode()
        mode.isNoop = arguments.has(Option.noop)
        mode.isMonitor = arguments.has(Option.monitor)
        mode.showsDiff = arguments.has(Option.diff)
        mode.failsFast = arguments.has(Option.failFast)
        mode.sharesSources = !arguments.has(Option.root)
        self.mode = mode
        checksIdempotence = arguments.has(Option.checkIdempotent)
        root = arguments.value(Option.root)
        profile = arguments.value(Option.sandbox)
        telemetry = try TelemetryOptions(arguments)
        guard !mode.isNoop || !mode.isMonitor else { throw UsageError("--noop and --monitor exclude each other") }
        guard !checksIdempotence || !(mode.isNoop || mode.isMonitor) else {
            throw UsageError("--check-idempotent does things twice: leave out --noop and --monitor")
        }
    }

    func run() throws -> Int32 {
        let composition = try Composition(global)
        let session = try ApplySession(self, composition)
        let files = ManifestFiles()
        let manifest = Result { () throws(ConfigFailure) in try files.read(manifests) }
        try telemetry.checkPlaces(composition.context, inputs: files.paths.map { ("the manifest \($0)", $0) })
        // Before anything is done: what could not be kept is not begun.
        let telemetry = try telemetry.open("apply", composition.context)
        return EventLoop.shared.run {
            let code = await session.run(manifest, telemetry)
            return await telemetry?.finish(exitCode: code) ?? code
        }
    }
}
