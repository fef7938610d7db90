internal import OstlerCatalog
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// Runs and plans the tasks that requests describe, some at a time.
@LoopActor
final class TaskQueue {
    private struct Job {
        let kind: APIRequest.Kind
        let spec: TaskSpec
    }

    let host: Host
    /// Where plans are made: nothing is executed there but guards.
    private let planner: Host
    private let origin: TaskOrigin
    private let tries: TaskTries
    private let answers: APIAnswers
    private let jobs: Int
    private var parser = TaskSpecParser()
    private var waiting: [Job] = []
    /// Those whose turn has come.
    private var begun: Set<String> = []
    /// Plans for which nobody has to be asked: they have no turn to wait for.
    private var planning: Set<String> = []
    /// Those of the begun that were cancelled.
    private var cancelled: Set<String> = []
    private var waitsForRoom = false
    /// Told when nothing is left to do.
    var whenIdle: () -> Void = {}

    /// - Parameter jobs: how many tasks run at once.
    init(_ settings: HostSettings, _ origin: TaskOrigin, jobs: Int, _ answers: APIAnswers) {
        host = Host(settings)
        var settings = settings
        settings.isNoop = true
        planner = Host(settings)
        tries = TaskTries(host, origin)
        (self.origin, self.jobs, self.answers) = (origin, jobs, answers)
    }

    var isIdle: Bool { begun.isEmpty && waiting.isEmpty && planning.isEmpty }
    var running: Set<String> { begun.union(planning) }
    var waitingIDs: [String] { waiting.map(\.spec.id) }

    /// The task that a request describes; what is wrong with it is told by its place in the request.
    func spec(of request: APIRequest) throws(Failure) -> TaskSpec {
        do throws(Failure) {
            return try read(request)
        } catch {
            throw error.inTaskRequest
        }
    }

    private func read(_ request: APIRequest) throws(Failure) -> TaskSpec {
        let spec = try request.task.withUnsafeBufferPointer { (bytes) throws(Failure) in
            try parser.parse(bytes, defaultID: request.id)
        }
        let references = spec.lonelyReferences(
            "a request has no other tasks that its guards could name",
            hint: "ask for the one when the other is answered, or put them into one file"
        )
        if let failure = references.first { throw failure }
        return spec
    }

    /// Takes a request to run or to plan a task.
    func add(_ request: APIRequest) throws(Failure) {
        let job = Job(kind: request.kind, spec: try spec(of: request))
        guard job.kind == .run || job.spec.guards?.asksTheMachine == true else {
            planning.insert(job.spec.id)
            Task(executorPreference: EventLoop.shared) { await self.planAtOnce(job.spec) }
            return
        }
        waiting.append(job)
        fill()
    }

    private func fill() {
        // What is answered and not read would fill the memory.
        if answers.output.isCongested, !waiting.isEmpty {
            guard !waitsForRoom else { return }
            waitsForRoom = true
            return answers.output.whenDrained { [weak self] in
                self?.waitsForRoom = false
                self?.fill()
            }
        }
        while begun.count < jobs, !waiting.isEmpty {
            let job = waiting.removeFirst()
            begun.insert(job.spec.id)
            Task(executorPreference: EventLoop.shared) { await self.execute(job) }
        }
        if isIdle { whenIdle() }
    }

    private func execute(_ job: Job) async {
        // A cancel may come before its task has come to the host.
        if cancelled.contains(job.spec.id) {
            tellCancelled(job)
        } else if job.kind == .plan {
            await plan(job.spec)
        } else {
            await run(job.spec)
        }
        begun.remove(job.spec.id)
        cancelled.remove(job.spec.id)
        fill()
    }

    private func run(_ spec: TaskSpec) async {
        let problems = host.problems(of: spec)
        tell(spec.id, problems.isEmpty ? await tries.run(spec, io: TaskIO()) : host.refused(spec, origin, problems))
    }

    private func plan(_ spec: TaskSpec) async {
        do throws(Failure) {
            if let problem = host.problems(of: spec).first { throw problem }
            guard let executor = host.settings.catalog.executor(named: spec.executor) else {
                throw Failure("unknown_executor", fault: .user, message: "there is no executor \(spec.executor)")
            }
            let decision = PlannedDecision(await planner.run(spec, origin: origin))
            let plan = try TaskPlan(spec, decision, executor, host.provider)
            answers.answer(.plan, spec.id) { $0.raw(Array(plan.json.utf8)) }
        } catch {
            answers.refuse(.init(kind: .plan, id: spec.id, failure: error.inTaskRequest))
        }
    }

    private func planAtOnce(_ spec: TaskSpec) async {
        await plan(spec)
        planning.remove(spec.id)
        fill()
    }

    // MARK: The end

    /// Cancels what is asked for under an id; it is answered, too.
    func cancel(_ id: String) {
        if let index = waiting.firstIndex(where: { $0.spec.id == id }) {
            tellCancelled(waiting.remove(at: index))
        } else if begun.contains(id) {
            cancelled.insert(id)
            tries.cancel(id)
            planner.cancel(id)
        }
    }

    func cancelAll() {
        tries.stop()
        let left = waiting
        waiting = []
        for job in left { tellCancelled(job) }
        cancelled.formUnion(begun)
        host.cancelAll()
        planner.cancelAll()
    }

    /// Kills what runs, without grace.
    func abandon() {
        tries.stop()
        planner.abandon()
        host.abandon()
    }

    func stop() async {
        await host.stop()
        await planner.stop()
    }

    // MARK: Answers

    private func tell(_ id: String, _ result: TaskResult) {
        var result = result
        result.error = result.error?.inTaskRequest
        answers.answer(.run, id) { result.encode(into: &$0) }
    }

    /// Nothing of it has begun.
    private func tellCancelled(_ job: Job) {
        let failure = Failure.cancelledBeforeItsTurn("the task")
        guard job.kind == .run else {
            return answers.refuse(.init(kind: job.kind, id: job.spec.id, failure: failure))
        }
        var result = host.refused(job.spec, origin, [failure])
        result.outcome = .cancelled
        tell(job.spec.id, result)
    }
}
