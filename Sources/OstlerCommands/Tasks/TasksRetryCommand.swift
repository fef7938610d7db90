internal import OstlerCommandLine
internal import OstlerStore
internal import OstlerSystem

/// `ostler tasks retry`.
struct TasksRetryCommand: Sendable {
    static let spec: CommandSpec = {
        var spec = CommandSpec("retry", "Lets tasks be tried again that are done and did not succeed.")
        spec.details = [
            "What may have had effects is then done again: look at `ostler explain TASK` before. Its count of tries "
                + "begins anew, and it no longer expires."
        ]
        spec.synopsis = ["TASK… [OPTIONS]"]
        spec.parameters = [TaskArguments.many]
        spec.sections = [GlobalOptions.sectionOfStore]
        spec.examples = ["ostler tasks retry 17"]
        spec.exitCodes = [.init("0", "ready again"), .init("2", "mixed"), .init("3", "not done, or it had succeeded")]
        spec.action = { try TasksRetryCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let tasks: [TaskID]

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        tasks = try TaskArguments.all(arguments)
    }

    private func run() throws -> Int32 {
        let context = try RunContext(global)
        let store = try global.lookIntoStore(context)
        return try TaskArguments.each(tasks) { task in
            try store.reopen(task, by: context.principal, at: WallClock.milliseconds)
            Log.info("it is ready again", .init(task: task.description))
        }
    }
}
