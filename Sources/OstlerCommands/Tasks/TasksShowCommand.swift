internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerStore
internal import OstlerSystem

/// `ostler tasks show`.
struct TasksShowCommand: Sendable {
    static let spec: CommandSpec = {
        var spec = CommandSpec("show", "Shows all that is kept of a task but its output and its story.")
        spec.synopsis = ["TASK [OPTIONS]"]
        spec.parameters = [TaskArguments.one]
        spec.sections = [GlobalOptions.sectionOfStore]
        spec.examples = ["ostler tasks show 17", "ostler tasks show 17 --json"]
        spec.exitCodes = [.init("0", "shown"), .init("3", "there is no such task")]
        spec.action = { try TasksShowCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let task: TaskID

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        task = try TaskArguments.all(arguments)[0]
    }

    private func run() throws -> Int32 {
        let details = try global.lookIntoStore(try RunContext(global)).details(of: task)
        guard global.json else {
            try Results.write(details.text)
            return 0
        }
        var writer = JSONWriter()
        details.encode(into: &writer)
        try Results.write(writer)
        return 0
    }
}
