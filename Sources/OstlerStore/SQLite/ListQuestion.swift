internal import OstlerTasks

/// What rows of `task t`, `route r` and `queue q` must fulfil, and the values of the question marks in it.
struct ListQuestion {
    private var terms: [String] = []
    private(set) var values: [SQLiteValue] = []

    var text: String { terms.isEmpty ? "" : " WHERE " + terms.joined(separator: " AND ") }

    mutating func narrow(_ term: String, _ value: SQLiteValue...) {
        terms.append(term)
        values += value
    }

    func narrowed(_ term: String, _ value: SQLiteValue) -> ListQuestion {
        var question = self
        question.narrow(term, value)
        return question
    }

    mutating func among(_ column: String, _ words: [String]) {
        terms.append("\(column) IN (\(words.map { _ in "?" }.joined(separator: ", ")))")
        values += words.sorted().map(SQLiteValue.text)
    }
}

extension TaskFilter {
    /// Columns with an index, the one that leaves the fewest tasks first.
    enum Lead: CaseIterable {
        /// States of tasks that are not done.
        case open
        case name
        case run
        case parent
        case outcome
        case queue
        case executor
        case principal
    }

    /// The one that the answer is looked for along; nil for the tasks in their order.
    var lead: Lead? {
        Lead.allCases.first { lead in
            switch lead {
            case .open: !states.isEmpty && !states.contains(.done)
            case .name: name != nil
            case .run: runID != nil
            case .parent: parentID != nil
            case .outcome: !outcomes.isEmpty
            case .queue: queue != nil
            case .executor: executor != nil
            case .principal: principal != nil
            }
        }
    }

    /// All that is asked for but the outcomes and the queue where they lead. A plus keeps SQLite from another index: it
    /// knows nothing of how many tasks have the same value, and would sort them.
    func question(led lead: Lead?) -> ListQuestion {
        var question = ListQuestion()
        func equal(_ column: String, _ value: String?, _ own: Lead) {
            guard let value else { return }
            question.narrow((own == lead ? "" : "+") + column + " = ?", .text(value))
        }
        equal("t.name", name, .name)
        equal("t.run_id", runID, .run)
        equal("t.parent_id", parentID, .parent)
        equal("t.executor", executor, .executor)
        equal("t.principal", principal, .principal)
        if lead != .queue { equal("q.name", queue, .queue) }
        if lead != .outcome, !outcomes.isEmpty { question.among("+t.outcome", outcomes.map(\.rawValue)) }
        if !states.isEmpty {
            // Said this way, too, so that what is not done is looked for among what is not done.
            if lead == .open { question.narrow("t.outcome IS NULL") }
            let running = TaskLifecycle.Phase.allCases.map(\.rawValue)
            question.among(
                lead == .open ? "t.state" : "+t.state",
                states.flatMap { $0 == .running ? running : [$0.rawValue] }
            )
        }
        if let isSetAside { question.narrow("t.set_aside = \(isSetAside ? 1 : 0)") }
        for (key, value) in labels.sorted(by: { $0.key < $1.key }) {
            question.narrow("t.id IN (SELECT task FROM label WHERE key = ? AND value = ?)", .text(key), .text(value))
        }
        if let submittedFrom { question.narrow("t.submitted_at >= ?", .integer(submittedFrom)) }
        if let submittedBefore { question.narrow("t.submitted_at < ?", .integer(submittedBefore)) }
        return question
    }
}
