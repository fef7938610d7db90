internal import OstlerJSON
internal import OstlerStore
internal import OstlerTasks

extension TaskStory.Entry {
    /// An event of a timeline in words.
    /// - Parameter details: of the task it is about.
    init(_ event: TaskEvent, of details: TaskDetails) {
        let words = EventWords(event, details)
        self.init(words.phase, words.text, at: event.time, attempt: event.attempt, detail: event.detail)
        isMinor =
            event.kind == .starting
            && details.attempts.contains { $0.number == event.attempt && $0.identifiedAt != nil }
    }
}

/// One event in words.
private struct EventWords {
    private let event: TaskEvent
    private let details: TaskDetails
    private let detail: JSONValue?

    init(_ event: TaskEvent, _ details: TaskDetails) {
        self.event = event
        self.details = details
        detail = event.detail.flatMap { try? JSONValue(parsing: $0) }
    }

    var phase: TaskStory.Phase {
        switch event.kind {
        case .submitted: .submission
        case .unblocked, .claimed, .released, .reopened: .queue
        case .starting, .started, .workerLost, .staleReport: .execution
        case .retryScheduled: .retry
        case .cancelRequested: .cancel
        case .ended: .outcome
        case .note: NoteWords(event.word ?? "", detail).phase
        }
    }

    var text: String {
        let worker = event.worker.map { "worker \($0)" } ?? "its worker"
        let who = event.principal ?? "somebody"
        switch event.kind {
        case .submitted: return submitted
        case .unblocked: return "what it waited for has succeeded"
        case .claimed: return "claimed by \(worker)"
        case .starting: return "about to start: from here on it may have effects"
        case .started: return "started" + processes
        case .released: return "given back by \(worker): nothing had been started"
        case .retryScheduled: return "\(end); tried again \(nextTry)"
        case .cancelRequested: return "\(who) wants it to end; its worker is told"
        case .workerLost: return "\(worker) is gone; what it held is looked after by another one"
        case .staleReport:
            return
                "\(worker) reported \(event.word ?? "an end") too late: the attempt was no longer its own, and nothing changed"
        case .reopened: return "\(who) has it tried again"
        case .ended: return end + why
        case .note: return NoteWords(event.word ?? "", detail).text
        }
    }

    private var submitted: String {
        let summary = details.summary
        var parts = ["by \(summary.origin.principal) to the queue \(summary.queue)"]
        if summary.priority != 0 { parts.append("priority \(summary.priority)") }
        if !details.dependencies.isEmpty {
            parts.append("after \(details.dependencies.map(\.description).joined(separator: ", "))")
        }
        if !details.needs.isEmpty { parts.append("needs \(details.needs.sorted().joined(separator: ", "))") }
        if let expires = details.rules.expiresAt {
            parts.append("worth beginning for \(TimeText.brief(milliseconds: expires - summary.submittedAt))")
        }
        let retry = details.rules.retry
        if retry.attempts > 1 { parts.append("\(retry.attempts) tries") }
        return parts.joined(separator: "; ")
    }

    private var processes: String {
        guard let attempt = details.attempts.first(where: { $0.number == event.attempt }) else { return "" }
        let named = attempt.identities.map { "\($0.role) \($0.pid)" }
        return named.isEmpty ? "" : ": " + named.joined(separator: ", ")
    }

    private var end: String {
        let code = detail?["error"]?.string.map { " [\($0)]" } ?? ""
        let effects =
            switch detail?["side_effects"]?.string {
            case "none" where event.word != Outcome.succeeded.rawValue: ", without effects"
            case "possible" where event.word != Outcome.succeeded.rawValue: ", perhaps with effects"
            default: ""
            }
        return (event.word ?? "") + code + effects
    }

    private var nextTry: String {
        guard let moment = detail?["at_ms"]?.int else { return "later" }
        return "at \(TimeText.clock(milliseconds: moment)), in \(TimeText.brief(milliseconds: moment - event.time))"
    }

    private var why: String {
        guard let reason = detail?["no_retry"]?.string.flatMap(NoRetry.init(rawValue:)), reason != .final else {
            return ""
        }
        return "; not tried again: \(reason.text)"
    }
}

extension NoRetry {
    /// Why there is no other attempt, in words.
    var text: String {
        switch self {
        case .final: "that is final"
        case .notAsked: "nobody asked for another try (--retry)"
        case .exhausted: "all tries have been made"
        case .unsafe: "it may have had effects, and its executor is not said to be safe to repeat"
        case .poison: "it brought down what ran it too often, and is set aside"
        case .cancelled: "it is to end"
        case .expires: "its time would be over before the next try"
        }
    }
}
