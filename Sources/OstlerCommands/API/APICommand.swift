internal import OstlerCommandLine
internal import OstlerHost
internal import OstlerResources
internal import OstlerSystem
internal import OstlerTasks

/// `ostler api`: requests on stdin, answers on stdout, for programs that drive this one.
struct APICommand {
    private enum Option {
        static let jobs = CommandOption.value("jobs", "N", "How many tasks run at once; 16 if it is not given.")
        static let noop = CommandOption.flag("noop", "Execute nothing: ask the guards, and tell what would have been.")
        static let root = CommandOption.value(
            "root",
            "DIR",
            "Where requests may make resources: files are below DIR, and commands see it as their root.",
            completion: .directory
        )
        static let sandbox = CommandOption.value(
            "sandbox",
            "NAME",
            "The profile of resources' commands, no wider than the config's; with --root."
        )
        static let diff = CommandOption.flag("diff", "Answer with the lines in which files differ; with --root.")
    }

    static let spec: CommandSpec = {
        var spec = CommandSpec("api", "Answers requests, a JSON object a line on stdin, by their ids on stdout.")
        spec.synopsis = ["[OPTIONS]"]
        spec.sections = [
            .init("Options", [Option.jobs, Option.noop]),
            .init("Resources", [Option.root, Option.sandbox, Option.diff]), GlobalOptions.section,
        ]
        spec.examples = [
            #"echo '{"protocol": "io.ostler.v1.task.run.request", "type": "command", "#
                + #""properties": {"payload": {"command": "date"}}}' | ostler api"#,
            "ostler api --jobs 4 < requests.jsonl > answers.jsonl", "ostler api --root /srv/site < requests.jsonl",
        ]
        spec.exitCodes = [
            .init("0", "all was answered"), .init("3", "DIR or the profile cannot be had"),
            .init("5", "stdin or stdout failed"),
            .init("128+n", "interrupted by signal n"),
        ]
        spec.action = { try APICommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let jobs: Int
    private let root: String?
    private let profile: String?
    private let mode: ApplyMode

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        jobs = try arguments.integer(Option.jobs, in: 1...1024) ?? 16
        root = arguments.value(Option.root)
        profile = arguments.value(Option.sandbox)
        var mode = ApplyMode()
        mode.isNoop = arguments.has(Option.noop)
        mode.showsDiff = arguments.has(Option.diff)
        self.mode = mode
        guard root != nil || profile == nil && !mode.showsDiff else {
            throw UsageError("--sandbox and --diff are about resources: say with --root where they are")
        }
    }

    private func run() throws -> Int32 {
        let composition = try Composition(global)
        var settings = composition.settings
        settings.isNoop = mode.isNoop
        if let trace = try RunTrace(TelemetryOptions.origin(nil), spanPath: nil, runID: composition.origin.runID) {
            settings.tracing = trace.tracing
            Log.set(trace: trace.context)
        }
        let scope = try root.map { [settings] in
            try ResourceScope($0, profile: profile, mode, settings, composition.origin)
        }
        let (origin, jobs) = (composition.origin, jobs)
        return EventLoop.shared.run { [settings] in
            await APIServer(settings, origin, jobs: jobs, resources: scope).run()
        }
    }
}
