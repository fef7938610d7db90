internal import OstlerCommandLine
internal import OstlerJSON
internal import OstlerStore
internal import OstlerSystem

/// `ostler tasks list`.
struct TasksListCommand: Sendable {
    static let spec: CommandSpec = {
        var spec = CommandSpec("list", "Lists tasks, the newest first.")
        spec.synopsis = ["[OPTIONS]"]
        spec.sections = [TaskFilterOptions.section, GlobalOptions.sectionOfStore]
        spec.examples = [
            "ostler tasks list", "ostler tasks list --outcome failed --since 1d",
            "ostler tasks list --label team=web --json",
        ]
        spec.exitCodes = [.init("0", "listed"), .init("5", "the store cannot be read")]
        spec.action = { try TasksListCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let options: TaskFilterOptions
    private let now = WallClock.milliseconds

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        options = try TaskFilterOptions(arguments, at: now)
    }

    private func run() throws -> Int32 {
        let store = try global.lookIntoStore(try RunContext(global))
        let page = try store.list(options.filter, after: options.cursor, limit: options.limit)
        if global.json {
            try Results.write(page.json)
            return 0
        }
        try Results.write(table(page))
        if let next = page.next { Log.info("there are more: --after \(next)") }
        return 0
    }

    private func table(_ page: TaskPage) -> String {
        var table = Table(["TASK", "ID", "EXECUTOR", "QUEUE", "STATE", "TRIES", "AGE", "ERROR"])
        for task in page.tasks {
            table.add([
                task.id.description, Quotation.bare(task.name, longest: 40), task.executor, task.queue, task.stateText,
                "\(task.attempt)", TimeText.brief(milliseconds: now - task.submittedAt), task.errorCode ?? "",
            ])
        }
        return table.text
    }
}

extension TaskPage {
    var json: JSONWriter {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("tasks")
        writer.beginArray()
        for task in tasks { task.encode(into: &writer) }
        writer.endArray()
        writer.optional("next", next?.rawValue)
        writer.endObject()
        return writer
    }
}
