internal import OstlerJSON
internal import OstlerProtocol

/// The values of a task's members: each throws what is wrong with it, with what would be right.
extension TaskSpecParser {
    static func executor(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> String {
        let name = try text(&reader, pointer)
        guard !name.isEmpty else {
            throw invalid(
                "invalid_executor",
                "\(self.name(of: pointer)) is empty: say which executor it is for",
                pointer
            )
        }
        return name
    }

    static func identifier(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> String {
        let id = try text(&reader, pointer)
        guard TaskSpec.isID(id) else { throw invalid("invalid_id", TaskSpec.idRule, pointer) }
        return id
    }

    static func text(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> String {
        guard try reader.peek() == .string else { throw try wrongType("a string", &reader, pointer) }
        return try reader.string()
    }

    static func integer(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> Int64 {
        guard try reader.peek() == .number else { throw try wrongType("a whole number", &reader, pointer) }
        let number = try reader.number()
        guard let integer = number.exactInteger else {
            let found = JSONValue.number(number).text
            throw invalid("wrong_type", "\(name(of: pointer)) must be a whole number of 64 bits, not \(found)", pointer)
        }
        return integer
    }

    static func duration(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> Int64? {
        if try reader.null() { return nil }
        let name = name(of: pointer)
        guard try reader.peek() == .string else {
            let what = "a duration such as \(DurationText.forms)"
            guard try reader.peek() == .number else { throw try wrongType(what, &reader, pointer) }
            let number = try reader.number()
            throw invalid(
                "wrong_type",
                "\(name) must be \(what), not the number \(JSONValue.number(number).text)",
                pointer,
                hint: number.exactInteger.map { "write \"\($0)s\" for seconds or \"\($0)ms\" for milliseconds" }
            )
        }
        do {
            let milliseconds = try DurationText.milliseconds(try reader.string())
            guard milliseconds > 0 else {
                let hint = "write null for no limit"
                throw invalid("invalid_duration", "\(name) must be longer than 0", pointer, hint: hint)
            }
            return milliseconds
        } catch let error as UnitTextError {
            throw invalid("invalid_duration", "\(name): \(error.description)", pointer)
        }
    }

    static func strings(
        _ reader: inout JSONReader,
        _ pointer: JSONPointer
    ) throws -> [(key: String, value: String)] {
        guard try reader.peek() == .object else { throw try wrongType("an object of strings", &reader, pointer) }
        var members: [(key: String, value: String)] = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = reader.string(of: key)
            members.append((name, try text(&reader, pointer.member(name))))
        }
        return members
    }

    /// What the kernel would read otherwise than it was written is refused.
    static func environment(
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

    static func wrongType(_ wanted: String, _ reader: inout JSONReader, _ pointer: JSONPointer) throws -> Failure {
        let kind = try reader.peek()
        let found = try found(&reader)
        let isScalar = kind == .number || kind == .bool
        return invalid(
            "wrong_type",
            "\(name(of: pointer)) must be \(wanted), not \(found)",
            pointer,
            hint: wanted == "a string" && isScalar ? "write it in quotes" : nil
        )
    }

    /// What stands at the cursor, in words.
    static func found(_ reader: inout JSONReader) throws -> String {
        switch try reader.peek() {
        case .object: "an object"
        case .array: "an array"
        case .string: "the string \(Quotation.text(try reader.string()))"
        case .number: "the number \(JSONValue.number(try reader.number()).text)"
        case .bool: try reader.bool() ? "true" : "false"
        case .null: "null"
        }
    }

    /// A place as a sentence names it: `env.PATH`.
    static func name(of pointer: JSONPointer) -> String { pointer.dotted }
}
