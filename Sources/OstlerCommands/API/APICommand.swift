internal import OstlerCommandLine
internal import OstlerHost
internal import OstlerSystem

/// `ostler api`: requests on stdin, answers on stdout, for programs that drive this one.
struct APICommand {
    private enum Option {
        static let jobs = CommandOption.value("jobs", "N", "How many tasks run at once; 16 if it is not given.")
        static let noop = CommandOption.flag("noop", "Execute nothing: ask the guards, and tell what would have been.")
    }

    static let spec: CommandSpec = {
        var spec = CommandSpec("api", "Answers requests, a JSON object a line on stdin, by their ids on stdout.")
        spec.synopsis = ["[OPTIONS]"]
        spec.sections = [.init("Options", [Option.jobs, Option.noop]), GlobalOptions.section]
        spec.examples = ["ostler api --jobs 4 < requests.jsonl > answers.jsonl"]
        spec.exitCodes = [
            .init("0", "all was answered"), .init("5", "stdin or stdout failed"),
            .init("128+n", "interrupted by signal n"),
        ]
        spec.action = { try APICommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let jobs: Int
    private let isNoop: Bool

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        jobs = try arguments.integer(Option.jobs, in: 1...1024) ?? 16
        isNoop = arguments.has(Option.noop)
    }

    private func run() throws -> Int32 {
        let composition = try Composition(global)
        var settings = composition.settings
        settings.isNoop = isNoop
        let (origin, jobs) = (composition.origin, jobs)
        return EventLoop.shared.run { [settings] in await APIServer(settings, origin, jobs: jobs).run() }
    }
}
