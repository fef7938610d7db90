internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks
internal import OstlerTelemetry

/// `ostler submit`: hands tasks to the queue, and leaves.
struct SubmitCommand: Sendable {
    private enum Option {
        static let keepGoing = CommandOption.flag(
            "keep-going",
            "Submit what is right in a file even if other lines are wrong."
        )
        static let wait = CommandOption.flag(
            "wait",
            "Wait until the tasks are done, tell their results as `run` does, and end as it would."
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
                QueueOptions.section,
                .init("What follows", [Option.wait, Option.keepGoing, TelemetryOptions.traceparentOption]),
                GlobalOptions.sectionWithStore,
            ]
        spec.takesMembers = true
        spec.takesCommandLine = true
        spec.examples = [
            "ostler submit command -- sha256sum /etc/passwd",
            "ostler submit --retry 3 --label team=web command -- ./build",
            "ostler submit --file tasks.jsonl --queue nightly", "ostler submit --wait command -- sha256sum /etc/passwd",
        ]
        spec.exitCodes = [
            .init("0", "accepted"), .init("2", "some of a file were accepted; with --wait: mixed"),
            .init("3", "refused: nothing was accepted"),
            .init("5", "the store cannot be used: nothing was accepted"), .init("75", "the queue is full"),
            .init("0-5", "with --wait: as `run` would have ended"),
        ]
        spec.action = { try SubmitCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let task: TaskOptions
    private let queue: QueueOptions
    private let keepsGoing: Bool
    private let waits: Bool
    private let traceparent: String?

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        task = try TaskOptions(arguments)
        queue = try QueueOptions(arguments, isBatch: task.file != nil)
        keepsGoing = arguments.has(Option.keepGoing)
        waits = arguments.has(Option.wait)
        traceparent = arguments.value(TelemetryOptions.traceparentOption)
        guard task.file != nil || !keepsGoing else { throw UsageError("--keep-going belongs to --file") }
    }

    private func run() throws -> Int32 {
        let composition = try Composition(global)
        let place = try StorePlace(global, composition.config)
        var generator = SystemRandomNumberGenerator()
        let trace = TelemetryOptions.origin(traceparent).handedOn(using: &generator)
        let now = WallClock.milliseconds
        let gathered = try gather(composition, trace, at: now)
        guard !gathered.submissions.isEmpty else { return gathered.exitCode }
        let store = try place.open()
        // Not closed: who closes a store last writes its whole log back, which the next writer does as well.
        _ = Unmanaged.passRetained(store)
        let accepted = try store.submit(gathered.submissions, capacity: composition.config.store.capacity, at: now)
        guard waits else {
            try tell(zip(gathered.submissions, accepted))
            return gathered.exitCode
        }
        let code = try wait(for: accepted.map(\.task), store)
        return gathered.exitCode == 0 ? code : gathered.exitCode
    }

    /// To go away meanwhile changes nothing: the tasks are the store's.
    private func wait(for tasks: [TaskID], _ store: any TaskStore) throws -> Int32 {
        for task in tasks { Log.debug("accepted", .init(task: task.description)) }
        let watch = StoreWatch(store)
        guard task.file == nil, !global.json, let task = tasks.first else {
            return try TaskWait(store, .results).run(tasks, watch)
        }
        var reader = TaskLogReader(store, .raw)
        _ = try watch.wait { try reader.follow(task) }
        return try store.details(of: task).tellEnd()
    }

    /// What is to be accepted, and the exit code if it is.
    private struct Gathered: Sendable {
        var submissions: [Submission] = []
        var exitCode: Int32 = 0
    }

    private func gather(_ composition: Composition, _ trace: TraceContext?, at now: Int64) throws -> Gathered {
        guard task.file != nil else { return try gatherOne(composition, trace, at: now) }
        let (settings, origin) = (composition.settings, composition.origin)
        let options = self
        return try EventLoop.shared.run { () -> Result<Gathered, any Error> in
            do {
                let host = Host(settings)
                return .success(try await options.gather(SubmissionBatch(host, origin, trace, at: now), host))
            } catch {
                return .failure(error)
            }
        }.get()
    }

    private func gatherOne(_ composition: Composition, _ trace: TraceContext?, at now: Int64) throws -> Gathered {
        let (spec, problems, submission) = try SubmissionBatch.judge(task, queue, composition, trace, at: now)
        if let submission { return Gathered(submissions: [submission]) }
        let refused = TaskResult(refused: spec, composition.origin, problems)
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
            if let profile = options.task.profile { spec.sandbox.profile = profile }
            options.queue.apply(to: &spec)
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
