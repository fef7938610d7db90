internal import OstlerCommandLine
internal import OstlerStore
internal import OstlerSystem

/// `ostler tasks rm`.
struct TasksRemoveCommand: Sendable {
    static let spec: CommandSpec = {
        var spec = CommandSpec("rm", "Removes tasks that are done, with all that is kept of them; all of them or none.")
        spec.synopsis = ["TASK… [OPTIONS]"]
        spec.parameters = [TaskArguments.many]
        spec.sections = [GlobalOptions.sectionOfStore]
        spec.examples = ["ostler tasks rm 17 18"]
        spec.exitCodes = [
            .init("0", "removed"),
            .init("3", "one of them is not done, is needed by others, or unknown: none was removed"),
        ]
        spec.action = { try TasksRemoveCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let tasks: [TaskID]

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        tasks = try TaskArguments.all(arguments)
    }

    private func run() throws -> Int32 {
        try global.lookIntoStore(try RunContext(global)).remove(tasks, at: WallClock.milliseconds)
        return 0
    }
}
