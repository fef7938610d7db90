internal import OstlerJSON
package import OstlerProtocol

/// Reads a task from JSON strictly: what it does not know it refuses, with a pointer and a suggestion.
package struct TaskSpecParser: Sendable {
    private static let known = [
        "id", "executor", "type", "payload", "timeout", "run_timeout", "env", "env_mode", "sandbox", "idempotency_key",
        "labels", "metadata", "priority", "secrets", "guards", "traceparent",
    ]

    /// What a task is read for.
    package enum Purpose: Sendable {
        /// To be run at once: what is said to a queue is refused, since nobody would do it.
        case run
        case queue
        /// To be applied as part of a manifest, which alone may hand on the caller's environment.
        case resource
    }

    private let purpose: Purpose
    private var validator = JSONValidator()
    /// Where in its bytes the last document was found not to be JSON; nil if it was JSON.
    package private(set) var faultOffset: Int?

    package init(for purpose: Purpose = .run) {
        self.purpose = purpose
    }

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
            return try task(&reader, defaultID)
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

    private func task(_ reader: inout JSONReader, _ defaultID: String) throws -> TaskSpec {
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
                    throw Self.invalid(
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
            throw Self.invalid(
                "missing_member",
                "executor is missing: say which executor the task is for",
                JSONPointer("/executor"),
                hint: "such as \"executor\": \"command\"; `ostler plugin list` shows which there are"
            )
        }
        spec.executor = executor
        guard !spec.payload.isEmpty else {
            throw Self.invalid(
                "missing_member",
                "payload is missing: say what the executor is to do",
                JSONPointer("/payload"),
                hint: "such as \"payload\": {\"command\": \"true\"}"
            )
        }
        if let fault = spec.nestingFault { throw fault }
        return spec
    }

    private func member(
        _ name: String,
        _ pointer: JSONPointer,
        _ reader: inout JSONReader,
        _ spec: inout TaskSpec
    ) throws {
        switch name {
        case "id": spec.id = try Self.identifier(&reader, pointer)
        case "timeout": spec.timeout = try Self.duration(&reader, pointer)
        case "run_timeout": spec.runTimeout = try Self.duration(&reader, pointer)
        case "env": spec.environment = try Self.environment(&reader, pointer)
        case "secrets": spec.secrets = try Self.secrets(&reader, pointer)
        case "labels": spec.labels = try Self.strings(&reader, pointer)
        case "metadata": spec.metadata = try Self.strings(&reader, pointer)
        case "idempotency_key": spec.idempotencyKey = try Self.text(&reader, pointer)
        case "traceparent": spec.traceparent = try Self.text(&reader, pointer)
        case "priority": spec.priority = try Self.integer(&reader, pointer)
        case "env_mode":
            let word = try Self.text(&reader, pointer)
            let modes = TaskSpec.EnvironmentMode.allCases + (purpose == .resource ? [.inherit] : [])
            guard let mode = modes.first(where: { $0.rawValue == word }) else {
                let known = modes.map(\.rawValue)
                throw Self.invalid(
                    "not_in_enum",
                    "env_mode must be \(known.joined(separator: " or ")), not \(Quotation.text(word))"
                        + Suggestion.clause(for: word, in: known),
                    pointer
                )
            }
            spec.environmentMode = mode
        case "sandbox": spec.sandbox = try Self.sandbox(&reader, pointer)
        case "guards":
            let guards = try reader.null() ? TaskGuards() : try TaskGuards(reading: &reader, at: pointer)
            spec.guards = guards.isEmpty ? nil : guards
        case _ where members(ofRequest: purpose).contains(name):
            var request = spec.queueing ?? QueueRequest()
            try Self.queueMember(name, pointer, &reader, &request)
            spec.queueing = request
        default: throw unknown(name, pointer)
        }
    }

    /// What may be said of a task's tries, and where there is a queue, to it.
    private func members(ofRequest purpose: Purpose) -> [String] {
        purpose == .queue ? QueueRequest.members : ["retry"]
    }

    private func unknown(_ name: String, _ pointer: JSONPointer) -> Failure {
        guard !QueueRequest.members.contains(name) else {
            return Self.invalid(
                "queue_member",
                "\(name) is for a queue, and this task would be run at once",
                pointer,
                hint: "hand it to `ostler submit`, or leave \(name) out"
            )
        }
        let known = Self.known + members(ofRequest: purpose)
        let near = Suggestion.nearest(to: name, in: known)
        return Self.invalid(
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
