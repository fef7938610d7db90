internal import OstlerProtocol

@testable import OstlerTasks

/// What each event does to a task in each state, as the page of states has it.
enum TaskLifecycleTable {
    static let states: [(name: String, state: TaskLifecycle.State)] = [
        ("blocked", .blocked), ("ready", .ready), ("claimed", .running(.claimed)), ("starting", .running(.starting)),
        ("started", .running(.started)), ("done", .done(.failed)),
    ]

    /// The idempotency class matters to some.
    static let events: [(name: String, event: TaskLifecycle.Event, class: Idempotency)] = [
        ("what it waits for succeeds", .dependencyDone(.succeeded), .unsafe),
        ("what it waits for does not", .dependencyDone(.failed), .unsafe),
        ("its time is over", .expire, .unsafe),
        ("cancel", .cancel, .unsafe),
        ("retry by hand", .reopen, .unsafe),
        ("claim", .claim, .unsafe),
        ("intent to start", .intend(attempt: 1), .unsafe),
        ("identity of what was started", .identify(attempt: 1), .unsafe),
        ("given back", .release(attempt: 1), .unsafe),
        ("it succeeds", .finish(attempt: 1, AttemptEnd(.succeeded, sideEffects: .done)), .unsafe),
        ("it fails, unsafe", .finish(attempt: 1, AttemptEnd(.failed, sideEffects: .possible)), .unsafe),
        (
            "it fails, idempotent, tries left", .finish(attempt: 1, AttemptEnd(.failed, sideEffects: .possible)),
            .idempotent
        ),
        ("its worker is gone, unsafe", .abandon(attempt: 1), .unsafe),
        ("its worker is gone, idempotent", .abandon(attempt: 1), .idempotent),
        ("a report on an earlier attempt", .finish(attempt: 0, AttemptEnd(.succeeded, sideEffects: .done)), .unsafe),
    ]

    static func life(_ state: TaskLifecycle.State, _ idempotency: Idempotency) -> TaskLifecycle {
        let rules = TaskRules(retry: RetryPolicy(attempts: 2), idempotency: idempotency, expiresAt: 10)
        var life = TaskLifecycle(rules: rules, availableAt: 0, unmet: state == .blocked ? 1 : 0)
        life.state = state
        life.attempt = state == .blocked || state == .ready ? 0 : 1
        return life
    }

    static var text: String {
        var lines = ["| event | " + states.map(\.name).joined(separator: " | ") + " |"]
        lines.append("|---" + String(repeating: "|---", count: states.count) + "|")
        for row in events {
            let cells = states.map { cell(row.event, $0.state, row.class) }
            lines.append("| \(row.name) | " + cells.joined(separator: " | ") + " |")
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func cell(_ event: TaskLifecycle.Event, _ state: TaskLifecycle.State, _ class: Idempotency) -> String
    {
        var life = life(state, `class`)
        // Its time is over at 10; everything else happens long before.
        if event != .expire { life.expiresAt = nil }
        switch life.handle(event, at: event == .expire ? 10 : 5) {
        case .none: return "—"
        case .refused(let refusal): return "`\(refusal.rawValue)`"
        case .retries: return "ready, later"
        case .moved where event == .cancel: return "\(name(life.state)), told"
        case .moved, .ended: return name(life.state)
        }
    }

    private static func name(_ state: TaskLifecycle.State) -> String {
        switch state {
        case .blocked: "blocked"
        case .ready: "ready"
        case .running(let phase): phase.rawValue
        case .done(let outcome): "done: \(outcome.rawValue)"
        }
    }
}
