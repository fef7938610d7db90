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
        let probe = ResourceProbe(resource, world, budget, outcome.isNoop ? model : nil)
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
        predict(resource, decision, isUncertain: probe.isUncertain, &outcome)
    }

    /// What the guards say; nil if that cannot be known without effects.
    private func decide(
        _ resource: Resource,
        _ early: GuardDecision?,
        _ probe: ResourceProbe<World>,
        _ outcome: inout ResourceOutcome
    ) async throws(Failure) -> GuardDecision? {
        if let early { return early }
        defer { outcome.take(probe.answers) }
        do throws(Failure) {
            return try await rest(of: resource.guards, probe)
        } catch {
            guard outcome.isNoop, model.isTouched, error.isOfGuard else {
                outcome.outcome = probe.ending ?? outcome.outcome
                throw error
            }
            outcome.becomeUnknown(failing: error, model)
            model.execute(nil, resource.title)
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
    private func predict(
        _ resource: Resource,
        _ decision: GuardDecision,
        isUncertain: Bool,
        _ outcome: inout ResourceOutcome
    ) {
        outcome.message = decision.noopMessage
        // A trigger is certain whatever the guards would say; without one, the guards decide.
        let isOpen = isUncertain || (self.isUncertain(resource) && !outcome.changed)
        guard outcome.trigger != nil || !isOpen, !requiresUnknown(resource) else {
            outcome.trigger = nil
            outcome.becomeUnknown(asThingsAre: outcome.changed, model)
            return model.execute(nil, resource.title)
        }
        guard outcome.changed else { return }
        model.execute(resource.effects, resource.title)
    }
}
