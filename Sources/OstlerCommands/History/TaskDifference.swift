internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks

/// What two tasks that are done do not have in common.
struct TaskDifference {
    struct Line: Equatable {
        let pointer: String
        /// JSON texts; nil where there is nothing.
        let left: String?
        let right: String?
    }

    /// Members of a result that differ between any two runs, or are told as part of something else.
    private static let passing: Set<String> = [
        "id", "run_id", "parent_id", "timing", "usage", "attempts", "executor", "metadata", "principal",
    ]

    /// In the order of their places.
    let lines: [Line]

    /// - Throws: `not_done` for a task that has no outcome yet.
    init(_ left: TaskDetails, _ right: TaskDetails) throws {
        let (old, new) = (try Self.leaves(left), try Self.leaves(right))
        lines = Set(old.keys).union(new.keys).sorted().compactMap { pointer in
            old[pointer] == new[pointer] ? nil : Line(pointer: pointer, left: old[pointer], right: new[pointer])
        }
    }

    /// Every value of a task by its place.
    private static func leaves(_ details: TaskDetails) throws -> [String: String] {
        guard let outcome = details.summary.outcome else {
            throw Failure(
                store: .notDone,
                "task \(details.summary.id) is not done: there is nothing to compare yet",
                hint: "`ostler tasks wait \(details.summary.id)` waits for it"
            )
        }
        var leaves = ["/outcome": JSONValue.string(outcome.rawValue).text]
        for (key, value) in try JSONValue(parsing: details.document).object?.members ?? [] where key != "id" {
            collect(value, at: "/spec" + JSONPointer.root.member(key).description, into: &leaves)
        }
        let result = try details.result.map { try JSONValue(parsing: $0) }
        for (key, value) in result?.object?.members ?? [] where !passing.contains(key) && key != "outcome" {
            collect(value, at: "/result" + JSONPointer.root.member(key).description, into: &leaves)
        }
        return leaves
    }

    private static func collect(_ value: JSONValue, at place: String, into leaves: inout [String: String]) {
        if let object = value.object, !object.isEmpty {
            for (key, member) in object.members {
                collect(member, at: place + JSONPointer.root.member(key).description, into: &leaves)
            }
        } else if let array = value.array, !array.isEmpty {
            for (index, element) in array.enumerated() { collect(element, at: "\(place)/\(index)", into: &leaves) }
        } else {
            leaves[place] = value.text
        }
    }

    /// A line for each, as people read it.
    var text: String {
        lines.map { line in
            let (left, right) = (Self.shown(line.left), Self.shown(line.right))
            return "\(Quotation.bare(line.pointer)): \(left) -> \(right)\n"
        }.joined()
    }

    private static func shown(_ text: String?) -> String { text.map { Quotation.bare($0, longest: 100) } ?? "nothing" }

    var json: JSONWriter {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("differences")
        writer.beginArray()
        for line in lines {
            writer.beginObject()
            writer.optional("pointer", line.pointer)
            for (name, text) in [("left", line.left), ("right", line.right)] {
                guard let text else { continue }
                writer.key(dynamic: name)
                writer.raw(Array(text.utf8))
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return writer
    }
}
