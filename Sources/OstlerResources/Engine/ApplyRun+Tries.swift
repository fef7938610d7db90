internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerTasks

extension ApplyRun {
    /// Runs a resource's task as often as it asks for. The first try has what the guards left of its time, each later one
    /// all of it.
    func perform(
        _ resource: Resource,
        _ task: TaskSpec,
        _ budget: TimeBudget,
        _ outcome: inout ResourceOutcome
    ) async throws(Failure) {
        guard !budget.isOver else {
            outcome.outcome = .timeout
            outcome.changed = false
            let limit = TimeLimit(.guards, milliseconds: budget.limit ?? 0, observed: budget.spent)
            throw limit.failure(dispatched: true)
        }
        let title = if case .exec(let exec) = resource.body, exec.logsOutput { resource.title } else { String?.none }
        var tries = ResourceTries(of: resource, await world.idempotency(of: task.executor))
        var attempt = task
        attempt.timeout = budget.left
        while true {
            outcome.attempts += 1
            var result = await world.run(attempt, attempt: outcome.attempts, loggedAs: title)
            if outcome.attempts == 1 { result.tellLimit(of: budget, given: attempt.timeout.flatMap(\.self)) }
            outcome.take(result)
            do throws(Failure) {
                try await verify(result, resource, &outcome)
                return outcome.outcome = .succeeded
            } catch {
                outcome.outcome = result.outcome == .succeeded ? .failed : result.outcome
                guard let wait = tries.wait(after: result), await !world.isInterrupted else {
                    outcome.changed = false
                    outcome.lastWords = result.lastWords
                    throw error
                }
                await world.pause(milliseconds: wait)
                attempt = task
            }
        }
    }

    private func verify(
        _ result: TaskResult,
        _ resource: Resource,
        _ outcome: inout ResourceOutcome
    ) async throws(Failure) {
        let created = await isCreated(resource)
        outcome.take(created: created)
        // Who ended it knows more of that than whether the desired state was reached.
        guard let end = result.end, end != .timedOut else { throw resource.inItsMembers(result.failure) }
        switch resource.guards.judge(end, via: outcome.trigger, created: created) {
        case .reached: return
        case .reachedDespite(let code):
            let path = Quotation.bare(resource.guards.creates ?? "")
            outcome.excuse = "\(path) exists, so exit code \(code) counts as success"
        case .missed(let why):
            throw Failure(
                "desired_state_failed",
                fault: .task,
                sideEffects: .done,
                message: why,
                hint: result.errorOutput.trimmedText.isEmpty ? nil : "it said: " + result.errorOutput.lastLine
            )
        }
    }

    /// What cannot be looked up is not known to be there.
    private func isCreated(_ resource: Resource) async -> Bool? {
        guard let creates = resource.guards.creates else { return nil }
        return try? await world.exists(resource.absolute(creates))
    }
}

/// Decides whether the task of a resource is tried again.
struct ResourceTries {
    private let rules: TaskRules
    /// Whoever writes a command into a manifest and asks for tries says that it may be run again.
    private let isExec: Bool
    private var (failures, faults) = (0, 0)

    init(of resource: Resource, _ idempotency: Idempotency) {
        isExec = if case .exec = resource.body { true } else { false }
        rules = TaskRules(
            retry: resource.retry,
            idempotency: isExec ? .idempotent : idempotency,
            hasKey: resource.task?.idempotencyKey != nil,
            seed: UInt64(truncatingIfNeeded: resource.reference.hashValue)
        )
    }

    /// How long is waited before the next try, in milliseconds; nil if there is none.
    /// - Parameter result: of a try that did not do what it was for.
    mutating func wait(after result: TaskResult) -> Int64? {
        var end = AttemptEnd(result)
        // An exit code that is none of those that count as success.
        if end.outcome == .succeeded { end.outcome = .failed }
        switch end.kind {
        case .final: return nil
        case .failure: failures += 1
        case .fault: faults += 1
        }
        guard rules.retry.attempts > 1, !isExec || mayRunAgain(end) else { return nil }
        switch rules.decide(after: end, failures: failures, faults: faults, expiresAt: nil, at: 0) {
        case .again(let wait): return wait
        case .end: return nil
        }
    }

    private func mayRunAgain(_ end: AttemptEnd) -> Bool {
        guard failures + faults < rules.retry.attempts else { return false }
        return end.outcome == .timeout || end.retry != .never
    }
}

extension TaskResult {
    /// A first try that ran out of time is told the limit of the whole, of which guards had taken a part.
    /// - Parameter given: the limit that it had.
    fileprivate mutating func tellLimit(of budget: TimeBudget, given: Int64?) {
        guard outcome == .timeout, let told = error, told.limit?.name == "timeout_ms", let whole = budget.limit,
            let given, given < whole
        else { return }
        let limit = TimeLimit(milliseconds: whole, observed: budget.spent)
        error = limit.failure(dispatched: told.code != "timeout_waiting")
    }
}

extension ResourceOutcome {
    fileprivate mutating func take(_ result: TaskResult) {
        exitCode = result.exitCode
        signal = result.signal
        isolation = result.isolation ?? isolation
    }
}
