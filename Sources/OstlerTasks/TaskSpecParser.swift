internal import OstlerJSON
package import OstlerProtocol

/// Reads a task from JSON strictly: what it does not know it refuses, with a pointer and a suggestion.
package struct TaskSpecParser: Sendable {
    private static let known = [
        "id", "executor", "type", "payload", "timeout", "env", "env_mode", "sandbox", "idempotency_key", "labels",
        "metadata", "priority",
    ]
    /// Members of the design that this version does not carry out: ignoring them would be a lie.
    private static let planned = ["retry", "guards", "secrets"]

    private var validator = JSONValidator()

    package init() {}

    /// Parses one document.
    /// - Parameter defaultID: the id of a task that names none.
    package mutating func parse(
        _ bytes: UnsafeBufferPointer<UInt8>,
        defaultID: String
    ) throws(Failure) -> TaskSpec {
        do {
            try validator.validate(bytes)
            var reader = JSONReader(bytes)
            guard try reader.peek() == .object else {
                throw Self.invalid("not_an_object", "a task is a JSON object such as \(Self.example)")
            }
            return try Self.task(&reader, defaultID)
        } catch let failure as Failure {
            throw failure
        } catch let error as JSONError {
            throw Self.invalid("invalid_json", "not JSON: \(error.reason), at byte \(error.offset + 1)")
        } catch {
            throw Self.invalid("invalid_json", "not JSON: \(error)")
        }
    }

    private static let example = #"{"id": "t1", "executor": "command", "payload": {"command": "true"}}"#

    private static func task(_ reader: inout JSONReader, _ defaultID: String) throws -> TaskSpec {
        var spec = TaskSpec(id: defaultID, executor: "", payload: [])
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
                guard spec.executor.isEmpty else {
                    throw invalid("ambiguous_executor", "both executor and type are given; keep executor", pointer)
                }
                spec.executor = try text(&reader, pointer)
            default: try member(name, pointer, &reader, &spec)
            }
        }
        guard !spec.executor.isEmpty else {
            throw invalid(
                "missing_member",
                "executor is missing: say which executor the task is for",
                JSONPointer("/executor")
            )
        }
        guard !spec.payload.isEmpty else {
            throw invalid("missing_member", "payload is missing", JSONPointer("/payload"))
        }
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
        case "env": spec.environment = try environment(&reader, pointer)
        case "labels": spec.labels = try strings(&reader, pointer)
        case "metadata": spec.metadata = try strings(&reader, pointer)
        case "idempotency_key": spec.idempotencyKey = try text(&reader, pointer)
        case "priority":
            guard try reader.peek() == .number, let priority = try reader.number().exactInteger else {
                throw invalid("wrong_type", "priority must be a whole number", pointer)
            }
            spec.priority = priority
        case "env_mode":
            let word = try text(&reader, pointer)
            guard let mode = TaskSpec.EnvironmentMode(rawValue: word) else {
                throw invalid("not_in_enum", "env_mode \"\(word)\" is not one of minimal, clean", pointer)
            }
            spec.environmentMode = mode
        case "sandbox": spec.sandbox = try sandbox(&reader, pointer)
        default:
            _ = try reader.skipValue()
            guard !planned.contains(name) else {
                throw invalid("unsupported_member", "\(name) is not supported by this version", pointer)
            }
            let hint = Suggestion.clause(for: name, in: known)
            throw invalid("unknown_member", "unknown member \"\(name)\"\(hint)", pointer)
        }
    }

    private static func sandbox(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> TaskSpec.SandboxRequest {
        guard try reader.peek() == .object else { throw invalid("wrong_type", "sandbox must be an object", pointer) }
        var request = TaskSpec.SandboxRequest()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = reader.string(of: key)
            guard name == "profile" else {
                let hint = Suggestion.clause(for: name, in: ["profile"])
                throw invalid("unknown_member", "unknown member \"\(name)\" of sandbox\(hint)", pointer.member(name))
            }
            request.profile = try text(&reader, pointer.member(name))
        }
        return request
    }

    private static func identifier(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> String {
        let id = try text(&reader, pointer)
        guard !id.isEmpty, id.utf8.count <= 200, id.utf8.allSatisfy({ $0 >= 0x20 && $0 != 0x7F }) else {
            throw invalid("invalid_id", "an id has 1 to 200 bytes and no control characters", pointer)
        }
        return id
    }

    private static func text(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> String {
        guard try reader.peek() == .string else {
            throw invalid("wrong_type", "\(pointer) must be a string", pointer)
        }
        return try reader.string()
    }

    private static func duration(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> Int64? {
        if try reader.null() { return nil }
        let word = try text(&reader, pointer)
        guard let milliseconds = try? DurationText.milliseconds(word), milliseconds > 0 else {
            throw invalid("invalid_duration", "\"\(word)\" is not a duration such as \(DurationText.forms)", pointer)
        }
        return milliseconds
    }

    private static func strings(
        _ reader: inout JSONReader,
        _ pointer: JSONPointer
    ) throws -> [(key: String, value: String)] {
        guard try reader.peek() == .object else {
            throw invalid("wrong_type", "\(pointer) must be an object of strings", pointer)
        }
        var members: [(key: String, value: String)] = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = reader.string(of: key)
            members.append((name, try text(&reader, pointer.member(name))))
        }
        return members
    }

    /// What the kernel would read otherwise than it was written is refused.
    private static func environment(
        _ reader: inout JSONReader,
        _ pointer: JSONPointer
    ) throws -> [(key: String, value: String)] {
        let members = try strings(&reader, pointer)
        for (name, value) in members {
            guard !name.isEmpty, !name.utf8.contains(where: { $0 == UInt8(ascii: "=") || $0 == 0 }) else {
                let rule = "the name of an environment variable must not be empty nor hold '=' or NUL"
                throw invalid("invalid_env", rule, pointer.member(name))
            }
            guard !value.utf8.contains(0) else {
                let rule = "the value of an environment variable must not hold NUL"
                throw invalid("invalid_env", rule, pointer.member(name))
            }
        }
        return members
    }

    private static func invalid(_ code: String, _ message: String, _ pointer: JSONPointer? = nil) -> Failure {
        Failure(code, fault: .user, message: message, pointer: pointer)
    }
}
