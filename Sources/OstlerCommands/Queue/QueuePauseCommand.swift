internal import OstlerCommandLine
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// `ostler queue pause` and `ostler queue resume`.
struct QueuePauseCommand: Sendable {
    private static let parameter = CommandParameter(
        "QUEUE",
        "The queue; `default` if it is not given.",
        isRequired: false
    )

    static let spec: CommandSpec = {
        var spec = CommandSpec("pause", "Keeps the tasks of a queue from workers; it goes on to accept them.")
        spec.details = ["What runs goes on to its end."]
        spec.synopsis = ["[QUEUE] [OPTIONS]"]
        spec.parameters = [parameter]
        spec.sections = [GlobalOptions.sectionOfStore]
        spec.examples = ["ostler queue pause nightly"]
        spec.action = { try QueuePauseCommand($0, isPaused: true).run() }
        return spec
    }()

    static let resumeSpec: CommandSpec = {
        var spec = CommandSpec("resume", "Gives the tasks of a queue to workers again.")
        spec.synopsis = ["[QUEUE] [OPTIONS]"]
        spec.parameters = [parameter]
        spec.sections = [GlobalOptions.sectionOfStore]
        spec.examples = ["ostler queue resume nightly"]
        spec.action = { try QueuePauseCommand($0, isPaused: false).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let queue: String
    private let isPaused: Bool

    private init(_ arguments: Arguments, isPaused: Bool) throws(UsageError) {
        global = try GlobalOptions(arguments)
        queue = arguments.parameter(0) ?? QueueName.standard
        self.isPaused = isPaused
        guard QueueRequest.isWord(queue) else { throw UsageError("QUEUE must be \(QueueRequest.wordRule)") }
    }

    private func run() throws -> Int32 {
        try global.openStore(try RunContext(global)).setPaused(queue, isPaused, at: WallClock.milliseconds)
        Log.info("the queue \(queue) is \(isPaused ? "paused" : "open")")
        return 0
    }
}
