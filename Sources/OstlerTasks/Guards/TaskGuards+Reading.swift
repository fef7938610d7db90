package import OstlerJSON
package import OstlerProtocol

extension TaskGuards {
    /// The names of the members, each as it is best written.
    package static let members = [
        "creates", "onlyif", "unless", "refresh_only", "subscribe", "require", "control", "returns", "alias",
    ]

    /// Reads the members of one object, and nothing but them.
    /// - Parameter pointer: where the object stands, for messages.
    init(reading reader: inout JSONReader, at pointer: JSONPointer) throws {
        self.init()
        guard try reader.peek() == .object else { throw try TaskSpecParser.wrongType("an object", &reader, pointer) }
        var seen: Set<String> = []
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = reader.string(of: key)
            let place = pointer.member(name)
            guard try take(name, &reader, at: place, seen: &seen) else {
                throw TaskSpecParser.unknown(name, of: "guards", Self.members, place)
            }
        }
        for (name, command) in [("onlyif", onlyif), ("unless", unless)] {
            do throws(Failure) {
                _ = try command?.arguments()
            } catch {
                var failure = error
                failure.pointer = pointer.member(name)
                throw failure
            }
        }
    }

    /// Takes a member out of an object that has others beside. A null is as if the member were not there. Lines of
    /// commands are taken as they are: who knows how they will be read checks them, with ``GuardCommand/arguments()``.
    /// - Parameters:
    ///   - pointer: where the value stands, for messages.
    ///   - seen: the members of this object so far, by their best names.
    /// - Returns: false if the member is no guard.
    package mutating func take(
        _ name: String,
        _ value: JSONValue,
        at pointer: JSONPointer,
        seen: inout Set<String>
    ) throws(Failure) -> Bool {
        guard Self.best(name) != nil else { return false }
        let text = Array(value.text.utf8)
        do {
            return try text.withUnsafeBufferPointer { buffer in
                var reader = JSONReader(buffer)
                return try take(name, &reader, at: pointer, seen: &seen)
            }
        } catch let failure as Failure {
            throw failure
        } catch {
            throw TaskSpecParser.invalid("invalid_json", "\(error)", pointer)
        }
    }

    private mutating func take(
        _ name: String,
        _ reader: inout JSONReader,
        at pointer: JSONPointer,
        seen: inout Set<String>
    ) throws -> Bool {
        guard let member = Self.best(name) else { return false }
        if try reader.null() { return true }
        guard seen.insert(member).inserted else {
            let message = "both refresh_only and refreshonly are given"
            throw TaskSpecParser.invalid("ambiguous_member", message, pointer, hint: "keep refresh_only")
        }
        switch member {
        case "creates": creates = try Self.path(&reader, pointer)
        case "onlyif": onlyif = try Self.command(&reader, pointer)
        case "unless": unless = try Self.command(&reader, pointer)
        case "refresh_only": refreshOnly = try Self.boolean(&reader, pointer)
        case "subscribe": subscribe = try Self.references(&reader, pointer)
        case "require": require = try Self.references(&reader, pointer)
        case "control": control = try Self.control(&reader, pointer)
        case "returns": returns = try Self.codes(&reader, pointer)
        default: alias = try Self.alias(&reader, pointer)
        }
        return true
    }

    /// The best name of a member; nil if it is no guard.
    private static func best(_ name: String) -> String? {
        // The other spelling of the two is as good.
        let member = name == "refreshonly" ? "refresh_only" : name
        return members.contains(member) ? member : nil
    }

    // MARK: Values

    private static func path(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> String {
        let path = try TaskSpecParser.text(&reader, pointer)
        guard !path.isEmpty, !path.utf8.contains(0) else {
            throw TaskSpecParser.invalid("invalid_path", "creates must be a path, not empty and without NUL", pointer)
        }
        return path
    }

    private static func command(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> GuardCommand {
        switch try reader.peek() {
        case .string: return .line(try withoutNUL(try reader.string(), pointer))
        case .array:
            let words = try TaskSpecParser.list(&reader, pointer) { reader, place in
                try withoutNUL(try TaskSpecParser.text(&reader, place), place)
            }
            guard words.first?.isEmpty == false else {
                throw TaskSpecParser.invalid("invalid_guard_command", "empty guard command", pointer)
            }
            return .arguments(words)
        default: throw try TaskSpecParser.wrongType("a string or a list of strings", &reader, pointer)
        }
    }

    private static func withoutNUL(_ text: String, _ pointer: JSONPointer) throws -> String {
        guard !text.utf8.contains(0) else {
            throw TaskSpecParser.invalid("invalid_guard_command", "a command must not hold NUL", pointer)
        }
        return text
    }

    private static func boolean(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> Bool {
        switch try reader.peek() {
        case .bool: return try reader.bool()
        case .string:
            let text = try reader.string()
            throw TaskSpecParser.invalid(
                "wrong_type",
                "\(TaskSpecParser.name(of: pointer)) must be true or false, not the string \(Quotation.text(text))",
                pointer,
                hint: BooleanText.meant(by: text).map { "write \($0)" }
            )
        default: throw try TaskSpecParser.wrongType("true or false", &reader, pointer)
        }
    }

    private static func references(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> [GuardReference] {
        var references: [GuardReference] = []
        _ = try TaskSpecParser.list(&reader, pointer) { reader, place in
            let text = try TaskSpecParser.text(&reader, place)
            guard let reference = GuardReference(text) else {
                throw TaskSpecParser.invalid(
                    "invalid_reference",
                    "invalid \(pointer.lastToken) format \(Quotation.text(text, longest: 80)): it has exactly one #",
                    place,
                    hint: "write type#name, such as task#t1"
                )
            }
            references.append(reference)
            return text
        }
        return references
    }

    /// `true` and `false` may also be written as text, as the result of an expression would be.
    private static func control(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> Control {
        guard try reader.peek() == .object else { throw try TaskSpecParser.wrongType("an object", &reader, pointer) }
        var control = Control()
        try reader.beginObject()
        while let key = try reader.nextKey() {
            let name = reader.string(of: key)
            let place = pointer.member(name)
            guard ["if", "unless"].contains(name) else {
                throw TaskSpecParser.unknown(name, of: "control", ["if", "unless"], place)
            }
            if try reader.null() { continue }
            let value: Bool
            if try reader.peek() == .string {
                let text = try reader.string()
                guard let word = Bool(text) else {
                    throw TaskSpecParser.invalid(
                        "wrong_type",
                        "control.\(name) must be true or false, not the expression \(Quotation.text(text))",
                        place,
                        hint: "expressions are not evaluated: put a command into onlyif or unless"
                    )
                }
                value = word
            } else {
                value = try boolean(&reader, place)
            }
            if name == "if" { control.if = value } else { control.unless = value }
        }
        return control
    }

    private static func codes(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> ReturnCodes {
        var codes: [Int32] = []
        guard try reader.peek() == .array else {
            throw try TaskSpecParser.wrongType("a list of exit codes", &reader, pointer)
        }
        try reader.beginArray()
        while try reader.nextElement() {
            let place = pointer.element(codes.count)
            let number = try TaskSpecParser.integer(&reader, place)
            guard let code = Int32(exactly: number), ReturnCodes.range.contains(code) else {
                throw TaskSpecParser.invalid(
                    "out_of_range",
                    "an exit code is from 0 to 255, not \(number)",
                    place,
                    hint: "a death by signal and a time-out are never a success"
                )
            }
            codes.append(code)
        }
        return ReturnCodes(codes)
    }

    private static func alias(_ reader: inout JSONReader, _ pointer: JSONPointer) throws -> String {
        let alias = try TaskSpecParser.text(&reader, pointer)
        guard TaskSpec.isID(alias) else {
            let message = "an alias has 1 to 200 bytes and no control characters"
            throw TaskSpecParser.invalid("invalid_id", message, pointer)
        }
        guard !alias.contains("#") else {
            throw TaskSpecParser.invalid("invalid_id", "an alias must not hold #", pointer)
        }
        return alias
    }
}

extension JSONPointer {
    /// The name of the member that it leads to.
    fileprivate var lastToken: Substring {
        description[(description.lastIndex(of: "/") ?? description.startIndex)...].dropFirst()
    }
}
