internal import OstlerProtocol
internal import OstlerTasks

extension ApplyRun {
    /// Asks the guards that are left and does what they decide.
    /// - Parameter early: what subscriptions decided; nil if they did not.
    func execute(
        _ resource: Resource,
        _ early: GuardDecision?,
        _ outcome: inout ResourceOutcome
    ) async throws(Failure) {
        guard let task = resource.task else { return }
        let probe = ResourceProbe(resource, world, outcome.isNoop ? model : nil)
        let decision = if let early { early } else { try await rest(of: resource.guards, probe) }
        var trigger: GuardReference?
        switch decision {
        case .skipped: return
        case .stable(let stability): outcome.stability = stability
        case .execute(let via):
            trigger = via
            outcome.state = via == nil ? .changed : .refreshed
            outcome.changed = true
        }
        guard outcome.isNoop else {
            if outcome.changed { try await execute(resource, task, trigger, &outcome) }
            return
        }
        outcome.message = decision.noopMessage
        // A trigger is certain whatever the guards would say; without one, the guards decide.
        let isDecided = trigger != nil || !(probe.isUncertain || (isUncertain(resource) && !outcome.changed))
        guard isDecided, !requiresUnknown(resource) else {
            outcome.becomeUnknown(asThingsAre: outcome.changed, model)
            return model.execute(nil, resource.title)
        }
        guard outcome.changed else { return }
        model.execute(resource.effects, resource.title)
    }

    /// The guards that ask the machine, and what they leave.
    private func rest(of guards: TaskGuards, _ probe: ResourceProbe<World>) async throws(Failure) -> GuardDecision {
        var own = guards
        (own.subscribe, own.require, own.control) = ([], [], .init())
        return try await own.decide(prior: { _ in nil }, probe: probe)
    }

    // MARK: For real

    private func execute(
        _ resource: Resource,
        _ task: TaskSpec,
        _ via: GuardReference?,
        _ outcome: inout ResourceOutcome
    ) async throws(Failure) {
        let title = if case .exec(let exec) = resource.body, exec.logsOutput { resource.title } else { String?.none }
        while true {
            outcome.attempts += 1
            let result = await world.run(task, loggedAs: title)
            outcome.take(result)
            do throws(Failure) {
                try await verify(result, resource, via, &outcome)
                return outcome.outcome = .succeeded
            } catch {
                outcome.outcome = result.outcome == .succeeded ? .failed : result.outcome
                let isLast = outcome.attempts >= resource.retry.attempts || !result.mayBeTriedAgain
                guard !isLast, await !world.isInterrupted else {
                    outcome.changed = false
                    outcome.lastWords = result.lastWords
                    throw error
                }
                let seed = UInt64(truncatingIfNeeded: resource.reference.hashValue)
                await world.pause(milliseconds: resource.retry.wait(afterFailure: outcome.attempts, seed: seed))
            }
        }
    }

    private func verify(
        _ result: TaskResult,
        _ resource: Resource,
        _ via: GuardReference?,
        _ outcome: inout ResourceOutcome
    ) async throws(Failure) {
        guard let end = result.end else { throw resource.inItsMembers(result.failure) }
        var created: Bool?
        if let creates = resource.guards.creates { created = try await world.exists(resource.absolute(creates)) }
        switch resource.guards.judge(end, via: via, created: created) {
        case .reached: return
        case .reachedDespite(let code):
            outcome.message = "exit code \(code) counts as success: \(resource.guards.creates ?? "") exists"
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
}

/// Guards ask it; without effects it answers by what earlier resources would have changed.
final class ResourceProbe<World: ResourceWorld>: GuardProbe {
    private let resource: Resource
    private let world: World
    private let model: EffectModel?
    /// Whether an answer may be another one when it is the resource's turn.
    private(set) var isUncertain = false

    init(_ resource: Resource, _ world: World, _ model: EffectModel?) {
        self.resource = resource
        self.world = world
        self.model = model
    }

    func exists(_ path: String) async throws(Failure) -> Bool {
        let path = resource.absolute(path)
        switch model?.knowledge(of: path) ?? .asItIs {
        case .asItIs: return try await world.exists(path)
        case .absent: return false
        case .directory, .file, .something: return true
        case .unknown:
            isUncertain = true
            return try await world.exists(path)
        }
    }

    func run(_ command: GuardCommand) async throws(Failure) -> Int32 {
        if model?.isTouched == true { isUncertain = true }
        let task = resource.task(for: try resource.request(for: command), as: "guard")
        let result = await world.run(task, loggedAs: nil)
        switch result.end {
        case .exited(let code): return code
        case .signalled(let signal): throw .guardSignalled(command, signal)
        case .timedOut, nil: break
        }
        var failure = result.failure
        // What is at fault is the command that the guard names, and not whoever should have run it.
        if result.outcome == .failed { throw .guardNotStarted(command.quoted, failure.message) }
        failure.message = "the guard \(command.quoted) could not be asked: \(failure.message)"
        throw failure
    }
}

extension Resource {
    /// A path as its command would mean it.
    func absolute(_ path: String) -> String {
        PathText.normalized(PathText.joined(surroundings.directory, path)) ?? path
    }
}

extension ResourceOutcome {
    fileprivate mutating func take(_ result: TaskResult) {
        exitCode = result.exitCode
        signal = result.signal
        isolation = result.isolation ?? isolation
    }
}
