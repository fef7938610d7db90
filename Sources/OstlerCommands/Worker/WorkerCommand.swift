internal import Glibc
internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks
internal import OstlerWorker

/// `ostler worker`: runs what was submitted.
struct WorkerCommand: Sendable {
    private enum Option {
        static let slots = CommandOption.value(
            "slots",
            "N",
            "Tasks that run at once; one for each processor if not given."
        )
        static let labels = CommandOption.values(
            "labels",
            "WORD[,WORD…]",
            "What it covers of the needs of tasks, such as gpu."
        )
        static let queues = CommandOption.values(
            "queues",
            "NAME[,NAME…]",
            "The queues it looks into; all if not given."
        )
        static let name = CommandOption.value("name", "TEXT", "What it is called; the machine's name if not given.")
        static let untilIdle = CommandOption.flag("until-idle", "End when nothing is left that it could claim.")
        static let quiet = CommandOption.flag("quiet", "Say nothing on stderr but errors.")
    }

    static let spec: CommandSpec = {
        var spec = CommandSpec("worker", "Runs the tasks of the queue that it can run, until it is told to end.")
        spec.synopsis = ["[OPTIONS]"]
        spec.sections = [
            .init("What it takes", [Option.slots, Option.labels, Option.queues]),
            .init("How it works", [Option.name, Option.untilIdle, Option.quiet]),
            TelemetryOptions.section, GlobalOptions.sectionWithStore,
        ]
        spec.examples = [
            "ostler worker --slots 4 --labels gpu,zone=a", "ostler worker --queues mail,default",
            "ostler worker --until-idle", "ostler worker --metrics-file /var/lib/prometheus/node-exporter/ostler.prom",
        ]
        spec.exitCodes = [
            .init("0", "drained: asked to end by SIGTERM or SIGINT, or idle"), .init("3", "refused"),
            .init("5", "the store or the sandbox failed"), .init("128+n", "ended at once by a second signal n"),
        ]
        spec.action = { try WorkerCommand($0).run() }
        return spec
    }()

    let global: GlobalOptions
    let isQuiet: Bool
    private let slots: Int?
    private let labels: Set<String>
    private let queues: Set<String>?
    private let name: String?
    private let endsWhenIdle: Bool
    private let telemetry: TelemetryOptions

    init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        slots = try arguments.integer(Option.slots, in: 1...4096)
        labels = Set(Self.words(arguments.values(Option.labels)))
        let named = Self.words(arguments.values(Option.queues))
        queues = named.isEmpty ? nil : Set(named)
        name = arguments.value(Option.name)
        endsWhenIdle = arguments.has(Option.untilIdle)
        isQuiet = arguments.has(Option.quiet)
        telemetry = try TelemetryOptions(arguments)
    }

    private static func words(_ texts: [String]) -> [String] {
        texts.flatMap { $0.split(separator: ",").map(String.init) }
    }

    func run() throws -> Int32 {
        let composition = try Composition(global)
        if isQuiet { Log.limit(to: .error) }
        let store = try global.openStore(composition.context)
        var settings = WorkerSettings(
            name: name ?? Self.machine,
            slots: slots ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))),
            labels: labels,
            queues: queues
        )
        settings.changingFile = store.changingFile
        settings.endsWhenIdle = endsWhenIdle
        var host = composition.settings
        try telemetry.checkPlaces(composition.context)
        let telemetry = try telemetry.open("worker", composition.context)
        host.tracing = telemetry?.tracing
        settings.whenEnded = { task, result, vault in
            // Many tasks of a queue have no name of their own.
            var result = result
            result.id += " (task \(task))"
            telemetry?.add(result, under: vault)
        }
        let isJSON = global.json
        return EventLoop.shared.run { [settings, host] in
            let code = await WorkerRun(store, settings, host, isJSON: isJSON).run()
            return await telemetry?.finish(exitCode: code) ?? code
        }
    }

    private static var machine: String {
        var name = [CChar](repeating: 0, count: 256)
        gethostname(&name, name.count - 1)
        let text = String(decoding: name.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.isEmpty ? "worker" : text
    }
}
