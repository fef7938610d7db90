internal import OstlerJSON
package import OstlerProtocol

/// What a task's guards decided, and what they say of the execution's end.
package struct GuardEvidence: Sendable {
    package let guards: TaskGuards
    /// Whether nothing may be executed.
    package let isNoop: Bool
    /// Nil until it is known.
    package var decision: GuardDecision?
    /// Whether the path of `creates` exists after the execution; nil if it was not asked.
    package var created: Bool?

    package init(_ guards: TaskGuards, isNoop: Bool) {
        (self.guards, self.isNoop) = (guards, isNoop)
    }

    /// Whether the task goes on to its executor.
    package var isToBeExecuted: Bool {
        if case .execute = decision { return !isNoop }
        return false
    }

    /// The outcome of a task that was not executed; nil for any other.
    var outcomeOfKept: Outcome? {
        switch decision {
        case nil: nil
        case .stable: .succeeded
        case .skipped: .skipped
        case .execute: isNoop ? .skipped : nil
        }
    }

    private var trigger: GuardReference? {
        if case .execute(via: let trigger) = decision { return trigger }
        return nil
    }

    // MARK: After the execution

    /// Whether it must be known if the path of `creates` exists now.
    /// - Parameter plain: the verdict without guards.
    package func asksForCreated(_ answer: ExecuteResult?, _ outcome: Outcome) -> Bool {
        guard let answer, guards.creates != nil, trigger == nil, let code = exitCode(answer, outcome) else {
            return false
        }
        return !guards.returns.contains(code)
    }

    /// What is made of an answer by `returns` and `creates`.
    /// - Parameter plain: the verdict without guards.
    func weigh(_ answer: ExecuteResult, _ plain: (outcome: Outcome, failure: Failure?)) -> (Outcome, Failure?) {
        guard let code = exitCode(answer, plain.outcome) else { return plain }
        switch guards.judge(.exited(code), via: trigger, created: created) {
        case .reached, .reachedDespite: return (.succeeded, nil)
        case .missed(let why): return (.failed, plain.failure ?? .desiredStateFailed(why))
        }
    }

    /// The exit code that the outcome is due to; nil if it is due to anything else.
    private func exitCode(_ answer: ExecuteResult, _ outcome: Outcome) -> Int32? {
        guard answer.signal == nil, ReturnCodes.range.contains(answer.exitCode) else { return nil }
        switch outcome {
        case .succeeded: return answer.exitCode
        // An executor that failed without an exit code of its own says 0.
        case .failed: return answer.exitCode == 0 ? nil : answer.exitCode
        default: return nil
        }
    }

    // MARK: In words

    /// What is told of it with the result; nil if it made no difference.
    /// - Parameters:
    ///   - exitCode: of the result.
    ///   - outcome: likewise.
    package func account(exitCode: Int32, outcome: Outcome) -> TaskResult.Guarding? {
        switch decision {
        case nil: nil
        case .stable(let why): .init(.stable, by: why.rawValue, stability(why))
        case .skipped(.control): .init(.skipped, by: "control", "its control says so")
        case .skipped(.require(let unmet)):
            .init(.skipped, by: "require", "unmet: \(unmet.map(\.description).joined(separator: ", "))")
        case .execute(via: let trigger):
            if isNoop {
                .init(.wouldExecute, by: trigger.map { _ in "subscribe" }, decision?.noopMessage ?? "")
            } else {
                executed(trigger, exitCode, outcome)
            }
        }
    }

    private func stability(_ why: GuardDecision.Stability) -> String {
        switch why {
        case .creates: "\(Quotation.bare(guards.creates ?? "")) exists"
        case .onlyif: "its command did not end with 0"
        case .unless: "its command ended with 0"
        case .refreshOnly: "nothing that it is subscribed to has changed"
        }
    }

    private func executed(_ trigger: GuardReference?, _ exitCode: Int32, _ outcome: Outcome) -> TaskResult.Guarding? {
        if let trigger { return .init(.executed, by: "subscribe", "\(trigger) changed") }
        guard outcome == .succeeded, exitCode != 0 else { return nil }
        if guards.returns.contains(exitCode) {
            return .init(.executed, by: "returns", "exit code \(exitCode) is one of \(guards.returns)")
        }
        let path = Quotation.bare(guards.creates ?? "")
        return .init(.executed, by: "creates", "\(path) exists, so exit code \(exitCode) counts as success")
    }
}

extension Failure {
    /// - Parameter why: as ``DesiredState/missed(why:)`` says it.
    package static func desiredStateFailed(_ why: String) -> Failure {
        Failure(
            "desired_state_failed",
            fault: .task,
            sideEffects: .done,
            message: why,
            hint: "if the code is no failure, add it to returns"
        )
    }
}
