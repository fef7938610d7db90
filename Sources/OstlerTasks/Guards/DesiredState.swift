/// How the work of an executed task ended.
package enum RunEnd: Sendable, Equatable {
    case exited(Int32)
    case signalled(Int32)
    case timedOut
}

/// Whether an execution brought about what it was for.
package enum DesiredState: Sendable, Equatable {
    case reached
    /// What it was to create exists, and so it counts as reached in spite of the exit code; a warning is due.
    case reachedDespite(exitCode: Int32)
    /// - Parameter why: in words.
    case missed(why: String)
}

extension TaskGuards {
    /// Judges an execution. A path that `creates` names makes good a bad exit code, but not of an execution that was asked
    /// for by a subscription: the path may have been there before. A signal or a time-out is never a success.
    /// - Parameters:
    ///   - via: the subscription that it was executed for.
    ///   - created: whether the path of ``creates`` exists afterwards; nil if there is no such guard.
    package func judge(_ end: RunEnd, via: GuardReference?, created: Bool?) -> DesiredState {
        switch end {
        case .timedOut: return .missed(why: "failed to reach desired state: it ran out of time")
        case .signalled(let signal):
            return .missed(why: "failed to reach desired state: it was ended by signal \(signal)")
        case .exited(let code) where returns.contains(code): return .reached
        case .exited(let code):
            if created == true, via == nil { return .reachedDespite(exitCode: code) }
            return .missed(
                why:
                    "failed to reach desired state: exit code \(code): exit code \(code) not in allowed returns \(returns)"
            )
        }
    }
}
