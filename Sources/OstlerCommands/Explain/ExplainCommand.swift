internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// `ostler explain`: why a task came to what it came to, or why one would be refused.
struct ExplainCommand: Sendable {
    static let spec: CommandSpec = {
        var spec = CommandSpec("explain", "Tells what happened to a task and why, from its submission to its outcome.")
        spec.details = [
            "In place of a number it takes the words of `submit`: then it tells what would become of that task now. So it "
                + "explains what was refused, of which nothing is kept."
        ]
        spec.synopsis = ["TASK [OPTIONS]", "EXECUTOR [OPTIONS] [--MEMBER VALUE…] [-- ARGV…]"]
        spec.parameters = [
            CommandParameter("TASK", "The number of a task; or an executor.", completion: .lookup(Lookups.executors))
        ]
        spec.sections = TaskOptions.queuedSections + [QueueOptions.section, GlobalOptions.sectionWithStore]
        spec.takesMembers = true
        spec.takesCommandLine = true
        spec.examples = ["ostler explain 17", "ostler explain 17 --json", "ostler explain command -- git push"]
        spec.exitCodes = [
            .init("0", "explained"), .init("3", "there is no such task"), .init("5", "the store cannot be read"),
        ]
        spec.action = { try ExplainCommand($0).run() }
        return spec
    }()

    private let arguments: Arguments
    private let global: GlobalOptions

    private init(_ arguments: Arguments) throws(UsageError) {
        self.arguments = arguments
        global = try GlobalOptions(arguments)
    }

    private func run() throws -> Int32 {
        guard let task = arguments.parameter(0).flatMap({ TaskID($0) }) else { return try explainSubmission() }
        let store = try global.lookIntoStore(try RunContext(global))
        let explanation = try TaskExplanation(of: task, in: store, at: WallClock.milliseconds)
        try tell(explanation.story) { explanation.encode(into: &$0) }
        return 0
    }

    private func explainSubmission() throws -> Int32 {
        let task = try TaskOptions(arguments)
        guard task.file == nil else { throw UsageError("explain tells of one task: --file is for submit") }
        let composition = try Composition(global)
        let store = try global.lookIntoStore(composition.context)
        let now = WallClock.milliseconds
        let queue = try QueueOptions(arguments, isBatch: false)
        let (spec, problems, submission) = try SubmissionBatch.judge(task, queue, composition, at: now)
        let explanation = try SubmissionExplanation(
            spec,
            problems,
            submission,
            in: store,
            capacity: composition.config.store.capacity,
            at: now
        )
        try tell(explanation.story) { explanation.encode(into: &$0) }
        return 0
    }

    private func tell(_ story: TaskStory, _ encode: (inout JSONWriter) -> Void) throws {
        guard global.json else { return try Results.write(story.text) }
        var writer = JSONWriter()
        encode(&writer)
        try Results.write(writer)
    }
}
