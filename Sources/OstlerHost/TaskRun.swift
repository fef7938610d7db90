internal import Glibc
internal import OstlerCatalog
internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
package import OstlerSystem
package import OstlerTasks

/// One attempt at one task: sends it, collects what comes back, climbs the cancel ladder, and weighs the evidence.
@LoopActor
package final class TaskRun: Session.Asker {
    package let spec: TaskSpec
    let origin: TaskOrigin
    let route: ExecutorRoute
    /// The process that has it, and its place among the tasks of that process; both are the pool's.
    var tenancy: Tenancy?
    var place = 0
    private let sink: (any TaskSink)?
    var stdin: Int32?
    /// What came of the tasks that its guards name.
    let prior: (@LoopActor (GuardReference) -> PriorEvent?)?
    /// While its guards are asked.
    var probe: TaskProbe?

    var state = AttemptState.waiting
    var evidence = Evidence()
    /// Whether its executor gave an answer, be it a refusal.
    private(set) var hasAnswer = false
    var process: ExecutorProcess?
    let host: Host
    var launchNumber: UInt64?
    /// Where its `execute` begins in the stream to the plugin.
    private var frameStart: UInt64 = 0
    private var deliveries = 1
    /// Its standard input has been handed over, and cannot be had again.
    private var hadStdin = false
    private static let maximumDeliveries = 3
    /// The sandbox of its commands, if it may start any.
    let command: CommandSandbox?
    let launches: Bool
    /// Bytes of its streams together.
    private let outputLimit: UInt64
    /// Its streams, once it has written something.
    var output: OutputCapture?
    var errorOutput: OutputCapture?
    var flow = OutputFlow()
    /// What its commands were given.
    var secrets: [SecretValue] = []
    /// Nil if neither the task nor its executor has secrets.
    var masks: StreamMasks?
    /// How much it wrote, over both streams and before secrets were taken out.
    private var written: UInt64 = 0
    var enforced: SandboxLayers?
    var usage: ExecuteResult.Usage?
    var lostStderr: String?
    var deadline: TimerID?
    var runDeadline: TimerID?
    var ladder: TimerID?
    var stage: AttemptState.Stage?
    var exitsBeforeEnding = 0
    var isProven = false
    /// From 1.
    let attempt: Int
    let submitted: Instant
    let submittedAt: Int64
    var dispatched: Instant?
    /// Nil if the run belongs to no trace.
    let trace: TaskTrace?
    let whenDone: @LoopActor (TaskResult) -> Void

    /// How long a step after SIGKILL may take before it is called a failure of the machine.
    private static let killMilliseconds: Int64 = 10_000
    /// How long an executor may take to answer for a task whose command has been killed.
    private static let answerMilliseconds: Int64 = 2_000

    init(
        spec: consuming TaskSpec,
        origin: TaskOrigin,
        route: ExecutorRoute,
        command: CommandSandbox?,
        io: TaskIO,
        host: Host,
        submitted: Instant,
        whenDone: @escaping @LoopActor (TaskResult) -> Void
    ) {
        self.spec = consume spec
        self.origin = origin
        self.route = route
        self.host = host
        self.submitted = submitted
        self.whenDone = whenDone
        submittedAt = WallClock.milliseconds
        self.command = command
        launches = command != nil
        outputLimit = UInt64(
            self.spec.sandbox.limits[.output].flatMap(\.self) ?? command?.outputLimit
                ?? host.settings.config.sandbox.limits.output
        )
        sink = io.sink
        stdin = io.stdin
        prior = io.prior
        attempt = io.attempt
        trace = TaskTrace(of: self.spec, named: io.submittedName, attempt, host.settings.tracing, from: submitted)
    }

    /// Queues the task at its pool, or asks its guards first.
    func start() {
        armDeadline()
        guard let guards = host.guards(of: spec) else { return enqueue() }
        evidence.guarding = GuardEvidence(guards, isNoop: host.settings.isNoop)
        Task(executorPreference: EventLoop.shared) { await self.askGuards(guards) }
    }

    /// Joins the queue of the pool, once there is a plan for the task's commands.
    func enqueue() {
        guard let command else { return route.pool.enqueue(self) }
        Task(executorPreference: EventLoop.shared) { await self.prepare(command) }
    }

    private var timeout: Int64? { spec.timeout ?? host.settings.config.tasks.timeoutMilliseconds }
    private var runTimeout: Int64? { spec.runTimeout ?? host.settings.config.tasks.runTimeoutMilliseconds }

    private func armDeadline() {
        deadline = timeout.map { timer(.total, $0, from: submitted) }
    }

    private func timer(_ kind: TimeLimit.Kind, _ milliseconds: Int64, from start: Instant) -> TimerID {
        EventLoop.shared.schedule(at: start.advanced(milliseconds: milliseconds)) { [weak self] in
            let observed = Instant.now.microseconds(since: start) / 1000
            self?.end(.timeout(TimeLimit(kind, milliseconds: milliseconds, observed: observed)))
        }
    }

    // MARK: What happens

    /// The pool has a process with a free slot.
    func dispatch(to process: ExecutorProcess) {
        self.process = process
        masks = nil
        if !secrets.isEmpty || !process.secrets.isEmpty { masks = StreamMasks(SecretMask(secrets + process.secrets)) }
        perform(state.handle(.start, launches: launches))
    }

    /// Ends the task before its time. The first reason counts.
    package func end(_ ending: Evidence.Ending) {
        guard state != .done else { return }
        if case .settling = state { return }
        if evidence.ending == nil {
            evidence.ending = ending
            exitsBeforeEnding = evidence.exits.count
        }
        if endGuard() { return }
        // Its answer must be heard, however slow the reader of its output is.
        release([.sink, .spool])
        perform(state.handle(.cancel, launches: launches))
    }

    /// The process that had the task is gone, or none could be started.
    func executorLost(_ loss: ExecutorLoss) {
        trace?.endCall(error: loss.failure.code)
        if canBeGivenAnew(after: loss) {
            deliveries += 1
            evidence.dispatched = false
            process = nil
            if let runDeadline { EventLoop.shared.cancel(runDeadline) }
            tenancy?.remove(self)
            return perform(state.handle(.undelivered, launches: launches))
        }
        if !hasAnswer, evidence.failure == nil {
            var failure = loss.failure
            if !evidence.dispatched { failure.sideEffects = .none }
            evidence.failure = (loss.outcome, failure)
        }
        // Not if it had answered: what it wrote then belongs to other tasks.
        if !hasAnswer, evidence.failure?.outcome != .failed { lostStderr = loss.stderr }
        // Without a number at the launcher there is nothing whose end could be waited for.
        perform(state.handle(.executorLost, launches: launches && launchNumber != nil))
    }

    /// A process that ended of itself may never have taken the last tasks that were sent to it: these have not run. Not
    /// for ever, since a plugin that takes nothing would go on so; and not once a sandbox was promised for the task.
    private func canBeGivenAnew(after loss: ExecutorLoss) -> Bool {
        guard case .executing = state, !hasAnswer, evidence.failure == nil, evidence.ending == nil else {
            return false
        }
        return frameStart >= loss.taken && launchNumber == nil && !hadStdin && deliveries < Self.maximumDeliveries
    }

    func wrote(_ notification: OutputNotification) {
        written += UInt64(notification.bytes.count)
        deliver(notification.stream, masks?.mask(notification.stream, notification.bytes) ?? notification.bytes)
        guard written <= outputLimit else {
            let reached = Failure.Limit(name: "output", limit: outputLimit, observed: written)
            evidence.note(ReachedLimit(reached))
            return end(.limit(reached))
        }
        flow.credit?.take(notification.bytes.count)
        settleCredit()
    }

    /// Keeps and shows what is free of secrets.
    func deliver(_ stream: OutputStream, _ bytes: [UInt8]) {
        guard !bytes.isEmpty else { return }
        let capture = capture(of: stream)
        capture.append(bytes)
        if capture.isBehind { hold(.spool) }
        guard let sink else { return }
        sink.write(stream, bytes)
        waitIfCongested(sink)
    }

    func noticed(_ notice: TaskNotice) {
        guard let sink, !hasAnswer else { return }
        sink.note(notice)
        waitIfCongested(sink)
        guard !flow.holds.isEmpty else { return }
        flow.credit?.takeNotice()
        settleCredit()
    }

    private func waitIfCongested(_ sink: any TaskSink) {
        if sink.isCongested, hold(.sink) { sink.whenDrained { self.release(.sink) } }
    }

    private func capture(of stream: OutputStream) -> OutputCapture {
        if let known = stream == .stdout ? output : errorOutput { return known }
        let directory = host.settings.spoolDirectory
        let capture = OutputCapture(directory: directory) { [weak self] fault in
            guard let self else { return }
            if let fault { end(.infra(.spool(fault, directory))) }
            if output?.isBehind != true, errorOutput?.isBehind != true { release(.spool) }
        }
        if stream == .stdout { output = capture } else { errorOutput = capture }
        return capture
    }

    package func answered(_ answer: Session.Answer) {
        do {
            switch answer {
            case .lost: return
            case .result(let bytes):
                trace?.endCall()
                var reader = JSONReader(bytes)
                var result = ExecuteResult(task: "", outcome: .failed, exitCode: 0)
                try result.read(&reader)
                guard result.task == spec.id else { return breach(.wrongTask(pluginName, spec.id, result.task)) }
                guard result.outcome != .succeeded || result.exitCode == 0 && result.signal == nil else {
                    return breach(.contradictory(pluginName, spec.id, result))
                }
                evidence.answer = consume result
            case .error(let bytes):
                trace?.endCall()
                var reader = JSONReader(bytes)
                evidence.failure = (.failed, try Failure(reading: &reader))
            }
        } catch {
            return breach(.malformedAnswer(pluginName, "execute", error.reason))
        }
        hasAnswer = true
        // Without a number at the launcher there is nothing whose end could be waited for.
        perform(state.handle(.answer, launches: launches && launchNumber != nil))
    }

    /// The plugin broke the contract: it is not to be trusted with anything any more. The task ends with its process.
    private func breach(_ failure: Failure) {
        evidence.failure = (.executorProtocol, failure)
        process?.stop(because: .executorProtocol, failure)
    }

    var pluginName: String { route.plugin.name }

    // MARK: What is done

    func perform(_ actions: AttemptState.Actions) {
        if actions.isEmpty { return }
        if actions.contains(.enqueue) { enqueue() }
        if actions.contains(.sendExecute) { sendExecute() }
        if actions.contains(.sendCancel) { sendCancel() }
        if actions.contains(.terminateSandboxes) { signal(SIGTERM) }
        if actions.contains(.killSandboxes) { signal(SIGKILL) }
        if actions.contains(.killExecutor) {
            process?.stop(because: .executorCrash, .killedForSibling(pluginName, spec.id))
        }
        if actions.contains(.armTimer) { armLadder() }
        if actions.contains(.settle), let launchNumber { host.provider.launcher.endTask(launchNumber) }
        if actions.contains(.finish) { finish(proven: true) }
        if actions.contains(.finishUnproven) { finish(proven: false) }
    }

    private func sendExecute() {
        guard let process, let session = process.session else { return }
        let now = Instant.now
        dispatched = now
        evidence.dispatched = true
        runDeadline = runTimeout.map { timer(.run, $0, from: now) }
        var request = ExecuteRequest(
            task: spec.id,
            executor: route.name,
            runID: origin.runID,
            principal: origin.principal,
            payload: spec.payload
        )
        request.attempt = attempt
        describe(&request, at: now, to: process)
        sink?.note(.started)
        send(request, over: session)
    }

    private func send(_ request: ExecuteRequest, over session: Session) {
        let preface = route.preface(of: request, from: origin)
        let method = spec.place == nil ? ExecuteRequest.method : ExecuteRequest.jobMethod
        frameStart = session.request(method, from: self) { request.encode(into: &$0, preface: preface) }
    }

    /// What the executor is told; its commands are made known to the launcher, and credit begins.
    private func describe(_ request: inout ExecuteRequest, at now: Instant, to process: ExecutorProcess) {
        request.parentID = origin.parentID
        request.idempotencyKey = spec.idempotencyKey
        request.environment = spec.environment
        request.metadata = spec.metadata
        trace?.beginCall(&request, for: spec, at: now)
        let waited = now.microseconds(since: submitted) / 1000
        if let remaining = timeout.map({ min($0 - waited, runTimeout ?? .max) }) ?? runTimeout {
            request.remaining = max(0, remaining)
            request.deadline = submittedAt + waited + remaining
        }
        if let command, let plan = command.plan {
            request.hasStdin = stdin != nil
            hadStdin = hadStdin || stdin != nil
            launchNumber = host.provider.launcher.registerTask(
                plan: plan,
                spawn: process.spawnNumber,
                stdin: stdin,
                observer: self
            )
            request.launch = launchNumber
            stdin = nil
        }
        flow.credit = process.heedsCredit ? OutputCredit() : nil
        request.credit = flow.credit.map { _ in OutputCredit.window }
        request.place = spec.place
    }

    private func sendCancel() {
        let reason: CancelRequest.Reason =
            switch evidence.ending {
            case .timeout: .timeout
            case .limit: .limit
            default: .requested
            }
        let request = CancelRequest(task: spec.id, reason: reason, grace: host.settings.config.tasks.graceMilliseconds)
        process?.session?.request(CancelRequest.method) {
            request.encode(into: &$0)
        } completion: { [weak self] answer in
            guard case .result(let bytes) = answer else { return }
            var reader = JSONReader(bytes)
            if let result = try? CancelResult(reading: &reader), result.state == .tooLate {
                self?.evidence.cancelTooLate = true
            }
        }
    }

    private func signal(_ number: Int32) {
        guard let launchNumber else { return }
        host.provider.launcher.signal(number, number: launchNumber, isTask: true)
    }

    func armLadder() {
        if let ladder { EventLoop.shared.cancel(ladder) }
        let wait: Int64
        switch state {
        case .cancelling(.asked): wait = host.settings.config.tasks.graceMilliseconds
        case .cancelling(.killed): wait = Self.answerMilliseconds
        default: wait = Self.killMilliseconds
        }
        if case .cancelling(let stage) = state { self.stage = stage }
        ladder = EventLoop.shared.schedule(at: .now.advanced(milliseconds: wait)) { [weak self] in
            guard let self else { return }
            perform(state.handle(.timer, launches: launches))
        }
    }
}
