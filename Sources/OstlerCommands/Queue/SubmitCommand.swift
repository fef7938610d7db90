internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks

/// `ostler submit`: hands tasks to the queue, and leaves.
struct SubmitCommand: Sendable {
    private enum Option {
        static let keepGoing = CommandOption.flag(
            "keep-going",
            "Submit what is right in a file even if other lines are wrong."
        )
    }

    static let spec: CommandSpec = {
        var spec = CommandSpec("submit", "Hands one task, or many from a file, to the queue, and prints their numbers.")
        spec.details = [
            "A task is checked as `run` checks it before it is accepted. Once its number is printed it is on the disk: "
                + "a worker runs it, and `ostler explain` tells what became of it."
        ]
        spec.synopsis = TaskOptions.synopsis
        spec.parameters = [TaskOptions.executorParameter]
        spec.sections =
            TaskOptions.queuedSections + [
                QueueOptions.section, .init("Many tasks", [Option.keepGoing]), GlobalOptions.sectionWithStore,
            ]
        spec.takesMembers = true
        spec.takesCommandLine = true
        spec.examples = [
            "ostler submit command -- sha256sum /etc/passwd",
            "ostler submit --retry 3 --label team=web command -- ./build",
            "ostler submit --file tasks.jsonl --queue nightly",
        ]
        spec.exitCodes = [
            .init("0", "accepted"), .init("3", "refused: nothing was accepted"),
            .init("5", "the store cannot be used: nothing was accepted"), .init("75", "the queue is full"),
        ]
        spec.action = { try SubmitCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let task: TaskOptions
    private let queue: QueueOptions
    private let keepsGoing: Bool

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        task = try TaskOptions(arguments)
        queue = try QueueOptions(arguments, isBatch: task.file != nil)
        keepsGoing = arguments.has(Option.keepGoing)
        guard task.file != nil || !keepsGoing else { throw UsageError("--keep-going belongs to --file") }
    }

    private func run() throws -> Int32 {
        let composition = try Composition(global)
        let place = try StorePlace(global, composition.config)
        let now = WallClock.milliseconds
        let gathered = try gather(composition, at: now)
        guard !gathered.submissions.isEmpty else { return gathered.exitCode }
        let store = try place.open()
        let accepted = try store.submit(gathered.submissions, capacity: composition.config.store.capacity, at: now)
        try tell(zip(gathered.submissions, accepted))
        return gathered.exitCode
    }

    /// What is to be accepted, and the exit code if it is.
    private struct Gathered: Sendable {
        var submissions: [Submission] = []
        var exitCode: Int32 = 0
    }

    private func gather(_ composition: Composition, at now: Int64) throws -> Gathered {
        let settings = composition.settings
        let origin = composition.origin
        let options = self
        let spec = task.file == nil ? try single(composition) : nil
        return try EventLoop.shared.run { () -> Result<Gathered, any Error> in
            do {
                let host = Host(settings)
                let batch = SubmissionBatch(host, origin, at: now)
                guard let spec else { return .success(try await options.gather(batch, host)) }
                return .success(try options.gather(spec, batch, host, origin))
            } catch {
                return .failure(error)
            }
        }.get()
    }

    private func single(_ composition: Composition) throws(UsageError) -> TaskSpec {
        var spec = try SingleRun.makeSpec(task, composition)
        if task.givenID == nil { spec.id = spec.executor }
        apply(to: &spec)
        return spec
    }

    private func apply(to spec: inout TaskSpec) {
        if let profile = task.profile { spec.sandbox.profile = profile }
        queue.apply(to: &spec)
    }

    @LoopActor
    private func gather(
        _ spec: TaskSpec,
        _ batch: SubmissionBatch,
        _ host: Host,
        _ origin: TaskOrigin
    ) throws -> Gathered {
        var problems = host.problems(of: spec)
        if problems.isEmpty { problems = batch.add(spec) }
        guard !problems.isEmpty else { return Gathered(submissions: batch.submissions) }
        let refused = host.refused(spec, origin, problems)
        if global.json {
            var writer = JSONWriter()
            refused.encode(into: &writer)
            try Results.write(writer)
        } else {
            for problem in problems { Log.failure(problem) }
        }
        return Gathered(exitCode: refused.outcome.exitCode)
    }

    /// All of a file is looked at before any of it is accepted, also of a pipe.
    @LoopActor
    private func gather(_ batch: SubmissionBatch, _ host: Host) async throws -> Gathered {
        let options = self
        let file = try TaskFile(task.file ?? "-", for: .queue) { spec in
            options.task.apply(to: &spec)
            options.apply(to: &spec)
        }
        let report = try await FileCheck(file, host, isJSON: global.json) { spec in
            // The first of a name is the one that others may wait for.
            batch.contains(spec.id) ? [] : batch.add(spec)
        }.run()
        guard !report.isEmpty else { return Gathered(submissions: batch.submissions) }
        guard keepsGoing else {
            Log.info("nothing was submitted: \(report) (see --keep-going)")
            return Gathered(exitCode: Outcome.invalid.exitCode)
        }
        Log.info("\(report)")
        let isMixed = !batch.submissions.isEmpty
        return Gathered(submissions: batch.submissions, exitCode: isMixed ? 2 : Outcome.invalid.exitCode)
    }

    private func tell(_ answers: some Sequence<(Submission, Acceptance)>) throws {
        var text = ""
        for (submission, acceptance) in answers {
            if global.json {
                text += Self.json(submission, acceptance)
            } else {
                text += "\(acceptance.task)\n"
            }
            if case .known(let task) = acceptance {
                Log.info("task \(task) was accepted earlier under this idempotency key: nothing was added")
            }
        }
        try Results.write(text)
    }

    private static func json(_ submission: Submission, _ acceptance: Acceptance) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("task")
        writer.int(acceptance.task.rawValue)
        writer.key("id")
        writer.string(submission.name)
        writer.key("executor")
        writer.string(submission.executor)
        writer.key("queue")
        writer.string(submission.queue)
        writer.key("known")
        if case .known = acceptance { writer.bool(true) } else { writer.bool(false) }
        writer.endObject()
        writer.newline()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
