internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks

extension TaskSummary {
    /// One word for people: the outcome of a task that is done, else its state.
    var stateText: String {
        switch state {
        case .blocked: "blocked"
        case .ready: attempt > 0 ? "retry" : "ready"
        case .running: isCancelRequested ? "cancelling" : "running"
        case .done(let outcome): outcome.rawValue
        }
    }

    /// The state without what is known of it.
    var stateName: TaskFilter.StateName {
        switch state {
        case .blocked: .blocked
        case .ready: .ready
        case .running: .running
        case .done: .done
        }
    }

    var outcome: Outcome? { if case .done(let outcome) = state { outcome } else { nil } }

    func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        encodeMembers(into: &writer)
        writer.endObject()
    }

    func encodeMembers(into writer: inout JSONWriter) {
        writer.key("task")
        writer.int(id.rawValue)
        writer.optional("id", name)
        writer.optional("executor", executor)
        writer.optional("queue", queue)
        writer.key("priority")
        writer.int(priority)
        writer.optional("state", stateName.rawValue)
        if case .running(let phase) = state { writer.optional("phase", phase.rawValue) }
        writer.optional("outcome", outcome?.rawValue)
        writer.key("attempt")
        writer.int(attempt)
        writer.key("cancel_requested")
        writer.bool(isCancelRequested)
        writer.key("set_aside")
        writer.bool(isSetAside)
        writer.optional("run_id", origin.runID)
        writer.optional("parent_id", origin.parentID)
        writer.optional("principal", origin.principal)
        writer.key("submitted_ms")
        writer.int(submittedAt)
        writer.optional("available_ms", availableAt)
        writer.optional("expires_ms", expiresAt)
        writer.optional("claimed_ms", claimedAt)
        writer.optional("ended_ms", endedAt)
        writer.optional("error", errorCode)
        writer.optional("no_retry", reason?.rawValue)
        writer.key("bytes")
        writer.int(bytes)
    }
}

/// Moments and waits as tables show them.
enum TimeText {
    /// `3s`, `12m`, `5h`, `9d`: how long ago or how long, in the largest unit that fits.
    static func brief(milliseconds: Int64) -> String {
        let units: [(Int64, String)] = [(86_400_000, "d"), (3_600_000, "h"), (60_000, "m"), (1000, "s")]
        for (size, name) in units where milliseconds >= size { return "\(milliseconds / size)\(name)" }
        return "\(max(0, milliseconds))ms"
    }
}
