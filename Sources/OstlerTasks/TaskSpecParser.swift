internal import OstlerJSON
package import OstlerProtocol

/// Reads a task from JSON strictly: what it does not know it refuses, with a pointer and a suggestion.
package struct TaskSpecParser: Sendable {
    private static let known = [
        "id", "executor", "type", "payload", "timeout", "run_timeout", "env", "env_mode", "sandbox", "idempotency_key",
        "labels", "metadata", "priority", "secrets",
    ]
    /// Members of the design that this version does not carry out: ignoring them would be a lie.
    private static let planned = ["retry", "guards"]

    private var validator = JSONValidator()
    /// Where in its bytes the last document was found not to be JSON; nil if it was JSON.
    package private(set) var faultOffset: Int?

    package init() {}

    /// Parses one document.
    /// - Parameter defaultID: the id of a task that names none.
    package mutating func parse(
        _ bytes: UnsafeBufferPointer<UInt8>,
        defaultID: String
    ) throws(Failure) -> TaskSpec {
        faultOffset = nil
        do {
            try validator.validate(bytes)
            var reader = JSONReader(bytes)
            let kind = try reader.peek()
            guard kind == .object else {
                throw Self.invalid(
                    "not_an_object",
                    "a task is a JSON object, not \(try Self.found(&reader))",
                    hint: kind == .array
                        ? "write one task a line, without [ ] around them and without commas between them"
                        : "such as \(Self.example)"
                )
            }
            return try Self.task(&reader, defaultID)
        } catch let failure as Failure {
            throw failure
        } catch let error as JSONError {
            faultOffset = error.offset
            throw Self.invalid(
                "invalid_json",
                "not JSON: \(error.reason), at byte \(error.offset + 1)",
                hint: JSONAdvice.hint(for: error, in: bytes)
            )
        } catch {
            throw Self.invalid("invalid_json", "not JSON: \(error)")
        }
    }

    private static let example = #"{"id": "t1", "executor": "command", "payload": {"command": "true"}}"#

    private static func task(_ reader: inout JSONReader, _ defaultID: String) throws -> TaskSpec {
        var spec = TaskSpec(id: defaultID, executor: "", payload: [])
        var executor: String?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = reader.string(of: key)
            let pointer = JSONPointer.root.member(name)
            switch name {
            case "payload":
                let range = try reader.skipValue()
                spec.payload = Array(reader.bytes(in: range))
                spec.isPayloadChecked = true
            case "executor", "type":
                guard executor == nil else {
                    throw invalid(
                        "ambiguous_executor",
                        "both executor and type are given",
                        pointer,
                        hint: "keep executor"
                    )
                }
                executor = try Self.executor(&reader, pointer)
            default: try member(name, pointer, &reader, &spec)
            }
        }
        guard let executor else {
            throw invalid(
                "missing_member",
                "executor is missing: say which executor the task is for",
                JSONPointer("/executor"),
                hint: "such as \"executor\": \"command\"; `ostler plugin list` shows which there are"
            )
        }
        spec.executor = executor
        guard !spec.payload.isEmpty else {
            throw invalid(
                "missing_member",
                "payload is missing: say what the executor is to do",
                JSONPointer("/payload"),
                hint: "such as \"payload\": {\"command\": \"true\"}"
            )
        }
        if let fault = spec.nestingFault { throw fault }
        return spec
    }

    private static func member(
        _ name: String,
        _ pointer: JSONPointer,
        _ reader: inout JSONReader,
        _ spec: inout TaskSpec
    ) throws {
        switch name {
        case "id": spec.id = try identifier(&reader, pointer)
        case "timeout": spec.timeout = try duration(&reader, pointer)
        case "run_timeout": spec.runTimeout = try duration(&reader, pointer)
        case "env": spec.environment = try environment(&reader, pointer)
        case "secrets": spec.secrets = try secrets(&reader, pointer)
        case "labels": spec.labels = try strings(&reader, pointer)
        case "metadata": spec.metadata = try strings(&reader, pointer)
        case "idempotency_key": spec.idempotencyKey = try text(&reader, pointer)
        case "priority": spec.priority = try integer(&reader, pointer)
        case "env_mode":
            let word = try text(&reader, pointer)
            guard let mode = TaskSpec.EnvironmentMode(rawValue: word) else {
                let known = TaskSpec.EnvironmentMode.allCases.map(\.rawValue)
                throw invalid(
                    "not_in_enum",
                    "env_mode must be \(known.joined(separator: " or ")), not \(Quotation.text(word))"
                        + Suggestion.clause(for: word, in: known),
                    pointer
                )
            }
            spec.environmentMode = mode
        case "sandbox": spec.sandbox = try sandbox(&reader, pointer)
        default: throw unknown(name, pointer)
        }
    }

    private static func unknown(_ name: String, _ pointer: JSONPointer) -> Failure {
        guard !planned.contains(name) else {
            return invalid("unsupported_member", "\(name) is not supported by this version", pointer)
        }
        let near = Suggestion.nearest(to: name, in: known)
        return invalid(
            "unknown_member",
            "unknown member \(Quotation.text(name))" + Suggestion.clause(for: name, in: known),
            pointer,
            hint: near == nil ? "a task has: \(known.joined(separator: ", "))" : nil
        )
    }

    static func invalid(
        _ code: String,
        _ message: String,
        _ pointer: JSONPointer? = nil,
        hint: String? = nil
    ) -> Failure {
        Failure(code, fault: .user, message: message, pointer: pointer, hint: hint)
    }
}
