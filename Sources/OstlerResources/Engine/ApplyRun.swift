internal import OstlerJSON
package import OstlerProtocol
package import OstlerTasks

/// How resources are applied.
package struct ApplyMode: Sendable {
    /// Nothing is done; what would be done is told.
    package var isNoop = false
    /// Only health checks are run.
    package var isMonitor = false
    package var showsDiff = false
    /// The first failure ends it.
    package var failsFast = false
    /// Whether the sources of files lie where the resources are applied, so that one of them may change those of another.
    package var sharesSources = true

    package init() {}
}

/// Walks the resources of a manifest in their order, each once.
package final class ApplyRun<World: ResourceWorld> {
    let world: World
    let mode: ApplyMode
    let clock: () -> Int64
    package private(set) var memory: ApplyMemory
    package private(set) var tally = ResourceTally()

    /// - Parameters:
    ///   - memory: of a run that this one goes on with.
    ///   - clock: microseconds of a clock that never jumps.
    package init(
        _ world: World,
        _ mode: ApplyMode,
        after memory: ApplyMemory = ApplyMemory(),
        clock: @escaping () -> Int64
    ) {
        self.world = world
        self.mode = mode
        self.memory = memory
        self.clock = clock
    }

    /// What a resource finds when nothing is done.
    func model(for resource: Resource) -> EffectModel {
        resource.isNoop ? memory.forecast.told : memory.forecast.done
    }

    /// Keeps in mind what a resource would have done. One that is `noop` itself is not done by a real run, either.
    func foretell(_ resource: Resource, _ change: (inout EffectModel) -> Void) {
        change(&memory.forecast.told)
        if !resource.isNoop { change(&memory.forecast.done) }
    }

    /// Applies all of them. Whatever happens to one is told; it never throws.
    /// - Parameter tell: called with each outcome as it is known.
    package func apply(_ manifest: Manifest, tell: (ResourceOutcome) async -> Void) async {
        for (index, resource) in manifest.resources.enumerated() {
            guard await !world.isInterrupted else {
                return tally.notReached = manifest.resources.count - index
            }
            let outcome = await ensure(resource)
            await tell(outcome)
            if outcome.event.isUnmet, mode.failsFast || manifest.failsFast {
                return tally.notReached = manifest.resources.count - index - 1
            }
        }
    }

    /// Applies one of them, which may refer to those that were applied before it.
    package func ensure(_ resource: Resource) async -> ResourceOutcome {
        let start = clock()
        await world.begin(resource)
        var outcome = await apply(resource)
        outcome.microseconds = clock() - start
        await world.end(outcome)
        tally.add(outcome)
        memory.keep(outcome)
        return outcome
    }

    private func apply(_ resource: Resource) async -> ResourceOutcome {
        var outcome = ResourceOutcome(of: resource)
        outcome.isNoop = mode.isNoop || resource.isNoop
        do throws(Failure) {
            if mode.isMonitor {
                guard resource.guards.control.admits else {
                    outcome.state = .skipped
                    return outcome
                }
            } else {
                try await apply(resource, &outcome)
            }
            if mode.isMonitor || !outcome.isNoop { try await check(resource, &outcome) }
        } catch {
            outcome.fail(error)
        }
        return outcome
    }

    private func apply(_ resource: Resource, _ outcome: inout ResourceOutcome) async throws(Failure) {
        let decision = try resource.guards.decideWithoutProbe { self.event(of: $0, for: resource) }
        if case .skipped(let skip) = decision { return outcome.skip(skip) }
        if case .file(let file) = resource.body { return try await apply(file, resource, &outcome) }
        try await execute(resource, decision, &outcome)
    }

    /// What is `noop` itself makes nothing happen but for its like.
    private func event(of reference: GuardReference, for resource: Resource) -> PriorEvent? {
        guard let prior = memory.priors[reference] else { return nil }
        guard prior.isNoop, !resource.isNoop else { return prior.event }
        return PriorEvent(changed: false, isUnmet: prior.event.isUnmet)
    }

    /// What it is subscribed to and that may change or not.
    func unknownTrigger(of resource: Resource) -> GuardReference? {
        resource.guards.subscribe.first {
            guard let prior = memory.priors[$0], prior.isUnknown else { return false }
            return resource.isNoop || !prior.isNoop
        }
    }

    /// What it requires and that may fail or not.
    func unknownRequirement(of resource: Resource) -> GuardReference? {
        resource.guards.require.first { memory.priors[$0]?.isUnknown == true }
    }

    // MARK: Health checks

    private func check(_ resource: Resource, _ outcome: inout ResourceOutcome) async throws(Failure) {
        guard outcome.state != .skipped, outcome.state != .unmet, outcome.error == nil else { return }
        for check in resource.checks { outcome.checks.append(try await run(check, resource)) }
        let bad = zip(resource.checks, outcome.checks).first { check, found in
            found.status == .warning ? check.failsOnWarning : found.status != .ok
        }
        guard let found = bad?.1 else { return }
        throw Failure(
            "health_check_failed",
            fault: .task,
            sideEffects: .possible,
            message: "health check status \"\(found.status.rawValue)\": \(found.name): \(found.output.firstLine)",
            hint: "see what the command says by running it by hand"
        )
    }

    private func run(_ check: HealthCheck, _ resource: Resource) async throws(Failure) -> ResourceOutcome.CheckOutcome {
        var tries = 0
        while true {
            tries += 1
            var task = resource.task(for: check.command, as: "check \(tries)")
            if let limit = check.timeout { task.timeout = limit }
            let result = await world.run(task, attempt: tries, loggedAs: nil)
            if result.outcome == .cancelled { throw result.failure }
            let isAnswer = result.end.map { if case .exited = $0 { true } else { false } } ?? false
            let status = HealthStatus(exitCode: isAnswer ? result.exitCode : nil)
            var output = isAnswer ? result.output.trimmedText : result.failure.message
            if output.isEmpty, status != .ok { output = "no output, exit code \(result.exitCode)" }
            let isLast = status == .ok || tries >= check.tries || result.end == nil
            if isLast { return .init(name: check.name, status: status, output: output, tries: tries) }
            await world.pause(milliseconds: check.pause)
        }
    }
}

extension Resource {
    /// Who does the work, in a word.
    var provider: String {
        switch body {
        case .exec(let exec): exec.provider
        case .file: "posix"
        case .task: task?.executor ?? ""
        }
    }

    /// A task of the executor `command` in the surroundings of this resource's own, without a limit of time.
    package func task(for request: CommandRequest, as part: String) -> TaskSpec {
        var spec = TaskSpec(id: taskID(part), executor: "command", payload: request.payload)
        spec.isPayloadChecked = true
        spec.environmentMode = task?.environmentMode ?? environmentMode
        spec.environment = task?.environment ?? []
        spec.sandbox = task?.sandbox ?? .init()
        spec.secrets = task?.secrets ?? []
        return spec
    }
}

extension ResourceOutcome {
    /// Of a resource to which nothing has happened yet.
    init(of resource: Resource) {
        self.init(
            reference: resource.reference,
            alias: resource.guards.alias,
            place: resource.place.description,
            provider: resource.provider
        )
        isNoopItself = resource.isNoop
    }

    /// Of a resource that is not to be had, as things are: nothing has happened to it.
    package init(refused resource: Resource, _ mode: ApplyMode, _ failure: Failure) {
        self.init(of: resource)
        isNoop = mode.isNoop || resource.isNoop
        fail(failure)
    }

    mutating func fail(_ failure: Failure) {
        state = .failed
        error = failure
        if outcome == .succeeded {
            outcome = failure.fault == .user && failure.sideEffects == .none ? .invalid : .failed
        }
    }

    fileprivate mutating func skip(_ skip: GuardDecision.Skip) {
        switch skip {
        case .control: state = .skipped
        case .require(let references): (state, unmet) = (.unmet, references)
        }
    }
}
