internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerStore

/// `ostler history diff`.
struct HistoryDiffCommand: Sendable {
    static let spec: CommandSpec = {
        var spec = CommandSpec("diff", "Compares two tasks that are done: what was asked, and what came of it.")
        spec.details = ["What differs between any two runs is left out: ids, times, what was used."]
        spec.synopsis = ["TASK OTHER [OPTIONS]"]
        spec.parameters = [TaskArguments.one, CommandParameter("OTHER", "The number of another one.")]
        spec.sections = [GlobalOptions.sectionOfStore]
        spec.examples = ["ostler history diff 17 18", "ostler history diff 17 18 --json"]
        spec.exitCodes = [
            .init("0", "no difference"), .init("1", "they differ"), .init("3", "one of them is unknown or not done"),
        ]
        spec.action = { try HistoryDiffCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let tasks: [TaskID]

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        tasks = try TaskArguments.all(arguments)
        guard tasks.count == 2 else { throw UsageError("a task is not compared with itself") }
    }

    private func run() throws -> Int32 {
        let store = try global.lookIntoStore(try RunContext(global))
        let difference = try TaskDifference(try store.details(of: tasks[0]), try store.details(of: tasks[1]))
        if global.json { try Results.write(difference.json) } else { try Results.write(difference.text) }
        return difference.lines.isEmpty ? 0 : 1
    }
}
