internal import OstlerTasks

/// What a run knows of the resources before it.
package struct ApplyMemory: Sendable {
    struct Prior {
        let event: PriorEvent
        /// Whether the resource says itself that it is not to be done.
        let isNoop: Bool
        let isUnknown: Bool
    }

    /// The last word on each resource, by its name and by its alias.
    private(set) var priors: [GuardReference: Prior] = [:]
    /// What has not been done and would have been.
    package var forecast = Forecast()

    package init() {}

    /// What a run of one resource needs of it: those that it names, and the forecast, which is not here as long as the run has
    /// it.
    package mutating func lent(to resource: Resource) -> ApplyMemory {
        var lent = ApplyMemory()
        for reference in resource.guards.subscribe + resource.guards.require {
            lent.priors[reference] = priors[reference]
        }
        swap(&lent.forecast, &forecast)
        return lent
    }

    package mutating func keep(_ outcome: ResourceOutcome) {
        let prior = Prior(event: outcome.event, isNoop: outcome.isNoopItself, isUnknown: outcome.state == .unknown)
        priors[outcome.reference] = prior
        guard let alias = outcome.alias else { return }
        priors[GuardReference(type: outcome.reference.type, name: alias)] = prior
    }
}
