internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerHost
internal import OstlerSystem
internal import OstlerTasks

/// `ostler run`: one task inline, or many from a file.
struct RunCommand: Sendable {
    private enum Option {
        static let jobs = CommandOption.value("jobs", "N", "How many tasks of a file run at once.")
        static let ordered = CommandOption.flag("ordered", "Results of a file in its order.")
        static let keepGoing = CommandOption.flag(
            "keep-going",
            "Run what is right in a file even if other lines are wrong."
        )
        static let exitCode = CommandOption.value(
            "exit-code",
            "task",
            "Pass on the task's own exit code: --exit-code task.",
            completion: .oneOf(["task"])
        )
        static let timings = CommandOption.flag("timings", "Tell on stderr how long each phase took.")
        static let events = CommandOption.flag("events", "Tell what happens as it happens: a JSON object a line.")
        static let noop = CommandOption.flag("noop", "Execute nothing: ask the guards, and tell what would have been.")
        static let noStdin = CommandOption.flag("no-stdin", "Do not pass stdin on to the task.")
        static let record = CommandOption.value(
            "record",
            "FILE",
            "Write what host and plugins say to each other, for `plugin replay`; secrets are masked.",
            completion: .file
        )
        static let recordHistory = CommandOption.flag(
            "record-history",
            "Keep what was run in the store, for `ostler history`."
        )
        static let quiet = CommandOption.flag("quiet", "Say nothing on stderr but errors.")
    }

    static let spec: CommandSpec = {
        var spec = CommandSpec("run", "Runs one task, or many from a file, and tells what became of them.")
        spec.synopsis = TaskOptions.synopsis
        spec.parameters = [TaskOptions.executorParameter]
        spec.sections =
            TaskOptions.sections + [
                .init("Another try", [RetryOption.option]),
                .init("Many tasks", [Option.jobs, Option.ordered, Option.keepGoing]),
                .init(
                    "What is passed on",
                    [
                        Option.noStdin, Option.events, Option.exitCode, Option.timings, Option.record,
                        Option.recordHistory, Option.quiet, Option.noop,
                    ]
                ),
                TelemetryOptions.section, GlobalOptions.sectionWithStore,
            ]
        spec.takesMembers = true
        spec.takesCommandLine = true
        spec.examples = [
            "ostler run command -- sh -c 'id; ls /'", "ostler run command --command ls --args=-la --json",
            "ostler run command --payload '{\"command\": \"cat\", \"stdin\": \"hello\"}'",
            "ostler run --file tasks.jsonl --jobs 2 > results.jsonl",
            "ostler run --file tasks.jsonl --report junit:report.xml --metrics-file ostler.prom > results.jsonl",
            "ostler run --events command -- sh -c 'echo one; echo two >&2'",
        ]
        spec.exitCodes = [
            .init("0", "succeeded"), .init("1", "failed"), .init("2", "mixed"), .init("3", "refused"),
            .init("4", "timed out"), .init("5", "sandbox or executor at fault"),
            .init("128+n", "interrupted by signal n"),
        ]
        spec.action = { try RunCommand($0).run() }
        return spec
    }()

    private enum ExitCodePolicy: String, CaseIterable {
        case task
    }

    let global: GlobalOptions
    let task: TaskOptions
    let jobs: Int?
    let isOrdered: Bool
    let keepsGoing: Bool
    /// Whether the task's own exit code becomes that of the command.
    let passesExitCode: Bool
    let isTimed: Bool
    let passesStdin: Bool
    /// Whether stdout gets events, of which the result is the last.
    let tellsEvents: Bool
    let isQuiet: Bool
    private let isNoop: Bool
    private let retry: RetryPolicy?
    /// Where the session is recorded.
    let recording: String?
    private let recordsHistory: Bool
    private let telemetry: TelemetryOptions

    init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        task = try TaskOptions(arguments)
        jobs = try arguments.integer(Option.jobs, in: 1...1024)
        isOrdered = arguments.has(Option.ordered)
        keepsGoing = arguments.has(Option.keepGoing)
        passesExitCode = try arguments.choice(Option.exitCode, of: ExitCodePolicy.self) == .task
        isTimed = arguments.has(Option.timings)
        passesStdin = !arguments.has(Option.noStdin)
        tellsEvents = arguments.has(Option.events)
        isQuiet = arguments.has(Option.quiet)
        isNoop = arguments.has(Option.noop)
        retry = try RetryOption.policy(arguments)
        recording = arguments.value(Option.record)
        recordsHistory = arguments.has(Option.recordHistory)
        telemetry = try TelemetryOptions(arguments)
        guard task.file != nil || (!isOrdered && !keepsGoing && jobs == nil) else {
            throw UsageError("--jobs, --ordered and --keep-going belong to --file")
        }
        guard !tellsEvents || !isOrdered else { throw UsageError("--events come as they happen: not --ordered") }
    }

    /// What the options say of the tries of a task, laid over it.
    func applyRetry(to spec: inout TaskSpec) {
        guard let retry else { return }
        var request = spec.queueing ?? QueueRequest()
        request.inherit(retry)
        spec.queueing = request
    }

    func run() throws -> Int32 {
        let phases = Phases(isOn: isTimed)
        let composition = try Composition(global)
        if isQuiet { Log.limit(to: .error) }
        var settings = try task.settings(composition)
        try telemetry.checkPlaces(
            composition.context,
            inputs: task.file.map { [("--file \($0)", $0)] } ?? [],
            outputs: recording.map { [("--record \($0)", $0)] } ?? []
        )
        let recording = try recording.map { try RecordingFile($0) }
        settings.recorder = recording?.recorder
        settings.isNoop = isNoop
        // Before anything is run: what could not be kept is not begun.
        let isKept = recordsHistory || composition.config.store.recordsRuns
        let history = isKept ? RunHistory(try global.openStore(composition.context)) : nil
        let telemetry = try telemetry.open("run", composition.context)
        settings.tracing = telemetry?.tracing
        phases.mark("config and catalog")
        let code: Int32
        if task.file != nil {
            let options = self
            code = EventLoop.shared.run { [settings] in
                let code = await FileRun(options, composition, settings, history, telemetry).run()
                return await telemetry?.finish(exitCode: code) ?? code
            }
        } else {
            let single = SingleRun(self, composition, settings, phases, history, telemetry)
            code = try EventLoop.shared.run { await single.run() }.get()
        }
        try recording?.write()
        phases.report()
        return code
    }
}
