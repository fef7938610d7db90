internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerTasks

/// What a change adds to the timeline of its task: made here, so that all stores tell the same.
struct JournalEntry {
    var kind: TaskEvent.Kind
    var attempt: Int?
    var worker: WorkerID?
    var principal: String?
    var word: String?
    var detail: [UInt8]?

    init(
        _ kind: TaskEvent.Kind,
        attempt: Int? = nil,
        worker: WorkerID? = nil,
        principal: String? = nil,
        word: String? = nil,
        detail: [UInt8]? = nil
    ) {
        self.kind = kind
        self.attempt = attempt
        self.worker = worker
        self.principal = principal
        self.word = word
        self.detail = detail
    }

    init(_ note: Note, attempt: Int?) {
        self.init(.note, attempt: attempt, word: note.topic, detail: note.detail)
    }

    /// Nil for what changes nothing that anybody would ask about.
    /// - Parameters:
    ///   - before: the phase before the event.
    ///   - life: after it.
    init?(
        _ change: TaskLifecycle.Change,
        by event: TaskLifecycle.Event,
        from before: TaskLifecycle.Phase?,
        _ life: TaskLifecycle,
        worker: WorkerID?,
        principal: String?
    ) {
        // What happens before the first claim, or to a task that waits, is no attempt's.
        let attempt = before == nil && life.phase == nil ? nil : life.attempt
        let end = Self.end(of: event)
        switch change {
        case .none, .refused: return nil
        case .ended(let outcome, let reason):
            self.init(.ended, attempt: attempt, word: outcome.rawValue)
            detail = Self.detail(end, reason: reason)
        case .retries(let moment):
            self.init(.retryScheduled, attempt: attempt, word: end?.outcome.rawValue)
            detail = Self.detail(end, at: moment)
        case .moved:
            guard let kind = Self.kind(of: event, from: before, life) else { return nil }
            self.init(kind, attempt: attempt)
        }
        self.worker = worker
        self.principal = principal
    }

    private static func kind(
        of event: TaskLifecycle.Event,
        from before: TaskLifecycle.Phase?,
        _ life: TaskLifecycle
    ) -> TaskEvent.Kind? {
        switch event {
        case .dependencyDone: life.state == .ready ? .unblocked : nil
        case .cancel: .cancelRequested
        case .reopen: .reopened
        case .claim: .claimed
        case .intend: .starting
        case .identify: before == .started ? nil : .started
        case .release, .abandon: .released
        case .expire, .finish: nil
        }
    }

    private static func end(of event: TaskLifecycle.Event) -> AttemptEnd? {
        switch event {
        case .finish(_, let end): end
        case .abandon: .abandoned
        default: nil
        }
    }

    private static func detail(_ end: AttemptEnd?, reason: NoRetry? = nil, at moment: Int64? = nil) -> [UInt8]? {
        guard end != nil || reason != nil else { return nil }
        var writer = JSONWriter()
        writer.beginObject()
        writer.optional("error", end?.code)
        if let end {
            writer.key("side_effects")
            writer.string(end.sideEffects.rawValue)
        }
        writer.optional("no_retry", reason?.rawValue)
        if let moment {
            writer.key("at_ms")
            writer.int(moment)
        }
        writer.endObject()
        return writer.bytes
    }
}
