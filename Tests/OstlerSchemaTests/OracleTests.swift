import OstlerJSON
import OstlerSchema
import OstlerTestSupport
import Testing

/// Makes schemas and payloads from few names and few values, so that they often have to do with each other.
private struct SchemaGenerator {
    var random: SeededGenerator

    private mutating func number(_ range: ClosedRange<Int>) -> Int { Int.random(in: range, using: &random) }

    private mutating func chance(_ percent: Int) -> Bool { number(1...100) <= percent }

    private mutating func name() -> String { ["a", "b", "c", "dd", "é", "x\"y"].randomElement(using: &random) ?? "a" }

    private mutating func names() -> [String] { (0..<number(1...3)).map { _ in name() } }

    mutating func payload(_ depth: Int = 3) -> JSONValue {
        switch number(0...(depth > 0 ? 8 : 5)) {
        case 0: return .null
        case 1: return .bool(chance(50))
        case 2, 3: return .number(.int(Int64(number(-3...3))))
        case 4: return .number(.double(Double(number(-6...6)) / 2))
        case 5: return .string(name())
        case 6: return .array((0..<number(0...3)).map { _ in payload(depth - 1) })
        default:
            var object = JSONObject()
            for _ in 0..<number(0...3) { object[name()] = payload(depth - 1) }
            return .object(object)
        }
    }

    mutating func schema(_ depth: Int = 3) -> JSONValue {
        if chance(8) { return .bool(chance(70)) }
        var object = JSONObject()
        for _ in 0..<number(1...3) { add(&object, depth) }
        return .object(object)
    }

    private mutating func add(_ object: inout JSONObject, _ depth: Int) {
        switch number(0...(depth > 0 ? 19 : 8)) {
        case 0, 1: object["type"] = type()
        case 2: object["const"] = payload(1)
        case 3: object["enum"] = .array((0..<number(1...4)).map { _ in payload(1) })
        case 4: object[chance(50) ? "minimum" : "maximum"] = .number(.int(Int64(number(-2...2))))
        case 5: object[chance(50) ? "minLength" : "maxLength"] = .number(.int(Int64(number(0...3))))
        case 6: object["required"] = .array(names().map { .string($0) })
        case 7: object[chance(50) ? "minItems" : "maxItems"] = .number(.int(Int64(number(0...3))))
        case 8: object[chance(50) ? "minProperties" : "maxProperties"] = .number(.int(Int64(number(0...3))))
        case 9: object["uniqueItems"] = true
        case 10, 11, 12:
            var properties = JSONObject()
            for name in names() { properties[name] = schema(depth - 1) }
            object["properties"] = .object(properties)
        case 13: object["additionalProperties"] = schema(depth - 1)
        case 14: object["items"] = schema(depth - 1)
        case 15: object["prefixItems"] = .array((0..<number(1...2)).map { _ in schema(depth - 1) })
        case 16: object[chance(50) ? "contains" : "propertyNames"] = schema(depth - 1)
        case 17:
            let keyword = ["allOf", "anyOf", "oneOf"].randomElement(using: &random) ?? "allOf"
            object[keyword] = .array((0..<number(1...3)).map { _ in schema(depth - 1) })
        case 18: object[chance(50) ? "not" : "$ref"] = chance(50) ? schema(depth - 1) : nil
        default:
            object["if"] = schema(depth - 1)
            object["then"] = schema(depth - 1)
            object["else"] = schema(depth - 1)
        }
        if object["$ref"] != nil { object["$ref"] = .string("#/$defs/d\(number(0...1))") }
    }

    private mutating func type() -> JSONValue {
        let names = ["null", "boolean", "object", "array", "string", "number", "integer"]
        let some = (0..<number(1...3)).map { _ in JSONValue.string(names.randomElement(using: &random) ?? "null") }
        return some.count == 1 ? some[0] : .array(some)
    }

    /// A schema with two definitions that others refer to; they refer to nothing themselves.
    mutating func document() -> JSONValue {
        var root = schema()
        if case .bool = root { root = ["allOf": [root]] }
        guard var object = root.object else { return root }
        object["$defs"] = ["d0": schema(0), "d1": schema(0)]
        return .object(object)
    }

    /// White space, escapes and the order of members at random.
    mutating func spelling(of value: JSONValue) -> String {
        func space() -> String { [" ", "", "\n\t"].randomElement(using: &random) ?? "" }
        switch value {
        case .array(let elements):
            return "[" + elements.map { space() + spelling(of: $0) }.joined(separator: " ,") + "]"
        case .object(let object):
            let members = object.members.shuffled(using: &random).map { key, value in
                space() + escaped(key) + space() + ":" + spelling(of: value)
            }
            return "{" + members.joined(separator: ",") + space() + "}"
        case .string(let text): return escaped(text)
        default: return value.text + space()
        }
    }

    private mutating func escaped(_ text: String) -> String {
        guard chance(30) else { return JSONValue.string(text).text }
        let units = text.utf16.map { unit in
            let digits = String(unit, radix: 16)
            return "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
        }
        return "\"" + units.joined() + "\""
    }
}

@Suite
struct OracleTests {
    @Test(arguments: 0..<30)
    func `the walker and a plain validator over trees agree`(_ seed: UInt64) throws {
        var generator = SchemaGenerator(random: SeededGenerator(seed: seed))
        for _ in 0..<40 {
            let document = generator.document()
            let schema = try CompiledSchema(compiling: document)
            let oracle = Oracle(root: document)
            for _ in 0..<20 {
                let payload = generator.payload()
                let found = schema.validate(Array(payload.text.utf8))
                #expect(found.isEmpty == oracle.accepts(payload), "\(document.text) \(payload.text) \(found)")
            }
        }
    }

    @Test(arguments: 1000..<1020)
    func `no spelling of a payload changes the verdict`(_ seed: UInt64) throws {
        var generator = SchemaGenerator(random: SeededGenerator(seed: seed))
        for _ in 0..<40 {
            let schema = try CompiledSchema(compiling: generator.document())
            for _ in 0..<10 {
                let payload = generator.payload()
                let plain = schema.validate(Array(payload.text.utf8))
                let spelled = schema.validate(Array(generator.spelling(of: payload).utf8))
                #expect(plain.isEmpty == spelled.isEmpty)
                if plain.count < 64 { #expect(Set(plain.map(\.code)) == Set(spelled.map(\.code))) }
            }
        }
    }

    @Test(arguments: 2000..<2020)
    func `every problem points to something that is there`(_ seed: UInt64) throws {
        var generator = SchemaGenerator(random: SeededGenerator(seed: seed))
        for _ in 0..<60 {
            let schema = try CompiledSchema(compiling: generator.document())
            let payload = generator.payload()
            for problem in schema.validate(Array(generator.spelling(of: payload).utf8)) {
                #expect(find(problem.pointer, in: payload) != nil, "\(payload.text) \(problem)")
                #expect(!problem.message.isEmpty)
            }
        }
    }

    private func find(_ pointer: JSONPointer, in payload: JSONValue) -> JSONValue? {
        pointer.description.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .reduce(Optional(payload)) { value, token in
                let key = token.replacing("~1", with: "/").replacing("~0", with: "~")
                return value?.array.flatMap { elements in Int(key).map { elements[$0] } } ?? value?[String(key)]
            }
    }
}
