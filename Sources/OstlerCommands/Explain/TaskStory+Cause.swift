internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks

/// Why a task that is done ended as it did.
struct EndCause {
    /// Tasks that are gone back along when one failed because of another.
    private static let longestChain = 32

    private let details: TaskDetails
    private let events: [TaskEvent]
    private let store: any TaskStore
    private let result: JSONValue?

    init(_ details: TaskDetails, _ events: [TaskEvent], _ store: any TaskStore) {
        self.details = details
        self.events = events
        self.store = store
        result = details.result.flatMap { try? JSONValue(parsing: $0) }
    }

    private var id: TaskID { details.summary.id }

    func cause(_ outcome: Outcome) throws -> TaskStory.Cause {
        let retry = "`ostler tasks retry \(id)` has it tried again"
        switch outcome {
        case .succeeded, .skipped: return .init("its executor said that it had \(outcome.rawValue)")
        case .dependencyFailed: return try dependency()
        case .expired: return .init(expiry, next: "submit it anew; \(retry) without that limit")
        case .cancelled: return .init(cancel, code: details.summary.errorCode, next: retry)
        case .lost:
            return .init(
                "\(lostWorker) was gone while it ran, and nobody knows how far it came\(verdict)",
                code: details.summary.errorCode,
                next: "look at what it may have done; then \(retry)"
            )
        default:
            return .init(
                failure(outcome) + verdict,
                code: details.summary.errorCode,
                next: result?["error"]?["hint"]?.string ?? (outcome == .invalid ? nil : retry)
            )
        }
    }

    private var verdict: String {
        guard let reason = details.summary.reason, reason != .final, reason != .cancelled else { return "" }
        return "; not tried again, since \(reason.text)"
    }

    private func failure(_ outcome: Outcome) -> String {
        if let message = result?["error"]?["message"]?.string { return message }
        if let signal = result?["signal"]?.int { return "the work was ended by signal \(signal)" }
        if let code = result?["exit_code"]?.int, code > 0 { return "the work ended with exit code \(code)" }
        return "it ended \(outcome.rawValue)"
    }

    // MARK: Ends without an attempt

    private func dependency() throws -> TaskStory.Cause {
        var current = details
        var path: [TaskID] = []
        for _ in 0..<Self.longestChain {
            let failed = try current.dependencies.lazy.compactMap { dependency -> TaskDetails? in
                guard let found = try self.details(of: dependency), let outcome = found.summary.outcome else {
                    return nil
                }
                return outcome.satisfiesDependents ? nil : found
            }.first
            guard let failed else { break }
            path.append(failed.summary.id)
            current = failed
            guard failed.summary.outcome == .dependencyFailed else { break }
        }
        guard let root = path.last, let outcome = current.summary.outcome else {
            return .init("a task that it waited for did not succeed, and is no longer kept")
        }
        let way = path.count > 1 ? " (by way of \(path.dropLast().map(\.description).joined(separator: ", ")))" : ""
        let events = try store.events(of: root, after: 0, limit: 1000)
        let why = try EndCause(current, events, store).cause(outcome)
        return .init(
            "task \(root), which it waits for\(way), ended \(outcome.rawValue): \(why.text)",
            code: why.code,
            task: root,
            next: "`ostler explain \(root)` tells more; then `ostler tasks retry` both, task \(root) first"
        )
    }

    /// Nil for a task that is no longer kept.
    private func details(of task: TaskID) throws -> TaskDetails? {
        do throws(Failure) {
            return try store.details(of: task)
        } catch {
            guard error.storeCode == .unknownTask else { throw error }
            return nil
        }
    }

    private var expiry: String {
        let summary = details.summary
        let span = details.rules.expiresAt.map { TimeText.brief(milliseconds: $0 - summary.submittedAt) } ?? "its time"
        let wasBlocked = !details.dependencies.isEmpty && !events.contains { $0.kind == .unblocked }
        let meanwhile =
            if wasBlocked {
                "it still waited for other tasks: \(details.dependencies.map(\.description).joined(separator: ", "))"
            } else if summary.attempt > 0 {
                "it had been given back or was to be tried again"
            } else {
                "no worker had claimed it"
            }
        return "\(span) were over before it began: \(meanwhile)"
    }

    private var cancel: String {
        let who = events.last { $0.kind == .cancelRequested || $0.kind == .ended }
        let asked = events.last { $0.kind == .cancelRequested }?.principal ?? who?.principal ?? "somebody"
        guard details.begun > 0 else { return "\(asked) cancelled it before it ran" }
        guard events.contains(where: { $0.kind == .cancelRequested }) else {
            return "\(asked) cancelled it between two tries"
        }
        let survivors = result?["cancel"]?["survivors"]?.string
        let proof =
            survivors == "none" ? "nothing of it is left" : "nothing shows whether something of it is left"
        return "\(asked) cancelled it while it ran; \(proof)"
    }

    private var lostWorker: String {
        events.last { $0.kind == .workerLost }?.worker.map { "worker \($0)" }
            ?? details.attempts.last.map { "worker \($0.worker)" } ?? "its worker"
    }
}
