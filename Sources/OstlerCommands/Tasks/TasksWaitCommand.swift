internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// `ostler tasks wait`.
struct TasksWaitCommand: Sendable {
    private enum Option {
        static let timeout = CommandOption.value("timeout", "30s", "How long to wait at most.")
    }

    static let spec: CommandSpec = {
        var spec = CommandSpec("wait", "Waits until tasks are done, and tells what became of each.")
        spec.details = ["With --json each task that is done is a line: its `task` number and its whole `result`."]
        spec.synopsis = ["TASK… [OPTIONS]"]
        spec.parameters = [TaskArguments.many]
        spec.sections = [.init("Options", [Option.timeout]), GlobalOptions.sectionOfStore]
        spec.examples = ["ostler tasks wait 17 18", "ostler tasks wait 17 --timeout 5m --json"]
        spec.exitCodes = [
            .init("0-5", "as `run` would have ended with these tasks"), .init("75", "the time to wait was up"),
        ]
        spec.action = { try TasksWaitCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let tasks: [TaskID]
    private let timeout: Int64?

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        tasks = try TaskArguments.all(arguments)
        timeout = try TaskOptions.milliseconds(Option.timeout, arguments)
    }

    private func run() throws -> Int32 {
        let store = try global.lookIntoStore(try RunContext(global))
        let watch = StoreWatch(store, until: timeout.map { Instant.now.advanced(milliseconds: $0) })
        return try TaskWait(store, global.json ? .json : .text).run(tasks, watch)
    }
}

/// Tells what became of tasks as they end.
struct TaskWait {
    enum Form {
        /// A word for each task.
        case text
        /// An object for each task, with its number and its result.
        case json
        /// The results alone, as `run` tells them.
        case results
    }

    private let store: any TaskStore
    private let form: Form

    init(_ store: any TaskStore, _ form: Form) {
        self.store = store
        self.form = form
    }

    /// - Returns: the exit code of a run of these tasks.
    func run(_ tasks: [TaskID], _ watch: StoreWatch) throws -> Int32 {
        var open = tasks
        var tally = OutcomeTally()
        let isWhole = try watch.wait {
            var left: [TaskID] = []
            for task in open {
                let details = try store.details(of: task)
                guard let outcome = details.summary.outcome else {
                    left.append(task)
                    continue
                }
                tally.add(outcome)
                try tell(details, outcome)
            }
            open = left
            return open.isEmpty
        }
        guard isWhole else {
            Log.error("\(open.count) of \(tasks.count) tasks are not done yet", code: "wait_timeout")
            return Failure.tryLater
        }
        return tally.exitCode
    }

    private func tell(_ details: TaskDetails, _ outcome: Outcome) throws {
        guard form != .text else {
            let error = details.summary.errorCode.map { " [\($0)]" } ?? ""
            return try Results.write("\(details.summary.id) \(outcome.rawValue)\(error)\n")
        }
        var writer = JSONWriter()
        guard form == .json else {
            details.encodeResult(into: &writer)
            return try Results.write(writer)
        }
        writer.beginObject()
        writer.optional("task", details.summary.id.rawValue)
        writer.optional("outcome", outcome.rawValue)
        writer.optional("error", details.summary.errorCode)
        writer.key("result")
        details.encodeResult(into: &writer)
        writer.endObject()
        try Results.write(writer)
    }
}
