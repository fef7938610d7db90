internal import OstlerProtocol
internal import OstlerTasks

/// Why nobody can say what becomes of a resource, in words.
struct Doubt: Sendable {
    let reason: String

    private init(_ reason: String) { self.reason = reason }

    /// What is at a path by then.
    static func path(_ path: String, _ way: ResolvedPath.Way, _ model: EffectModel) -> Doubt {
        if model.isAstray(way) { return Doubt("a link on the way to \(path) may change before") }
        if let culprit = model.culprit(of: way.path) {
            return Doubt("\(culprit), which is unknown itself, may change \(path) before")
        }
        guard model.knowledge(of: way) == .unknown else {
            return Doubt("what would be at \(path) by then is not known")
        }
        return earlier(model)
    }

    /// What came before it, in any place.
    static func earlier(_ model: EffectModel) -> Doubt {
        let opaque = model.opaque.map { "\($0), \(model.opacity), may run before" }
        return Doubt(opaque ?? "what it depends on would change before")
    }

    static func requirement(_ reference: GuardReference) -> Doubt {
        Doubt("it requires \(reference), which is unknown itself")
    }

    static func trigger(_ reference: GuardReference) -> Doubt {
        Doubt("it is subscribed to \(reference), which is unknown itself")
    }
}

extension ResourceOutcome {
    mutating func becomeUnknown(asThingsAre changes: Bool, _ doubt: Doubt) {
        changesAsThingsAre = changes
        becomeUnknown(changes ? "would change as things are" : "would be stable as things are", doubt)
    }

    /// Of what would fail, were it its turn now.
    mutating func becomeUnknown(failing failure: Failure, _ doubt: Doubt) {
        becomeUnknown("would fail as things are: \(failure.message)", doubt)
    }

    private mutating func becomeUnknown(_ now: String, _ doubt: Doubt) {
        state = .unknown
        changed = false
        message = "\(now); \(doubt.reason)"
    }
}
