/// How a task ended. The set is closed; `succeeded` is only ever an explicit result.
package enum Outcome: String, Sendable, CaseIterable {
    case succeeded
    case skipped
    case failed
    case limit
    case dependencyFailed = "dependency_failed"
    case cancelled
    case partial
    case invalid
    case denied
    case timeout
    case expired
    case sandboxError = "sandbox_error"
    case executorCrash = "executor_crash"
    case executorProtocol = "executor_protocol"
    case lost
    case infra

    /// The exit code of the command line for one task with this outcome.
    package var exitCode: Int32 {
        switch self {
        case .succeeded, .skipped: 0
        case .failed, .limit, .dependencyFailed, .cancelled: 1
        case .partial: 2
        case .invalid, .denied: 3
        case .timeout, .expired: 4
        case .sandboxError, .executorCrash, .executorProtocol, .lost, .infra: 5
        }
    }
}

/// The exit code for many tasks: all succeeded 0; all the same other code that code; mixed 2.
package struct OutcomeTally: Sendable {
    package private(set) var counts: [Outcome: Int] = [:]

    package init() {}

    package mutating func add(_ outcome: Outcome) {
        counts[outcome, default: 0] += 1
    }

    package var total: Int { counts.values.reduce(0, +) }

    /// `3 tasks: 2 succeeded, 1 failed`.
    package var text: String {
        let parts = counts.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }
            .map { "\($0.value) \($0.key.rawValue)" }
        return "\(total) task\(total == 1 ? "" : "s")" + (parts.isEmpty ? "" : ": " + parts.joined(separator: ", "))
    }

    package var exitCode: Int32 {
        let codes = Set(counts.keys.map(\.exitCode))
        guard codes.count <= 1 else { return 2 }
        return codes.first ?? 0
    }
}
