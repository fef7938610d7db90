package import OstlerProtocol

/// What guards decide of a task or resource.
package enum GuardDecision: Sendable, Equatable {
    /// It is to be executed.
    /// - Parameter via: what it is subscribed to and that changed; nil if nothing kept it.
    case execute(via: GuardReference?)
    /// All is as it should be, and nothing is executed.
    case stable(Stability)
    /// It is not its turn: whether all is as it should be was not asked.
    case skipped(Skip)

    /// Which guard found all as it should be.
    package enum Stability: String, Sendable, CaseIterable {
        /// The path of `creates` exists.
        case creates
        /// The command of `onlyif` did not end with 0.
        case onlyif
        /// The command of `unless` ended with 0.
        case unless
        /// Nothing that it is subscribed to has changed.
        case refreshOnly = "refresh_only"
    }

    package enum Skip: Sendable, Equatable {
        case control
        /// What it requires and is unmet, in the order in which it was written.
        case require([GuardReference])
    }

    /// What a run without effects says in place of an execution; nil where there would have been none.
    package var noopMessage: String? {
        switch self {
        case .execute(via: nil): "Would have executed"
        case .execute: "Would have executed via subscribe"
        case .stable, .skipped: nil
        }
    }
}

extension TaskGuards {
    /// Decides in the order control, require, subscribe, creates, onlyif, unless, refresh_only. What comes after the guard
    /// that decides is not asked any more.
    /// - Parameters:
    ///   - prior: what came last of another task or resource; nil if nothing is known of it.
    ///   - probe: the machine. It is asked the same in a run without effects.
    /// - Throws: a guard's own failure, or a reference that leads nowhere.
    package func decide(
        prior: (GuardReference) -> PriorEvent?,
        probe: any GuardProbe
    ) async throws(Failure) -> GuardDecision {
        if let early = try decideWithoutProbe(prior: prior) { return early }
        if let creates, try await probe.exists(creates) { return .stable(.creates) }
        if let onlyif, try await probe.run(onlyif) != 0 { return .stable(.onlyif) }
        if let unless, try await probe.run(unless) == 0 { return .stable(.unless) }
        return refreshOnly ? .stable(.refreshOnly) : .execute(via: nil)
    }

    /// What control, require and subscribe decide alone; nil if the other guards do.
    package func decideWithoutProbe(prior: (GuardReference) -> PriorEvent?) throws(Failure) -> GuardDecision? {
        guard control.admits else { return .skipped(.control) }
        var unmet: [GuardReference] = []
        for reference in require {
            guard let event = prior(reference) else { throw .unknownReference(reference, in: "require") }
            if event.isUnmet { unmet.append(reference) }
        }
        guard unmet.isEmpty else { return .skipped(.require(unmet)) }
        for reference in subscribe {
            guard let event = prior(reference) else { throw .unknownReference(reference, in: "subscribe") }
            if event.changed { return .execute(via: reference) }
        }
        return nil
    }
}
