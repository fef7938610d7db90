internal import OstlerProtocol

extension TaskLifecycle {
    /// What can happen to a task in a store.
    package enum Event: Sendable, Equatable {
        /// A task that it waits for is done.
        case dependencyDone(Outcome)
        /// Its time may be over.
        case expire
        /// Somebody wants it to end.
        case cancel
        /// Somebody wants a task that is done to be tried again.
        case reopen
        /// A worker takes it.
        case claim
        /// The worker is about to start something.
        case intend(attempt: Int)
        /// What the worker has started is known.
        case identify(attempt: Int)
        /// The worker gives it back without having started anything.
        case release(attempt: Int)
        /// The worker reports the end.
        case finish(attempt: Int, AttemptEnd)
        /// The worker is gone, and so is what it had started.
        case abandon(attempt: Int)
    }

    /// What an event has brought about.
    package enum Change: Sendable, Equatable {
        /// Nothing: it does not concern a task in this state.
        case none
        /// Nothing, and whoever caused it must be told why.
        case refused(Refusal)
        case moved
        /// The attempt is over, and another one follows at this moment.
        case retries(at: Int64)
        /// The task is done.
        case ended(Outcome, NoRetry?)
    }

    package enum Refusal: String, Sendable, CaseIterable {
        /// The attempt is not the latest, or is over.
        case staleAttempt = "stale_attempt"
        /// The task is done.
        case alreadyDone = "already_done"
        /// The task is not done.
        case notDone = "not_done"
        /// The task did what it was for.
        case succeeded = "already_succeeded"
        /// It cannot be claimed: it is blocked, is running, or its time has not come or is over.
        case notAvailable = "not_available"
        /// Something may have been started.
        case begun = "already_begun"
    }

    /// The one transition function.
    /// - Parameter now: milliseconds since 1970.
    package mutating func handle(_ event: Event, at now: Int64) -> Change {
        switch (event, state) {
        case (.dependencyDone(let outcome), .blocked): return dependencyDone(outcome)
        case (.dependencyDone, _): return .none

        case (.expire, .blocked), (.expire, .ready): return isExpired(at: now) ? end(.expired) : .none
        case (.expire, _): return .none

        case (.cancel, .blocked), (.cancel, .ready): return end(.cancelled)
        case (.cancel, .running):
            guard !isCancelRequested else { return .none }
            isCancelRequested = true
            return .moved
        case (.cancel, .done): return .refused(.alreadyDone)

        case (.reopen, .done(let outcome)): return reopen(outcome, at: now)
        case (.reopen, _): return .refused(.notDone)

        case (.claim, .ready): return claim(at: now)
        case (.claim, _): return .refused(.notAvailable)

        case (.intend(attempt), .running(.claimed)): return intend()
        case (.intend, _): return .refused(.staleAttempt)

        case (.identify(attempt), .running(.starting)), (.identify(attempt), .running(.started)):
            state = .running(.started)
            return .moved
        case (.identify, _): return .refused(.staleAttempt)

        case (.release(attempt), .running(.claimed)), (.abandon(attempt), .running(.claimed)): return giveBack()
        case (.release(attempt), .running): return .refused(.begun)
        case (.release, _): return .refused(.staleAttempt)

        case (.finish(attempt, let result), .running): return finish(result, at: now)
        case (.finish, _): return .refused(.staleAttempt)

        case (.abandon(attempt), .running): return finish(.abandoned, at: now)
        case (.abandon, _): return .refused(.staleAttempt)
        }
    }

    private mutating func dependencyDone(_ outcome: Outcome) -> Change {
        guard outcome.satisfiesDependents else { return end(.dependencyFailed) }
        unmet -= 1
        if unmet == 0 { state = .ready }
        return .moved
    }

    private mutating func claim(at now: Int64) -> Change {
        guard availableAt <= now, !isExpired(at: now) else { return .refused(.notAvailable) }
        attempt += 1
        state = .running(.claimed)
        return .moved
    }

    private mutating func intend() -> Change {
        begun += 1
        state = .running(.starting)
        return .moved
    }

    private mutating func giveBack() -> Change {
        guard !isCancelRequested else { return end(.cancelled) }
        state = .ready
        return .moved
    }

    private mutating func finish(_ result: AttemptEnd, at now: Int64) -> Change {
        switch result.kind {
        case .final: break
        case .failure: failures += 1
        case .fault: faults += 1
        }
        guard !isCancelRequested else { return end(result.outcome, result.kind == .final ? .final : .cancelled) }
        switch rules.decide(after: result, failures: failures, faults: faults, expiresAt: expiresAt, at: now) {
        case .again(let moment):
            availableAt = moment
            state = .ready
            return .retries(at: moment)
        case .end(let reason):
            isSetAside = reason == .poison
            return end(result.outcome, reason)
        }
    }

    private mutating func reopen(_ outcome: Outcome, at now: Int64) -> Change {
        guard !outcome.satisfiesDependents else { return .refused(.succeeded) }
        (failures, faults, unmet) = (0, 0, 0)
        (isCancelRequested, isSetAside) = (false, false)
        (availableAt, expiresAt) = (now, nil)
        state = .ready
        return .moved
    }

    private mutating func end(_ outcome: Outcome, _ reason: NoRetry? = nil) -> Change {
        state = .done(outcome)
        return .ended(outcome, reason)
    }
}

extension AttemptEnd {
    /// Of a worker that is gone: nobody knows how far it came.
    package static let abandoned = AttemptEnd(.lost, sideEffects: .possible, fault: .infra, code: "worker_lost")
}

extension Outcome {
    /// Whether tasks that wait for one with this outcome may begin.
    package var satisfiesDependents: Bool { self == .succeeded || self == .skipped }
}
