internal import OstlerCommandLine
internal import OstlerStore
internal import OstlerTasks

/// Which tasks a list is about.
struct TaskFilterOptions: Sendable {
    private enum Option {
        static let state = CommandOption.values(
            "state",
            "STATE",
            "Tasks in this state: blocked, ready, running or done; may be repeated.",
            completion: .oneOf(TaskFilter.StateName.allCases.map(\.rawValue))
        )
        static let outcome = CommandOption.values(
            "outcome",
            "OUTCOME",
            "Tasks that ended so; may be repeated.",
            completion: .oneOf(Outcome.allCases.map(\.rawValue))
        )
        static let executor = CommandOption.value(
            "executor",
            "NAME",
            "Tasks for this executor.",
            completion: .lookup(Lookups.executors)
        )
        static let queue = CommandOption.value("queue", "NAME", "Tasks of this queue.")
        static let id = CommandOption.value("id", "ID", "Tasks that were given this id.")
        static let labels = CommandOption.values("label", "KEY=VALUE", "Tasks with this label; may be repeated.")
        static let run = CommandOption.value("run-id", "RUN", "Tasks that were submitted together.")
        static let since = CommandOption.value(
            "since",
            "1h",
            "Tasks submitted in this time, or from 2026-03-01T08:30:00Z on."
        )
        static let before = CommandOption.value("before", "TIME", "Tasks submitted before.")
        static let setAside = CommandOption.flag("set-aside", "Tasks that brought down too many that ran them.")
        static let limit = CommandOption.value("limit", "N", "How many tasks a page has; 50 if it is not given.")
        static let after = CommandOption.value("after", "TASK", "The next page: what stood behind the last one.")
    }

    static let section = CommandSpec.Section(
        "Which tasks",
        [
            Option.state, Option.outcome, Option.executor, Option.queue, Option.id, Option.labels, Option.run,
            Option.since, Option.before, Option.setAside, Option.limit, Option.after,
        ]
    )

    private(set) var filter = TaskFilter()
    let limit: Int
    let cursor: TaskID?

    /// - Parameter now: milliseconds since 1970.
    init(_ arguments: Arguments, at now: Int64) throws(UsageError) {
        filter.states = try Self.words(Option.state, arguments)
        filter.outcomes = try Self.words(Option.outcome, arguments)
        filter.executor = arguments.value(Option.executor)
        filter.queue = arguments.value(Option.queue)
        filter.name = arguments.value(Option.id)
        filter.runID = arguments.value(Option.run)
        for text in arguments.values(Option.labels) {
            let pair = try TaskOptions.pair(text, "--label")
            filter.labels[pair.key] = pair.value
        }
        filter.submittedFrom = try Self.moment(Option.since, arguments, now)
        filter.submittedBefore = try Self.moment(Option.before, arguments, now)
        if arguments.has(Option.setAside) { filter.isSetAside = true }
        limit = try arguments.integer(Option.limit, in: 1...10_000) ?? 50
        cursor = try arguments.value(Option.after).map { (text) throws(UsageError) in
            guard let task = TaskID(text) else { throw UsageError("--after \(text): it is no number of a task") }
            return task
        }
    }

    private static func words<Word: RawRepresentable & CaseIterable & Hashable>(
        _ option: CommandOption,
        _ arguments: Arguments
    ) throws(UsageError) -> Set<Word> where Word.RawValue == String {
        var words: Set<Word> = []
        for text in arguments.values(option) {
            guard let word = Word(rawValue: text) else {
                let known = Word.allCases.map(\.rawValue)
                throw UsageError("--\(option.name) '\(text)': write \(known.joined(separator: ", "))")
            }
            words.insert(word)
        }
        return words
    }

    /// Of a duration, that much before now.
    private static func moment(
        _ option: CommandOption,
        _ arguments: Arguments,
        _ now: Int64
    ) throws(UsageError) -> Int64? {
        guard let text = arguments.value(option) else { return nil }
        switch QueueRequest.Start(text) {
        case .at(let moment): return moment
        case .later(let span): return now - span
        case nil: throw UsageError("--\(option.name) \(text): write \(QueueRequest.Start.forms)")
        }
    }
}
