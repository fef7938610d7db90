internal import Glibc
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks

/// How an attempt ends: the evidence is weighed and the result is written.
extension TaskRun {
    func finish(proven: Bool) {
        if let deadline { EventLoop.shared.cancel(deadline) }
        if let runDeadline { EventLoop.shared.cancel(runDeadline) }
        if let ladder { EventLoop.shared.cancel(ladder) }
        if let stdin { _ = close(stdin) }
        // A command that ends after it was told to has ended by that, also if its executor heard of its end first.
        if evidence.exits.count > exitsBeforeEnding { evidence.cancelTooLate = false }
        guard proven else { return conclude(proven: false) }
        guard evidence.isGuarded else { return conclude(proven: true) }
        lookForCreated { self.conclude(proven: true) }
    }

    private func conclude(proven: Bool) {
        var (outcome, failure) = Self.verdict(&evidence)
        if !proven {
            outcome = .sandboxError
            failure = .unproven(spec.id)
        }
        var result = TaskResult(id: spec.id, origin: origin, executor: route.name, outcome: outcome)
        result.error = failure
        describe(&result, isProven: proven)
        for stream in [OutputStream.stdout, .stderr] { deliver(stream, masks?.finish(stream) ?? []) }
        release([.sink, .spool])
        guard output != nil || errorOutput != nil else { return tell(&result) }
        collectOutput(into: result)
    }

    /// Evidence is judged where it stands: a property of an object that is not borrowed so is copied first.
    private static func verdict(_ evidence: inout Evidence) -> (outcome: Outcome, failure: Failure?) {
        evidence.verdict()
    }

    /// A result is large: it is filled in where it stands, and not copied on its way.
    private func describe(_ result: inout TaskResult, isProven: Bool) {
        result.limitsReached = evidence.limitsReached
        result.executorStderr = lostStderr
        describeEnd(&result)
        result.guarding = evidence.guarding?.account(exitCode: result.exitCode, outcome: result.outcome)
        result.metadata = spec.metadata
        result.isolation = isolation
        result.controlFilesMade = command?.controlFiles?.made() ?? []
        result.plugin = route.plugin
        result.cancellation = cancellation(proven: isProven)
        describeTiming(&result)
    }

    private func tell(_ result: inout TaskResult) {
        if result.outcome == .failed, result.error == nil, let command, let enforced {
            let lastWords = result.errorOutput.bytes.suffix(Self.lastWords)
            let policy = command.policy
            result.hint = policy.limits.suspicion(
                from: lastWords,
                enforced: enforced,
                writesToHost: policy.workDirectory != nil || policy.binds.contains(where: \.isWritable)
            )
        }
        conceal(&result)
        trace?.finish(result, masked: host.provider.vault.masked)
        host.ended(self)
        whenDone(result)
    }

    /// Takes secrets out of what executors and commands said besides their streams.
    private func conceal(_ result: inout TaskResult) {
        let vault = host.provider.vault
        guard vault.hasSecrets else { return }
        result.error = result.error.map { vault.masked($0) }
        result.executorStderr = result.executorStderr.map { vault.masked($0) }
        result.value = result.value.map { vault.masked(json: $0) }
        result.executorMetadata = result.executorMetadata.map { vault.masked(json: $0) }
    }

    /// How much of a command's stderr is looked through for complaints.
    private static let lastWords = 8 << 10

    /// Adds what the task wrote. What was spooled comes from the disk, so the end may be told a little later.
    private func collectOutput(into result: TaskResult) {
        collect(.stdout, output, into: result, at: \.output) { result in
            self.collect(.stderr, self.errorOutput, into: result, at: \.errorOutput) { result in
                var result = result
                self.tell(&result)
            }
        }
    }

    private func collect(
        _ stream: OutputStream,
        _ capture: OutputCapture?,
        into result: TaskResult,
        at place: any WritableKeyPath<TaskResult, CapturedOutput> & Sendable,
        _ next: @escaping @LoopActor @Sendable (TaskResult) -> Void
    ) {
        guard let capture else { return next(result) }
        let directory = host.settings.spoolDirectory
        capture.collect { collected in
            var result = result
            switch collected {
            case .success(let output):
                result[keyPath: place] = output
                result[keyPath: place].masking = self.masks?.masking(of: stream)
            case .failure(let fault):
                // A result without its output is none, unless something worse has been said already.
                guard [.succeeded, .failed].contains(result.outcome) else { break }
                result.outcome = .infra
                result.error = .spool(fault, directory)
            }
            next(result)
        }
    }

    private func describeEnd(_ result: inout TaskResult) {
        // Taken out, not copied: nobody asks for it any more.
        if let answer = evidence.answer.take() {
            result.exitCode = answer.exitCode
            result.signal = answer.signal
            result.value = answer.result
            result.executorMetadata = answer.metadata
            result.usage = answer.usage
        } else if let exit = evidence.exits.last {
            result.exitCode = exit.exitCode
            result.signal = exit.signal
        } else {
            // What a guard kept has not failed.
            result.exitCode = result.error == nil && result.outcome.exitCode == 0 ? 0 : -1
        }
        if let usage { result.usage = usage }
    }

    private func describeTiming(_ result: inout TaskResult) {
        let end = Instant.now
        result.timing.submitted = submittedAt
        result.timing.queued = (dispatched ?? end).microseconds(since: submitted)
        if let dispatched { result.timing.running = end.microseconds(since: dispatched) }
    }

    /// The certificate of the task's own sandbox, or of the plugin that it ran in.
    private var isolation: [UInt8]? {
        if let command {
            guard let enforced else { return nil }
            return host.provider.certificate(command.policy, enforced: enforced)
        }
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
            case .infra: "infra"
            }
        guard evidence.dispatched else { return .init(reason: reason, stage: nil, survivors: "none") }
        let hasPIDNamespace = process?.policy.profile.fence == .namespaces
        let isGone = launches ? isProven : stage == .executorKilled && hasPIDNamespace
        return .init(reason: reason, stage: stage, survivors: proven && isGone ? "none" : "unverified")
    }
}
