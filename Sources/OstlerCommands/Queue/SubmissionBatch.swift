internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTasks
internal import OstlerTelemetry

/// Tasks that are handed to a store together. Each has been validated and judged before it is added.
@LoopActor
final class SubmissionBatch {
    private let host: Host
    private let origin: TaskOrigin
    /// The submitter's span, for tasks that name none of their own.
    private let trace: TraceContext?
    /// Milliseconds since 1970, from which waits and times to live count.
    private let now: Int64
    /// Where each id is in the batch.
    private var places: [ExactKey: Int] = [:]
    private(set) var submissions: [Submission] = []

    init(_ host: Host, _ origin: TaskOrigin, _ trace: TraceContext?, at now: Int64) {
        self.host = host
        (self.origin, self.trace) = (origin, trace)
        self.now = now
    }

    /// Adds a task.
    /// - Returns: why it cannot be accepted; empty if it was added.
    func add(_ spec: TaskSpec) -> [Failure] {
        let references = spec.lonelyReferences(
            "tasks of a queue do not name each other in guards",
            hint: "use `after` for what must have succeeded before; subscribe and require are for the tasks of one "
                + "`ostler run --file`"
        )
        guard references.isEmpty else { return references }
        var spec = spec
        let config = host.settings.config.tasks
        if spec.timeout == nil, let limit = config.queuedTimeoutMilliseconds ?? config.timeoutMilliseconds {
            spec.timeout = limit
        }
        spec.traceparent = spec.traceparent ?? trace?.traceparent
        var writer = JSONWriter()
        spec.encode(into: &writer)
        let request = spec.queueing ?? QueueRequest()
        var submission = Submission(spec, document: writer.bytes, origin: origin)
        submission.queue = request.queue ?? submission.queue
        submission.needs = Set(request.needs)
        submission.notBefore = request.notBefore?.moment(from: now)
        submission.expiresAt = request.timeToLive.map { now + $0 }
        submission.retry = request.retry ?? submission.retry
        guard let executor = host.settings.catalog.executor(named: spec.executor) else { return host.check(spec) }
        submission.idempotency = executor.executor.idempotency
        submission.notes = [checkedNote(spec, executor)]
        do throws(Failure) {
            for (index, name) in request.after.enumerated() {
                let dependency = try dependency(on: name, at: index)
                if !submission.after.contains(dependency) { submission.after.append(dependency) }
            }
        } catch {
            return [error]
        }
        places[ExactKey(spec.id)] = submissions.count
        submissions.append(submission)
        return []
    }

    /// One task of a command line.
    /// - Parameter now: milliseconds since 1970.
    /// - Returns: the task, what stands against it, and what a store would be given; nil if anything does.
    nonisolated static func judge(
        _ task: TaskOptions,
        _ queue: QueueOptions,
        _ composition: Composition,
        _ trace: TraceContext? = nil,
        at now: Int64
    ) throws(UsageError) -> (spec: TaskSpec, problems: [Failure], submission: Submission?) {
        var spec = try SingleRun.makeSpec(task, composition)
        if task.givenID == nil, !spec.executor.isEmpty { spec.id = spec.executor }
        if let profile = task.profile { spec.sandbox.profile = profile }
        queue.apply(to: &spec)
        let (settings, origin) = (composition.settings, composition.origin)
        let (problems, submission) = EventLoop.shared.run { [spec] in
            let host = Host(settings)
            let batch = SubmissionBatch(host, origin, trace, at: now)
            var problems = host.problems(of: spec)
            if problems.isEmpty { problems = batch.add(spec) }
            return (problems, batch.submissions.first)
        }
        return (spec, problems, submission)
    }

    func contains(_ id: String) -> Bool { places[ExactKey(id)] != nil }

    /// An id of the batch goes before the number of a task that was accepted earlier.
    private func dependency(on name: String, at index: Int) throws(Failure) -> Submission.Dependency {
        if let place = places[ExactKey(name)] { return .earlier(place) }
        if let task = TaskID(name) { return .task(task) }
        throw Failure(
            store: .unknownDependency,
            "no task before this one has the id \(Quotation.text(name))",
            hint: "name a task that stands before it in the file, or the number of one that was accepted"
        ).at(JSONPointer("/after/\(index)"))
    }

    /// What was found out about the task before it was accepted: the beginning of its story.
    private func checkedNote(_ spec: TaskSpec, _ executor: CatalogExecutor) -> Note {
        let policy = try? host.provider.effective(for: spec.sandbox)
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("plugin")
        writer.string(executor.plugin.manifest.name)
        writer.key("version")
        writer.string(executor.plugin.manifest.version)
        writer.optional("profile", policy?.profile.value)
        writer.optional("network", policy?.network.value.rawValue)
        writer.key("idempotency")
        writer.string(executor.executor.idempotency.rawValue)
        writer.endObject()
        return Note("checked", detail: writer.bytes)
    }
}

extension Failure {
    /// The same, with the member that is at fault.
    func at(_ pointer: JSONPointer) -> Failure {
        var failure = self
        failure.pointer = pointer
        return failure
    }
}
