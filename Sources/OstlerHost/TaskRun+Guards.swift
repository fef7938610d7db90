internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// What stands before the execution of a task that has guards, and what they say of its end.
extension TaskRun {
    /// How long it may take to look up a path after the execution.
    private static let lookMilliseconds: Int64 = 10_000

    /// Asks the guards; the task goes on, or ends without having been sent to anybody.
    func askGuards(_ guards: TaskGuards) async {
        let probe = TaskProbe(spec, route, host)
        self.probe = probe
        do throws(Failure) {
            evidence.guarding?.decision = try await guards.decide(prior: { prior?($0) }, probe: probe)
        } catch {
            evidence.failure = (Self.outcome(ofGuard: error), error)
        }
        self.probe = nil
        // Not if a guard that would not go was given up.
        guard state == .waiting else { return }
        if evidence.ending != nil { return perform(state.handle(.cancel, launches: launches)) }
        if evidence.failure != nil { return perform(state.handle(.executorLost, launches: launches)) }
        guard evidence.guarding?.isToBeExecuted == true else { return perform(state.handle(.kept, launches: launches)) }
        enqueue()
    }

    private static func outcome(ofGuard failure: Failure) -> Outcome {
        switch failure.fault {
        case .sandbox: .sandboxError
        case .user: .invalid
        default: .failed
        }
    }

    /// Ends the guard that is being asked, if there is one: the task ends when nothing is left of it.
    /// - Returns: whether there is one.
    func endGuard() -> Bool {
        guard let probe else { return false }
        if case .timeout(var limit) = evidence.ending {
            limit.kind = .guards
            evidence.ending = .timeout(limit)
        }
        probe.stop()
        if ladder == nil { armLadder() }
        return true
    }

    /// Finds out whether what the task was to create is there, if its outcome depends on that.
    func lookForCreated(_ next: @escaping @LoopActor () -> Void) {
        guard let guarding = evidence.guarding, let path = guarding.guards.creates,
            guarding.asksForCreated(evidence.answer, evidence.verdict().outcome)
        else { return next() }
        Task(executorPreference: EventLoop.shared) { await self.look(for: path, then: next) }
    }

    private func look(for path: String, then next: @LoopActor () -> Void) async {
        let probe = TaskProbe(spec, route, host)
        let timer = EventLoop.shared.schedule(at: .now.advanced(milliseconds: Self.lookMilliseconds)) { probe.stop() }
        // What cannot be looked up is not known to be there.
        evidence.guarding?.created = try? await probe.exists(path)
        EventLoop.shared.cancel(timer)
        next()
    }
}
