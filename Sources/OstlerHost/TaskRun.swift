internal import Glibc
internal import OstlerCatalog
internal import OstlerConfig
internal import OstlerJSON
package import OstlerProtocol
package import OstlerSandbox
package import OstlerSystem
package import OstlerTasks

/// Where the output of a task goes while it runs. Called on the loop.
@LoopActor
package protocol TaskSink: AnyObject {
    func write(_ stream: OutputStream, _ bytes: [UInt8])
    /// True while the reader of the output is behind; the plugin is not read until it has caught up.
    var isCongested: Bool { get }
    /// Called once when it has caught up.
    func whenDrained(_ action: @escaping @LoopActor () -> Void)
}

/// One attempt at one task: sends it, collects what comes back, climbs the cancel ladder, and weighs the evidence.
@LoopActor
package final class TaskRun: SandboxObserver {
    package let spec: TaskSpec
    let origin: TaskOrigin
    let executor: CatalogExecutor
    private let provider: SandboxProvider
    private let settings: HostSettings
    private let sink: (any TaskSink)?
    private var stdin: Int32?

    private var state = AttemptState.waiting
    private var evidence = Evidence()
    private var process: ExecutorProcess?
    private unowned let pool: ExecutorPool
    private var launchNumber: UInt64?
    private let commandPolicy: SandboxPolicy?
    private var commandPlan: UInt32 = 0
    private var output = CapturedOutput()
    private var errorOutput = CapturedOutput()
    private var enforced: SandboxLayers?
    private var usage: ExecuteResult.Usage?
    private var lostStderr: String?
    private var deadline: TimerID?
    private var ladder: TimerID?
    private var stage: AttemptState.Stage?
    private var exitsBeforeEnding = 0
    private var isProven = false
    private let submitted: Instant
    private let submittedAt: Int64
    private var dispatched: Instant?
    private var continuation: UnsafeContinuation<TaskResult, Never>?

    /// How long a step after SIGKILL may take before it is called a failure of the machine.
    private static let killMilliseconds: Int64 = 10_000
    /// How long an executor may take to answer for a task whose command has been killed.
    private static let answerMilliseconds: Int64 = 2_000

    init(
        spec: TaskSpec,
        origin: TaskOrigin,
        executor: CatalogExecutor,
        commandPolicy: SandboxPolicy?,
        io: TaskIO,
        provider: SandboxProvider,
        settings: HostSettings,
        pool: ExecutorPool,
        submitted: Instant
    ) {
        self.spec = spec
        self.origin = origin
        self.executor = executor
        self.provider = provider
        self.settings = settings
        self.pool = pool
        self.submitted = submitted
        submittedAt = WallClock.milliseconds
        self.commandPolicy = commandPolicy
        sink = io.sink
        stdin = io.stdin
    }

    private var launches: Bool { commandPolicy != nil }

    /// Queues the task at its pool and waits for the outcome.
    func result() async -> TaskResult {
        await withUnsafeContinuation { continuation in
            self.continuation = continuation
            armDeadline()
            enqueue()
        }
    }

    /// Joins the queue of the pool, once there is a plan for the task's commands.
    func enqueue() {
        guard let commandPolicy else { return pool.enqueue(self) }
        Task(executorPreference: EventLoop.shared) { await self.prepare(commandPolicy) }
    }

    private func prepare(_ policy: SandboxPolicy) async {
        do {
            commandPlan = try await provider.plan(for: policy)
            settings.onPhase?("view of the command")
            if state == .waiting { pool.enqueue(self) }
        } catch {
            var failure = LaunchDiagnosis.failure(error)
            failure.sideEffects = .none
            evidence.sandboxFailure = failure
            perform(state.handle(.executorLost, launches: launches))
        }
    }

    private var timeout: Int64? { spec.timeout ?? settings.config.tasks.timeoutMilliseconds }

    private func armDeadline() {
        guard let timeout else { return }
        deadline = EventLoop.shared.schedule(at: submitted.advanced(milliseconds: timeout)) { [weak self] in
            self?.end(.timeout(milliseconds: timeout))
        }
    }

    // MARK: What happens

    /// The pool has a process with a free slot.
    func dispatch(to process: ExecutorProcess) {
        self.process = process
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
        // Its answer must be heard, however slow the reader of its output is.
        process?.session?.pause(false)
        perform(state.handle(.cancel, launches: launches))
    }

    /// The process that had the task is gone, or none could be started.
    func executorLost(_ loss: ExecutorLoss) {
        if evidence.answer == nil, evidence.failure == nil {
            var failure = loss.failure
            if !evidence.dispatched { failure.sideEffects = .none }
            evidence.failure = (loss.outcome, failure)
        }
        // Not if it had answered: what it wrote then belongs to other tasks.
        if evidence.answer == nil, evidence.failure?.outcome != .failed { lostStderr = loss.stderr }
        perform(state.handle(.executorLost, launches: launches))
    }

    func wrote(_ notification: OutputNotification) {
        switch notification.stream {
        case .stdout: output.append(notification.bytes)
        case .stderr: errorOutput.append(notification.bytes)
        }
        let total = output.total + errorOutput.total
        let limit = UInt64(settings.config.sandbox.limits.output)
        guard total <= limit else {
            return end(.limit(.init(name: "output", limit: limit, observed: total)))
        }
        guard let sink else { return }
        sink.write(notification.stream, notification.bytes)
        if sink.isCongested, evidence.ending == nil, let session = process?.session {
            session.pause(true)
            sink.whenDrained { session.pause(false) }
        }
    }

    private func answered(_ answer: Session.Answer) {
        do {
            switch answer {
            case .lost: return
            case .result(let bytes):
                var reader = JSONReader(bytes)
                let result = try ExecuteResult(reading: &reader)
                guard result.task == spec.id else { return breach(.wrongTask(pluginName, spec.id, result.task)) }
                guard result.outcome != .succeeded || result.exitCode == 0 && result.signal == nil else {
                    return breach(.contradictory(pluginName, spec.id, result))
                }
                evidence.answer = result
            case .error(let bytes):
                var reader = JSONReader(bytes)
                evidence.failure = (.failed, try Failure(reading: &reader))
            }
        } catch {
            return breach(.malformedAnswer(pluginName, "execute", error.reason))
        }
        perform(state.handle(.answer, launches: launches))
    }

    /// The plugin broke the contract: it is not to be trusted with anything any more. The task ends with its process.
    private func breach(_ failure: Failure) {
        evidence.failure = (.executorProtocol, failure)
        process?.stop(because: .executorProtocol, failure)
    }

    private var pluginName: String { executor.plugin.manifest.name }

    // MARK: What is done

    private func perform(_ actions: AttemptState.Actions) {
        if actions.isEmpty { return }
        if actions.contains(.sendExecute) { sendExecute() }
        if actions.contains(.sendCancel) { sendCancel() }
        if actions.contains(.terminateSandboxes) { signal(SIGTERM) }
        if actions.contains(.killSandboxes) { signal(SIGKILL) }
        if actions.contains(.killExecutor) {
            process?.stop(because: .executorCrash, .killedForSibling(pluginName, spec.id))
        }
        if actions.contains(.armTimer) { armLadder() }
        if actions.contains(.settle), let launchNumber { provider.launcher.endTask(launchNumber) }
        if actions.contains(.finish) { finish(proven: true) }
        if actions.contains(.finishUnproven) { finish(proven: false) }
    }

    private func sendExecute() {
        guard let process, let session = process.session else { return }
        dispatched = .now
        evidence.dispatched = true
        var request = ExecuteRequest(
            task: spec.id,
            executor: executor.executor.name,
            runID: origin.runID,
            principal: origin.principal,
            payload: spec.payload
        )
        request.parentID = origin.parentID
        request.idempotencyKey = spec.idempotencyKey
        request.environment = spec.environment
        request.metadata = spec.metadata
        if let timeout {
            let remaining = timeout - Instant.now.microseconds(since: submitted) / 1000
            request.remaining = max(0, remaining)
            request.deadline = submittedAt + timeout
        }
        if launches {
            request.hasStdin = stdin != nil
            launchNumber = provider.launcher.registerTask(
                plan: commandPlan,
                spawn: process.spawnNumber,
                stdin: stdin,
                observer: self
            )
            request.launch = launchNumber
            stdin = nil
        }
        session.request(ExecuteRequest.method) {
            request.encode(into: &$0)
        } completion: {
            self.answered($0)
        }
    }

    private func sendCancel() {
        let reason: CancelRequest.Reason =
            switch evidence.ending {
            case .timeout: .timeout
            case .limit: .limit
            default: .requested
            }
        let request = CancelRequest(task: spec.id, reason: reason, grace: settings.config.tasks.graceMilliseconds)
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
        provider.launcher.signal(number, number: launchNumber, isTask: true)
    }

    private func armLadder() {
        if let ladder { EventLoop.shared.cancel(ladder) }
        let wait: Int64
        switch state {
        case .cancelling(.asked): wait = settings.config.tasks.graceMilliseconds
        case .cancelling(.killed): wait = Self.answerMilliseconds
        default: wait = Self.killMilliseconds
        }
        if case .cancelling(let stage) = state { self.stage = stage }
        ladder = EventLoop.shared.schedule(at: .now.advanced(milliseconds: wait)) { [weak self] in
            guard let self else { return }
            perform(state.handle(.timer, launches: launches))
        }
    }

    // MARK: What the launcher saw

    package func sandboxExited(_ report: ExitReport) {
        evidence.exits.append(.init(exitCode: report.exitCode, signal: report.signal))
        enforced = enforced.map { $0.intersection(report.layers) } ?? report.layers
        usage = report.usage
        if report.outOfMemoryKills > 0, let limit = commandPolicy?.limits.memory {
            evidence.limitHit = .init(name: "memory", limit: limit, observed: report.usage.peakBytes)
        } else if report.deniedForks > 0, report.exitCode != 0, let limit = commandPolicy?.limits.processes {
            evidence.limitHit = .init(name: "processes", limit: limit, observed: limit)
        }
    }

    package func sandboxFailed(_ failure: LaunchFailure) {
        guard !failure.isProgramFault else { return }
        evidence.sandboxFailure = LaunchDiagnosis.failure(failure)
    }

    package func sandboxReaped(_ sandbox: UInt32) {}

    package func taskGone() {
        isProven = true
        perform(state.handle(.gone, launches: launches))
    }

    package func launcherLost() {
        // An executor that has noticed it first can only say that it does not know more.
        if evidence.answer?.error?.fault == .sandbox { evidence.answer = nil }
        if evidence.answer == nil {
            var failure = LaunchDiagnosis.failure(LaunchFailure(launcherLost: ()))
            failure.sideEffects = evidence.dispatched ? .possible : .none
            evidence.failure = (.sandboxError, failure)
            evidence.sandboxFailure = nil
        }
        // By the kernel's rule the death of the launcher is the death of every pid 1 that it had started.
        launchNumber = nil
        perform(state.handle(.executorLost, launches: false))
        perform(state.handle(.gone, launches: launches))
    }

    // MARK: The outcome

    private func finish(proven: Bool) {
        for timer in [deadline, ladder].compactMap(\.self) { EventLoop.shared.cancel(timer) }
        if let stdin { _ = close(stdin) }
        // A command that ends after it was told to has ended by that, also if its executor heard of its end first.
        if evidence.exits.count > exitsBeforeEnding { evidence.cancelTooLate = false }
        var (outcome, failure) = evidence.verdict()
        if !proven {
            outcome = .sandboxError
            failure = .unproven(spec.id)
        }
        var result = TaskResult(id: spec.id, origin: origin, executor: executor.executor.name, outcome: outcome)
        result.error = failure
        result.executorStderr = lostStderr
        describeEnd(&result)
        result.output = output
        result.errorOutput = errorOutput
        result.metadata = spec.metadata
        result.executorMetadata = evidence.answer?.metadata
        result.usage = usage ?? evidence.answer?.usage
        result.isolation = isolation
        result.plugin = .init(name: pluginName, version: executor.plugin.manifest.version)
        result.cancellation = cancellation(proven: proven)
        describeTiming(&result)
        pool.finished(self)
        continuation.take()?.resume(returning: result)
    }

    private func describeEnd(_ result: inout TaskResult) {
        if let answer = evidence.answer {
            result.exitCode = answer.exitCode
            result.signal = answer.signal
        } else if let exit = evidence.exits.last {
            result.exitCode = exit.exitCode
            result.signal = exit.signal
        } else {
            result.exitCode = -1
        }
    }

    private func describeTiming(_ result: inout TaskResult) {
        let end = Instant.now
        result.timing.submitted = submittedAt
        result.timing.queued = (dispatched ?? end).microseconds(since: submitted)
        result.timing.running = dispatched.map { end.microseconds(since: $0) } ?? 0
    }

    /// The certificate of the task's own sandbox, or of the plugin that it ran in.
    private var isolation: [UInt8]? {
        if let commandPolicy { return enforced.map { provider.certificate(commandPolicy, enforced: $0) } }
        guard evidence.dispatched, let process else { return nil }
        return process.certificate
    }

    private func cancellation(proven: Bool) -> TaskResult.Cancellation? {
        guard let ending = evidence.ending else { return nil }
        let reason =
            switch ending {
            case .cancelled: "requested"
            case .timeout: "timeout"
            case .limit: "limit"
            }
        guard evidence.dispatched else { return .init(reason: reason, stage: nil, survivors: "none") }
        let isGone = launches ? isProven : stage == .executorKilled
        return .init(reason: reason, stage: stage, survivors: proven && isGone ? "none" : "unverified")
    }
}

/// What a task reads from and writes to besides its result.
package struct TaskIO {
    /// Gets the output as it comes; it is captured as well.
    package var sink: (any TaskSink)?
    /// The read end of a pipe that becomes the command's standard input; taken over.
    package var stdin: Int32?

    package init(sink: (any TaskSink)? = nil, stdin: Int32? = nil) {
        self.sink = sink
        self.stdin = stdin
    }
}
