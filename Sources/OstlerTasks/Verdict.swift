internal import OstlerJSON
package import OstlerProtocol

/// Everything that is known of an attempt when it is over.
package struct Evidence: Sendable {
    /// Why the host wanted it to end.
    package enum Ending: Sendable, Equatable {
        case cancelled
        case timeout(TimeLimit)
        case limit(Failure.Limit)
        /// The host could not keep its part.
        case infra(Failure)
    }

    /// How a process of the task's own ended, as the launcher saw it.
    package struct Exit: Sendable, Equatable {
        package var exitCode: Int32
        package var signal: Int32?

        package init(exitCode: Int32, signal: Int32?) {
            self.exitCode = exitCode
            self.signal = signal
        }
    }

    package var answer: ExecuteResult?
    /// What the executor answered instead of a result, or why it cannot answer.
    @Boxed package var failure: (outcome: Outcome, failure: Failure)?
    package var ending: Ending?
    /// The executor said that the cancel came too late.
    package var cancelTooLate = false
    /// Whether anything of the task was sent to the executor.
    package var dispatched = false
    package var exits: [Exit] = []
    /// What its guards say; nil for a task without.
    @Boxed package var guarding: GuardEvidence?
    /// A sandbox that could not be built.
    @Boxed package var sandboxFailure: Failure?
    /// Limits that were reached, as a fact of the kernel's; no matter what came of it.
    package private(set) var limitsReached: [ReachedLimit] = []

    package init() {}

    /// Each limit is told once, as it was first seen.
    package mutating func note(_ reached: ReachedLimit) {
        if !limitsReached.contains(where: { $0.limit.name == reached.limit.name }) { limitsReached.append(reached) }
    }

    package var isGuarded: Bool { _guarding.isSet }

    /// The verdict: pure, so that each row can be tested.
    package func verdict() -> (outcome: Outcome, failure: Failure?) {
        // A signal death after a cancel is the host's own doing, whatever the executor heard first.
        if let ending, !cancelTooLate || answer == nil || answer?.signal != nil { return judge(ending) }
        if let sandboxFailure { return (.sandboxError, sandboxFailure) }
        if let failure { return failure }
        if let kept = guarding?.outcomeOfKept { return (kept, nil) }
        let plain = plainVerdict()
        guard isGuarded, let answer, plain.outcome != .executorProtocol else { return plain }
        return guarding?.weigh(answer, plain) ?? plain
    }

    /// What is made of the answer by itself, which is not taken out of its place: it is large.
    private func plainVerdict() -> (outcome: Outcome, failure: Failure?) {
        guard let outcome = answer?.outcome else { return (.lost, Failure.unanswered) }
        if let lie = contradiction(of: outcome) { return (.executorProtocol, lie) }
        switch outcome {
        case .succeeded: return (.succeeded, nil)
        case .cancelled: return ending.map(judge) ?? (.executorProtocol, .uninvitedCancel)
        case .failed:
            let error = answer?.error
            if error?.code.hasSuffix("_denied") == true { return (.denied, error) }
            if let reached = limitsReached.first { return (.limit, .limit(reached.limit, at: reached.place)) }
            return (.failed, error)
        }
    }

    private func judge(_ ending: Ending) -> (Outcome, Failure?) {
        let effects: Failure.SideEffects = dispatched ? .possible : .none
        switch ending {
        case .cancelled:
            return (
                .cancelled, Failure("cancelled", fault: .user, sideEffects: effects, message: "the task was cancelled")
            )
        case .timeout(let limit): return (.timeout, limit.failure(dispatched: dispatched))
        case .limit(let limit): return (.limit, .limit(limit))
        case .infra(let failure): return (.infra, failure)
        }
    }

    /// What the executor says must agree with itself, and with what the launcher saw where there is exactly one process
    /// to speak of.
    private func contradiction(of outcome: ExecuteResult.Outcome) -> Failure? {
        let claimed = Exit(exitCode: answer?.exitCode ?? 0, signal: answer?.signal)
        if outcome == .succeeded {
            guard claimed == Exit(exitCode: 0, signal: nil) else {
                return .inconsistent("it says succeeded with \(claimed.text)")
            }
            if let error = answer?.error {
                let told = "\(Quotation.bare(error.code, longest: 80)), \(Quotation.text(error.message, longest: 200))"
                return .inconsistent("it says succeeded and tells an error: \(told)")
            }
        }
        guard let exit = exits.first, exits.count == 1, outcome != .cancelled else { return nil }
        guard claimed != exit, answer?.error == nil || outcome == .succeeded else { return nil }
        return .inconsistent("it reports \(claimed.text), but its command ended with \(exit.text)")
    }
}

extension Evidence.Exit {
    var text: String { signal.map { "signal \($0)" } ?? "exit code \(exitCode)" }
}

extension Failure {
    static let unanswered = Failure(
        "no_answer",
        fault: .executor,
        sideEffects: .possible,
        message: "the executor never answered for this task"
    )

    static func inconsistent(_ what: String) -> Failure {
        Failure(
            "inconsistent_result",
            fault: .executor,
            sideEffects: .possible,
            message: "the executor's result contradicts itself: \(what)"
        )
    }

    static let uninvitedCancel = Failure(
        "uninvited_cancel",
        fault: .executor,
        sideEffects: .possible,
        message: "the executor says that the task was cancelled, but nobody had asked for that"
    )

    package static func limit(_ limit: Limit, at place: String? = nil) -> Failure {
        var failure = Failure(
            "limit_\(limit.name)",
            fault: .task,
            sideEffects: .possible,
            message: "the limit \(limit.name) was reached\(place.map { " in \($0)" } ?? ""): "
                + "\(limit.observed) of \(limit.limit)",
            limit: limit
        )
        // How many files an area holds follows from its size.
        let key = limit.name == "tmp_files" ? "tmp" : limit.name
        failure.hint = "raise sandbox.limits.\(key) in the config if the task may use more"
        return failure
    }
}
