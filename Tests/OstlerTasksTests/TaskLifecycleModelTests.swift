internal import OstlerProtocol
internal import OstlerTestSupport
internal import Testing

@testable import OstlerTasks

/// Random events, given to the machine and to a model that keeps nothing but what had happened.
@Suite struct TaskLifecycleModelTests {
    private static let steps = Surroundings.environment("OSTLER_LONG") == "1" ? 100_000 : 20_000

    @Test(arguments: Idempotency.allCases)
    func `The machine does what the past of a task demands, whatever happens to it`(_ idempotency: Idempotency) {
        var random = SeededGenerator(seed: 11)
        var steps = 0
        var ends: Set<Outcome> = []
        while steps < Self.steps {
            var trial = Trial(idempotency, &random)
            for _ in 0..<60 {
                steps += 1
                guard let fault = trial.step(&random) else { continue }
                Issue.record("\(fault)\n\(trial.past)")
                return
            }
            if let outcome = trial.life.outcome { ends.insert(outcome) }
        }
        #expect(ends.isSuperset(of: [.succeeded, .failed, .lost, .cancelled, .expired, .dependencyFailed]))
    }
}

/// One task, its machine and its past.
private struct Trial {
    private(set) var life: TaskLifecycle
    private(set) var past: [(event: TaskLifecycle.Event, change: TaskLifecycle.Change)] = []
    private var now: Int64 = 0

    init(_ idempotency: Idempotency, _ random: inout SeededGenerator) {
        let rules = TaskRules(
            retry: RetryPolicy(attempts: Int.random(in: 1...4, using: &random), least: 10, most: 40),
            idempotency: idempotency,
            hasKey: Bool.random(using: &random),
            expiresAt: Bool.random(using: &random) ? 300 : nil
        )
        life = TaskLifecycle(rules: rules, availableAt: 0, unmet: Int.random(in: 0...2, using: &random))
    }

    /// - Returns: what the machine did that it must not do; nil if it did right.
    mutating func step(_ random: inout SeededGenerator) -> String? {
        now += Int64.random(in: 0...15, using: &random)
        let event = event(&random)
        let before = life
        let change = life.handle(event, at: now)
        past.append((event, change))
        return fault(event, change, before)
    }

    private func event(_ random: inout SeededGenerator) -> TaskLifecycle.Event {
        // Mostly the attempt that counts, sometimes another one.
        let attempt = life.attempt - (Int.random(in: 0..<10, using: &random) == 0 ? 1 : 0)
        switch Int.random(in: 0..<40, using: &random) {
        case 0..<4: return .dependencyDone(Int.random(in: 0..<12, using: &random) == 0 ? .failed : .succeeded)
        case 4: return .expire
        case 5: return .cancel
        case 6: return .reopen
        case 7..<17: return .claim
        case 17..<23: return .intend(attempt: attempt)
        case 23..<27: return .identify(attempt: attempt)
        case 27..<29: return .release(attempt: attempt)
        case 29..<32: return .abandon(attempt: attempt)
        default: return .finish(attempt: attempt, end(&random))
        }
    }

    private func end(_ random: inout SeededGenerator) -> AttemptEnd {
        AttemptEnd(
            [Outcome.succeeded, .failed, .failed, .timeout, .executorCrash, .lost, .cancelled]
                .randomElement(using: &random) ?? .infra,
            sideEffects: [Failure.SideEffects.none, .possible, .done].randomElement(using: &random) ?? .possible
        )
    }

    // MARK: What the past demands

    private func fault(
        _ event: TaskLifecycle.Event,
        _ change: TaskLifecycle.Change,
        _ before: TaskLifecycle
    ) -> String? {
        switch change {
        case .none, .refused:
            if life != before { return "an event that was refused has changed the task" }
        case .moved, .retries, .ended:
            if let said = number(of: event), said != before.attempt || before.phase == nil {
                return "a report of attempt \(said) counted, but \(before.attempt) is the one"
            }
        }
        let claims = past.filter { $0.event == .claim && $0.change == .moved }.count
        if life.attempt != claims { return "\(claims) claims, but the number is \(life.attempt)" }
        if before.outcome != nil, life.outcome != before.outcome, event != .reopen { return "an outcome has changed" }
        if case .retries = change, !mayFollow(event, before) { return "another attempt follows that must not" }
        if case .ended(let outcome, _) = change, outcome != expected(event, before) {
            return "the outcome is \(outcome)"
        }
        if event == .claim, change == .moved, !wasClaimable(before) { return "it was claimed when it could not be" }
        return nil
    }

    private func number(of event: TaskLifecycle.Event) -> Int? {
        switch event {
        case .intend(let number), .identify(let number), .release(let number), .abandon(let number),
            .finish(let number, _):
            number
        default: nil
        }
    }

    /// Since it was accepted or reopened.
    private var present: ArraySlice<(event: TaskLifecycle.Event, change: TaskLifecycle.Change)> {
        let reopened = past.lastIndex { $0.event == .reopen && $0.change == .moved }
        return reopened.map { past[past.index(after: $0)...] } ?? past[...]
    }

    /// How the attempts since then have ended, this one among them.
    private var ends: [AttemptEnd] {
        present.compactMap { entry in
            switch (entry.event, entry.change) {
            case (_, .refused), (_, .none), (.abandon, .moved): nil
            case (.finish(_, let end), _): end
            case (.abandon, .ended(.cancelled, _)): nil
            case (.abandon, _): .abandoned
            default: nil
            }
        }
    }

    private func mayFollow(_ event: TaskLifecycle.Event, _ before: TaskLifecycle) -> Bool {
        guard let last = ends.last else { return false }
        let wasCancelled = present.contains { $0.event == .cancel && $0.change == .moved }
        let isClassed =
            switch life.rules.idempotency {
            case .pure, .idempotent: true
            case .keyed: life.rules.hasKey
            case .unsafe: false
            }
        let faults = ends.filter { $0.outcome == .executorCrash || $0.outcome == .lost }.count
        let failures = ends.filter { $0.outcome == .failed || $0.outcome == .timeout }.count
        let isLeft =
            last.outcome == .executorCrash || last.outcome == .lost ? faults < 3 : failures < life.rules.retry.attempts
        let isFinal = [.succeeded, .cancelled].contains(last.outcome)
        return !wasCancelled && !isFinal && isLeft && (isClassed || last.sideEffects == .none)
    }

    private func expected(_ event: TaskLifecycle.Event, _ before: TaskLifecycle) -> Outcome? {
        switch event {
        case .dependencyDone: .dependencyFailed
        case .expire: .expired
        case .cancel, .release: .cancelled
        case .abandon: before.phase == .claimed ? .cancelled : .lost
        case .finish(_, let end): end.outcome
        default: nil
        }
    }

    private func wasClaimable(_ before: TaskLifecycle) -> Bool {
        before.state == .ready && before.availableAt <= now && before.expiresAt.map { now < $0 } ?? true
    }
}
