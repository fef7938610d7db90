internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerTasks

/// Whether the guards of a file's tasks name tasks that stand before them, by names that lead to one task only.
struct ReferenceCheck {
    /// A problem and its line.
    typealias Problem = (failure: Failure, line: Int)

    private struct Named {
        let reference: GuardReference
        let pointer: JSONPointer
        let line: Int
    }

    private var references: [Named] = []
    private var aliases: [ExactKey: Int] = [:]
    private var repeated: [Problem] = []
    /// Where each name that counts stands first.
    private var lines: [ExactKey: Int] = [:]

    /// Whether no task of the file says anything of another: there is nothing to be looked up then.
    var isEmpty: Bool { references.isEmpty && aliases.isEmpty }

    /// The names that tasks are known by in guards, as hashes.
    var named: Set<UInt64> { Set(references.map { IDLedger.hash($0.reference.name) }) }

    /// Takes what a task says of others.
    mutating func add(_ spec: TaskSpec, line: Int) {
        guard let guards = spec.guards else { return }
        references += spec.namedTasks.map { Named(reference: $0.reference, pointer: $0.pointer, line: line) }
        guard let alias = guards.alias else { return }
        if let first = aliases[ExactKey(alias)] {
            repeated.append((.repeatedAlias(alias, line: first), line))
        } else {
            aliases[ExactKey(alias)] = line
            lines[ExactKey(alias)] = line
        }
    }

    /// Takes the name of a task, once all of the file has been added.
    mutating func find(_ id: String, line: Int) {
        if let alias = aliases[ExactKey(id)] {
            repeated.append((.repeatedAlias(id, line: min(alias, line)), max(alias, line)))
        } else if lines[ExactKey(id)] == nil,
            references.contains(where: { ExactKey($0.reference.name) == ExactKey(id) })
        {
            lines[ExactKey(id)] = line
        }
    }

    /// All that is wrong, once each name has been looked for.
    var problems: [Problem] {
        repeated
            + references.compactMap { named in
                Failure.reference(named.reference, from: named.line, to: lines[ExactKey(named.reference.name)])
                    .map { ($0.at(named.pointer), named.line) }
            }
    }
}

extension TaskSpec {
    /// The tasks that its guards name, each with its place.
    var namedTasks: [(reference: GuardReference, pointer: JSONPointer)] {
        let lists = [("require", guards?.require ?? []), ("subscribe", guards?.subscribe ?? [])]
        return lists.flatMap { name, references in
            references.enumerated().map { ($1, JSONPointer("/guards/\(name)/\($0)")) }
        }
    }

    /// Why its guards cannot name other tasks; empty if they name none.
    /// - Parameter hint: what to do instead.
    func lonelyReferences(_ message: String, hint: String) -> [Failure] {
        namedTasks.prefix(1).map {
            Failure("unknown_reference", fault: .user, message: message, pointer: $0.pointer, hint: hint)
        }
    }
}

extension GuardReference {
    /// What all names of tasks begin with.
    static let taskType = "task"
}

extension Failure {
    /// What is wrong with a reference; nil if it leads to what stands before.
    /// - Parameter found: the line of what it names; nil if there is no such name.
    fileprivate static func reference(_ reference: GuardReference, from line: Int, to found: Int?) -> Failure? {
        let text = Quotation.text(reference.description, longest: 80)
        guard reference.type == GuardReference.taskType, let found else {
            return Failure(
                "unknown_reference",
                fault: .user,
                message: "no task of this file is \(text)",
                hint: "name a task that stands before it, by task# and its id or its alias"
            )
        }
        guard found >= line else { return nil }
        let place = found == line ? "is this task itself" : "comes later, in line \(found)"
        return Failure(
            "later_reference",
            fault: .user,
            message: "\(text) \(place)",
            hint: "tasks name only what stands before them, so that no two can wait for each other"
        )
    }

    /// - Parameter line: where the name was first.
    fileprivate static func repeatedAlias(_ alias: String, line: Int) -> Failure {
        Failure(
            "duplicate_id",
            fault: .user,
            message: "the name \(Quotation.text(alias)) occurs twice, first in line \(line)",
            pointer: JSONPointer("/guards/alias"),
            hint: "an alias is the name of one task, and of no other one's id"
        )
    }
}
