internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// `ostler history list`.
struct HistoryListCommand: Sendable {
    static let spec: CommandSpec = {
        var spec = CommandSpec("list", "Lists what is done, the newest first.")
        spec.synopsis = ["[OPTIONS]"]
        spec.sections = [TaskFilterOptions.section, GlobalOptions.sectionOfStore]
        spec.examples = [
            "ostler history list --outcome failed --since 1d", "ostler history list --executor command --json",
        ]
        spec.exitCodes = [.init("0", "listed"), .init("5", "the store cannot be read")]
        spec.action = { try HistoryListCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let options: TaskFilterOptions

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        options = try TaskFilterOptions(arguments, at: WallClock.milliseconds)
        guard options.filter.states.isSubset(of: [.done]) else {
            throw UsageError("what is not done is no history: `ostler tasks list --state …` shows it")
        }
    }

    private func run() throws -> Int32 {
        let store = try global.lookIntoStore(try RunContext(global))
        var filter = options.filter
        filter.states = [.done]
        let page = try store.list(filter, after: options.cursor, limit: options.limit)
        if global.json {
            try Results.write(page.json)
            return 0
        }
        var table = Table(["TASK", "ID", "EXECUTOR", "OUTCOME", "ENDED", "TOOK", "ERROR"])
        for task in page.tasks {
            let took = task.endedAt.map { TimeText.brief(milliseconds: $0 - (task.claimedAt ?? task.submittedAt)) }
            table.add([
                task.id.description, Quotation.bare(task.name, longest: 40), task.executor, task.stateText,
                task.endedAt.map { WallClock.text(milliseconds: $0) } ?? "", took ?? "", task.errorCode ?? "",
            ])
        }
        try Results.write(table.text)
        if let next = page.next { Log.info("there are more: --after \(next)") }
        return 0
    }
}
