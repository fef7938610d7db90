internal import OstlerCommandLine
internal import OstlerProtocol
internal import OstlerStore

/// `ostler tasks logs`.
struct TasksLogsCommand: Sendable {
    private enum Option {
        static let follow = CommandOption.flag("follow", "Go on until the tasks are done.")
        static let stream = CommandOption.value(
            "stream",
            "NAME",
            "Only stdout or stderr.",
            completion: .oneOf(["stdout", "stderr"])
        )
        static let after = CommandOption.values(
            "after",
            "[TASK:]SEQ",
            "Begin behind a piece, as --json numbers them; may be repeated for several tasks."
        )
    }

    static let spec: CommandSpec = {
        var spec = CommandSpec("logs", "Shows what tasks have written, over all their attempts.")
        spec.details = [
            "Of one task, its stdout goes to stdout and its stderr to stderr. Of several, each line begins with the number "
                + "of its task. With --json each piece is a line; its `seq` is where --after goes on."
        ]
        spec.synopsis = ["TASK… [OPTIONS]"]
        spec.parameters = [TaskArguments.many]
        spec.sections = [
            .init("Options", [Option.follow, Option.stream, Option.after]), GlobalOptions.sectionOfStore,
        ]
        spec.examples = [
            "ostler tasks logs 17", "ostler tasks logs 17 18 --follow",
            "ostler tasks logs 17 --follow --json --after 120",
        ]
        spec.exitCodes = [.init("0", "shown"), .init("3", "there is no such task")]
        spec.action = { try TasksLogsCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let tasks: [TaskID]
    private let follows: Bool
    private let stream: String?
    private var cursors: [TaskID: Int64] = [:]

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        tasks = try TaskArguments.all(arguments)
        follows = arguments.has(Option.follow)
        stream = arguments.value(Option.stream)
        guard [nil, "stdout", "stderr"].contains(stream) else { throw UsageError("--stream takes stdout or stderr") }
        for text in arguments.values(Option.after) { try read(cursor: text) }
    }

    private mutating func read(cursor text: String) throws(UsageError) {
        let parts = text.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
        let task = parts.count == 2 ? TaskID(parts[0]) : tasks.count == 1 ? tasks.first : nil
        guard let task, tasks.contains(task), let sequence = Int64(parts[parts.count - 1]), sequence >= 0 else {
            throw UsageError("--after \(text): write SEQ for one task, TASK:SEQ for one of several")
        }
        cursors[task] = sequence
    }

    private func run() throws -> Int32 {
        let store = try global.lookIntoStore(try RunContext(global))
        let form: TaskLogReader.Form = global.json ? .json : tasks.count > 1 ? .prefixed : .raw
        var reader = TaskLogReader(store, form, stream: stream, cursors: cursors)
        guard follows else {
            for task in tasks { try reader.drain(task) }
            try reader.finish()
            return 0
        }
        var open = tasks
        _ = try StoreWatch(store).wait {
            open = try open.filter { task in try !reader.follow(task) }
            return open.isEmpty
        }
        try reader.finish()
        return 0
    }
}
