internal import OstlerJSON
internal import OstlerSchema

/// Makes payloads that a schema allows. It knows the common keywords; what they leave open the schema itself decides,
/// so a payload that is given out is always valid.
struct PayloadGenerator {
    private let schema: JSONValue
    private var chance: SplitMix
    private static let deepest = 8

    init(_ schema: JSONValue, seed: UInt64) {
        self.schema = schema
        chance = SplitMix(state: seed)
    }

    /// Up to `count` different payloads; fewer if the schema is hard to guess.
    mutating func payloads(_ count: Int, validBy compiled: CompiledSchema) -> [JSONValue] {
        var found: [JSONValue] = []
        for _ in 0..<count * 20 where found.count < count {
            let payload = value(schema, depth: 0)
            guard !found.contains(payload), compiled.validate(Array(payload.text.utf8)).isEmpty else { continue }
            found.append(payload)
        }
        return found
    }

    private mutating func value(_ schema: JSONValue, depth: Int) -> JSONValue {
        guard depth < Self.deepest, schema.object != nil else { return .null }
        if let constant = schema["const"] { return constant }
        if let choices = schema["enum"]?.array, let choice = choices.randomElement(using: &chance) { return choice }
        if let reference = schema["$ref"]?.string, let target = target(of: reference) {
            return value(target, depth: depth + 1)
        }
        for key in ["oneOf", "anyOf"] {
            guard let branch = schema[key]?.array?.randomElement(using: &chance) else { continue }
            return value(merged(schema, branch, without: key), depth: depth + 1)
        }
        if let parts = schema["allOf"]?.array {
            let whole = parts.reduce(without("allOf", schema)) { merged($0, $1, without: "") }
            return value(whole, depth: depth + 1)
        }
        switch type(of: schema) {
        case "object": return object(schema, depth: depth)
        case "array": return array(schema, depth: depth)
        case "string": return text(schema)
        case "integer": return .number(.int(Int64(number(schema, step: 1))))
        case "number": return .number(.double(number(schema, step: 0.5)))
        case "boolean": return .bool(Bool.random(using: &chance))
        default: return .null
        }
    }

    private mutating func type(of schema: JSONValue) -> String {
        if let type = schema["type"]?.string { return type }
        if let types = schema["type"]?.array?.compactMap(\.string), let type = types.randomElement(using: &chance) {
            return type
        }
        if schema["properties"] != nil || schema["required"] != nil { return "object" }
        return schema["items"] != nil ? "array" : "string"
    }

    private mutating func object(_ schema: JSONValue, depth: Int) -> JSONValue {
        let required = schema["required"]?.array?.compactMap(\.string) ?? []
        var members = JSONObject()
        for (name, property) in schema["properties"]?.object?.members ?? [] {
            guard required.contains(name) || Bool.random(using: &chance) else { continue }
            members[name] = value(property, depth: depth + 1)
        }
        for name in required where members[name] == nil { members[name] = text([:]) }
        return .object(members)
    }

    private mutating func array(_ schema: JSONValue, depth: Int) -> JSONValue {
        let least = Int(schema["minItems"]?.number?.double ?? 0)
        let most = min(Int(schema["maxItems"]?.number?.double ?? Double(least + 3)), least + 3)
        let items = schema["items"] ?? ["type": "string"]
        return .array(
            (0..<Int.random(in: least...max(least, most), using: &chance)).map { _ in
                value(items, depth: depth + 1)
            }
        )
    }

    private mutating func text(_ schema: JSONValue) -> JSONValue {
        let least = Int(schema["minLength"]?.number?.double ?? 0)
        let most = min(Int(schema["maxLength"]?.number?.double ?? Double(least + 12)), least + 12)
        let alphabet = Array("abcxyz019 -_./äß€😀\"\\")
        let length = Int.random(in: least...max(least, most), using: &chance)
        return .string(String((0..<length).map { _ in alphabet.randomElement(using: &chance) ?? "a" }))
    }

    private mutating func number(_ schema: JSONValue, step: Double) -> Double {
        let step = schema["multipleOf"]?.number?.double ?? step
        func bound(_ name: String) -> Double? { schema[name]?.number?.double }
        let low = bound("minimum") ?? bound("exclusiveMinimum").map { $0 + step }
        let high = bound("maximum") ?? bound("exclusiveMaximum").map { $0 - step }
        let least = low ?? high.map { $0 - 100 } ?? 0
        let steps = min(max(0, ((high ?? least + 100) - least) / step), 1000).rounded(.down)
        return (least / step).rounded(.up) * step + Double(Int.random(in: 0...Int(steps), using: &chance)) * step
    }

    /// What `#/$defs/name` leads to.
    private func target(of reference: String) -> JSONValue? {
        guard reference.hasPrefix("#/") else { return nil }
        return reference.dropFirst(2).split(separator: "/").reduce(schema as JSONValue?) { $0?[String($1)] }
    }

    private func without(_ key: String, _ schema: JSONValue) -> JSONValue {
        var object = schema.object ?? JSONObject()
        object[key] = nil
        return .object(object)
    }

    /// Both schemas' keywords; where both have one the later holds, but for properties, which are joined.
    private func merged(_ first: JSONValue, _ second: JSONValue, without key: String) -> JSONValue {
        var object = without(key, first).object ?? JSONObject()
        for (name, value) in second.object?.members ?? [] {
            switch name {
            case "properties":
                var properties = object[name]?.object ?? JSONObject()
                for (property, schema) in value.object?.members ?? [] { properties[property] = schema }
                object[name] = .object(properties)
            case "required": object[name] = .array((object[name]?.array ?? []) + (value.array ?? []))
            default: object[name] = value
            }
        }
        return .object(object)
    }
}

/// Chance that is the same for the same seed (SplitMix64), so that a payload that failed can be tried again.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var mixed = state
        mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
        mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
        return mixed ^ (mixed >> 31)
    }
}
