internal import OstlerCommandLine
internal import OstlerStore
internal import OstlerTasks

/// What a command line says to the queue.
struct QueueOptions: Sendable {
    private enum Option {
        static let queue = CommandOption.value("queue", "NAME", "The queue; `default` if it is not given.")
        static let after = CommandOption.values("after", "TASK", "A task that must have succeeded before.")
        static let notBefore = CommandOption.value(
            "not-before",
            "TIME",
            "When it may begin: 2026-03-01T08:30:00Z, or 10m from now."
        )
        static let timeToLive = CommandOption.value(
            "ttl",
            "1h",
            "How long it is worth beginning; after that it is expired."
        )
        static let priority = CommandOption.value("priority", "N", "Higher ones go first; 0 if it is not given.")
        static let needs = CommandOption.values("needs", "WORD", "A word that a worker must have, such as gpu.")
        static let key = CommandOption.value(
            "key",
            "KEY",
            "An idempotency key: what was accepted under it is not accepted again."
        )
    }

    static let section = CommandSpec.Section(
        "The queue",
        [
            Option.queue, Option.priority, Option.after, Option.notBefore, Option.timeToLive, Option.needs, Option.key,
            RetryOption.option,
        ]
    )

    private let request: QueueRequest
    private let priority: Int64?
    private let key: String?

    /// - Parameter isBatch: whether there may be several tasks, which cannot have one key.
    init(_ arguments: Arguments, isBatch: Bool) throws(UsageError) {
        var request = QueueRequest()
        request.queue = try arguments.value(Option.queue).map { (text) throws(UsageError) in
            try Self.word(text, Option.queue)
        }
        request.after = arguments.values(Option.after)
        request.needs = try arguments.values(Option.needs).map { (text) throws(UsageError) in
            try Self.word(text, Option.needs)
        }
        request.timeToLive = try TaskOptions.milliseconds(Option.timeToLive, arguments)
        if let text = arguments.value(Option.notBefore) {
            guard let start = QueueRequest.Start(text) else {
                throw UsageError("--not-before \(text): write \(QueueRequest.Start.forms)")
            }
            request.notBefore = start
        }
        request.retry = try RetryOption.policy(arguments)
        self.request = request
        priority = try arguments.integer(Option.priority, in: -1_000_000...1_000_000).map { Int64($0) }
        key = arguments.value(Option.key)
        guard key == nil || !isBatch else {
            throw UsageError("--key is for one task; in a file each has an idempotency_key of its own")
        }
    }

    private static func word(_ text: String, _ option: CommandOption) throws(UsageError) -> String {
        guard QueueRequest.isWord(text) else {
            throw UsageError("--\(option.name) \(text): it must be \(QueueRequest.wordRule)")
        }
        return text
    }

    /// What the options say of a task, laid over it.
    func apply(to spec: inout TaskSpec) {
        if let priority { spec.priority = priority }
        if let key { spec.idempotencyKey = key }
        var merged = spec.queueing ?? QueueRequest()
        merged.queue = request.queue ?? merged.queue
        merged.after += request.after
        merged.needs += request.needs
        merged.notBefore = request.notBefore ?? merged.notBefore
        merged.timeToLive = request.timeToLive ?? merged.timeToLive
        if let retry = request.retry { merged.inherit(retry) }
        spec.queueing = merged
    }
}
