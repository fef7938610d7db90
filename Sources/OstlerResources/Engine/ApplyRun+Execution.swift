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
        let limit: Int64?
        if let own = task.timeout { limit = own } else { limit = await world.defaultTimeout }
        let budget = TimeBudget(milliseconds: limit, clock)
        let probe = ResourceProbe(resource, world, budget, outcome.isNoop ? model(for: resource) : nil)
        guard let decision = try await decide(resource, early, probe, &outcome) else { return }
        switch decision {
        case .skipped: return
        case .stable(let stability): outcome.stability = stability
        case .execute(let trigger):
            outcome.trigger = trigger
            outcome.state = trigger == nil ? .changed : .refreshed
            outcome.changed = true
        }
        guard outcome.isNoop else {
            if outcome.changed { try await perform(resource, task, budget, &outcome) }
            return
        }
        await predict(resource, decision, probe.doubt, &outcome)
    }

    /// What the guards say; nil if that cannot be known without effects.
    private func decide(
        _ resource: Resource,
        _ early: GuardDecision?,
        _ probe: ResourceProbe<World>,
        _ outcome: inout ResourceOutcome
    ) async throws(Failure) -> GuardDecision? {
        if let early { return early }
        do throws(Failure) {
            defer { outcome.take(probe.answers) }
            return try await rest(of: resource.guards, probe)
        } catch {
            let model = model(for: resource)
            guard outcome.isNoop, model.isTouched, error.isOfGuard else {
                outcome.outcome = probe.ending ?? outcome.outcome
                throw error
            }
            let requirement = unknownRequirement(of: resource).map(Doubt.requirement)
            outcome.becomeUnknown(failing: error, requirement ?? probe.doubt ?? .earlier(model))
            await foretellExecution(of: resource, isCertain: false)
            return nil
        }
    }

    /// The guards that ask the machine, and what they leave.
    private func rest(of guards: TaskGuards, _ probe: ResourceProbe<World>) async throws(Failure) -> GuardDecision {
        var own = guards
        (own.subscribe, own.require, own.control) = ([], [], .init())
        return try await own.decide(prior: { _ in nil }, probe: probe)
    }

    /// What an execution that is only told would change for the resources after it.
    /// - Parameter doubt: why guards may answer otherwise by then; nil if they cannot.
    private func predict(
        _ resource: Resource,
        _ decision: GuardDecision,
        _ doubt: Doubt?,
        _ outcome: inout ResourceOutcome
    ) async {
        outcome.message = decision.noopMessage
        let mayRun = outcome.changed || doubt != nil || unknownTrigger(of: resource) != nil
        if let doubt = unknownRequirement(of: resource).map(Doubt.requirement) ?? open(resource, doubt, outcome) {
            outcome.trigger = nil
            outcome.becomeUnknown(asThingsAre: outcome.changed, doubt)
            if mayRun { await foretellExecution(of: resource, isCertain: false) }
        } else if outcome.changed {
            await foretellExecution(of: resource, isCertain: true)
        }
    }

    /// Why it is open whether it would be executed. A trigger is certain whatever the guards would say; without one, the
    /// guards decide.
    private func open(_ resource: Resource, _ doubt: Doubt?, _ outcome: ResourceOutcome) -> Doubt? {
        guard outcome.trigger == nil else { return nil }
        return doubt ?? (outcome.changed ? nil : unknownTrigger(of: resource).map(Doubt.trigger))
    }

    private func foretellExecution(of resource: Resource, isCertain: Bool) async {
        guard let effects = resource.effects else { return foretell(resource) { $0.execute(nil, resource.title) } }
        var (removes, creates): ([ResolvedPath], [ResolvedPath]) = ([], [])
        for path in effects.removes { removes.append(await world.resolve(path)) }
        for path in effects.creates { creates.append(await world.resolve(path)) }
        let own = DeclaredEffects(creates: creates.map(\.place.path), removes: removes.map(\.place.path))
        let ends = creates.filter { $0.end != $0.place }.map(\.end.path)
        let links = (removes + creates).flatMap(\.place.links)
        foretell(resource) { model in
            guard !links.contains(where: { model.knowledge(of: $0) != .asItIs || own.removes.contains($0) }) else {
                return model.goAstray(resource.title)
            }
            if isCertain { model.execute(own, resource.title) } else { model.doubt(own, resource.title) }
            // Whether what it creates takes the place of a link or stands where that leads, it does not say.
            if !ends.isEmpty { model.doubt(DeclaredEffects(creates: ends), resource.title) }
        }
    }
}
