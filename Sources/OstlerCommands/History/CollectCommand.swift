internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem

/// `ostler gc`: removes what need not be kept.
struct CollectCommand: Sendable {
    private enum Option {
        static let plan = CommandOption.flag("plan", "Tell what would be removed, and remove nothing.")
        static let age = CommandOption.value("age", "30d", "Keep what ended in this time; none for all.")
        static let count = CommandOption.value("count", "N", "Keep this many tasks, the latest.")
        static let size = CommandOption.value("size", "1GiB", "Keep as much, the latest.")
        static let vacuum = CommandOption.flag("vacuum", "Then give what was freed back to the file system.")
    }

    static let spec: CommandSpec = {
        var spec = CommandSpec("gc", "Removes tasks that are done and need not be kept, as store.retention says.")
        spec.details = ["Tasks that are not done stay, and so does what they wait for."]
        spec.synopsis = ["[--plan] [OPTIONS]"]
        spec.sections = [
            .init("What is kept", [Option.age, Option.count, Option.size]),
            .init("What is done", [Option.plan, Option.vacuum]), GlobalOptions.sectionOfStore,
        ]
        spec.examples = ["ostler gc --plan", "ostler gc --age 7d --vacuum"]
        spec.exitCodes = [.init("0", "removed, or nothing to remove"), .init("5", "the store cannot be written")]
        spec.action = { try CollectCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let isPlan: Bool
    private let vacuums: Bool
    /// What the command line says; it stands for all that the configuration says of the same.
    private let age: Int64??
    private let count: Int?
    private let size: Int64?

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        isPlan = arguments.has(Option.plan)
        vacuums = arguments.has(Option.vacuum)
        if arguments.value(Option.age) == "none" {
            age = .some(nil)
        } else {
            age = try TaskOptions.milliseconds(Option.age, arguments).map { .some($0) }
        }
        count = try arguments.integer(Option.count, in: 0...1_000_000_000)
        do throws(UnitTextError) {
            size = try arguments.value(Option.size).map { (text) throws(UnitTextError) in try SizeText.bytes(text) }
        } catch {
            throw UsageError("--size: \(error)")
        }
        guard !isPlan || !vacuums else { throw UsageError("--plan changes nothing: not --vacuum") }
    }

    private func run() throws -> Int32 {
        let context = try RunContext(global)
        let store = try global.lookIntoStore(context)
        let kept = context.config.store.retention
        let policy = RetentionPolicy(
            age: age ?? kept.ageMilliseconds,
            count: count ?? kept.count,
            bytes: size ?? kept.size
        )
        let now = WallClock.milliseconds
        let plan = isPlan ? try store.plan(policy, at: now) : try store.collect(policy, at: now)
        if vacuums { try store.compact() }
        try tell(plan)
        return 0
    }

    private func tell(_ plan: RetentionPlan) throws {
        guard !global.json else { return try Results.write(json(plan)) }
        let reasons = RetentionPlan.Reason.allCases.compactMap { reason in
            plan.tasks[reason].map { "\($0) by \(reason.rawValue)" }
        }
        let why = reasons.isEmpty ? "" : " (\(reasons.joined(separator: ", ")))"
        let span =
            plan.oldest.flatMap { oldest in
                plan.newest.map {
                    ", ended \(WallClock.text(milliseconds: oldest)) to \(WallClock.text(milliseconds: $0))"
                }
            } ?? ""
        let verb = isPlan ? "would be removed" : "removed"
        try Results.write(
            "\(verb): \(plan.total) tasks\(why), \(SizeText.text(bytes: plan.bytes))\(span)\n"
                + "kept: \(plan.keptTasks) tasks that are done, \(SizeText.text(bytes: plan.keptBytes))\n"
        )
    }

    private func json(_ plan: RetentionPlan) -> JSONWriter {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("removed")
        writer.bool(!isPlan)
        writer.key("tasks")
        writer.beginObject()
        for reason in RetentionPlan.Reason.allCases {
            writer.key(dynamic: reason.rawValue)
            writer.int(plan.tasks[reason] ?? 0)
        }
        writer.endObject()
        writer.optional("bytes", plan.bytes)
        writer.optional("oldest_ms", plan.oldest)
        writer.optional("newest_ms", plan.newest)
        writer.key("kept_tasks")
        writer.int(plan.keptTasks)
        writer.optional("kept_bytes", plan.keptBytes)
        writer.endObject()
        return writer
    }
}
