import OstlerJSON

/// A value in a box of its own, so that passing it around costs one reference.
final class Frozen<Value: Sendable>: Sendable {
    let value: Value

    init(_ value: Value) {
        self.value = value
    }
}

/// The types of JSON Schema as a set; a whole number is of two.
struct SchemaTypes: OptionSet, Sendable {
    let rawValue: UInt8
    static let null = SchemaTypes(rawValue: 1)
    static let boolean = SchemaTypes(rawValue: 2)
    static let object = SchemaTypes(rawValue: 4)
    static let array = SchemaTypes(rawValue: 8)
    static let string = SchemaTypes(rawValue: 16)
    static let number = SchemaTypes(rawValue: 32)
    static let integer = SchemaTypes(rawValue: 64)
    static let all = SchemaTypes(rawValue: 127)

    init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// The type of what stands there; a number may be whole besides.
    init(_ kind: JSONReader.Kind) {
        self =
            switch kind {
            case .object: .object
            case .array: .array
            case .string: .string
            case .number: .number
            case .bool: .boolean
            case .null: .null
            }
    }

    static let names: [(name: String, type: SchemaTypes)] = [
        ("null", .null), ("boolean", .boolean), ("object", .object), ("array", .array), ("string", .string),
        ("number", .number), ("integer", .integer),
    ]

    /// `a string`, `an object or null`.
    var phrase: String {
        let words = Self.names.filter { contains($0.type) }.map { name, _ in
            name == "null" ? name : ("aeio".contains(name.prefix(1)) ? "an " : "a ") + name
        }
        return words.count < 2
            ? words.joined() : words.dropLast().joined(separator: ", ") + " or " + words[words.count - 1]
    }
}

/// Which values `const` or `enum` allows, sorted by type.
struct ValueRules: Sendable {
    let all: [JSONValue]
    let isConstant: Bool
    private(set) var strings = NameTable()
    private(set) var numbers: [JSONNumber] = []
    private(set) var containers: [JSONValue] = []
    private(set) var simple: SchemaTypes = []
    private(set) var booleans: Set<Bool> = []

    init(_ values: [JSONValue], isConstant: Bool) {
        all = values
        self.isConstant = isConstant
        for value in values {
            switch value {
            case .null: simple.insert(.null)
            case .bool(let value): booleans.insert(value)
            case .number(let number): numbers.append(number)
            case .string(let string): strings.insert(string)
            case .array, .object: containers.append(value)
            }
        }
        strings.seal()
    }
}

struct NumberRules: Sendable {
    var minimum: JSONNumber?
    var maximum: JSONNumber?
    var exclusiveMinimum: JSONNumber?
    var exclusiveMaximum: JSONNumber?
    var multipleOf: Decimal?
}

struct StringRules: Sendable {
    var minLength = 0
    var maxLength = Int.max
    var pattern: PatternProgram?
}

struct ArrayRules: Sendable {
    var minItems = 0
    var maxItems = Int.max
    var unique = false
    var prefix: [Int] = []
    var items: Int?
    var contains: Int?
    var minContains = 1
    var maxContains = Int.max
}

struct ObjectRules: Sendable {
    /// Every name that some keyword speaks about; what follows is indexed by its number.
    var names = NameTable()
    /// The schema of `properties`, or -1.
    var schemas: [Int] = []
    var required: [Int] = []
    /// The same as bits, if all numbers are below 64.
    var requiredBits: UInt64 = 0
    var dependentRequired: [(name: Int, needs: [Int])] = []
    var dependentSchemas: [(name: Int, schema: Int)] = []
    var patterns: [(pattern: PatternProgram, schema: Int)] = []
    var additional: Int?
    var propertyNames: Int?
    var minProperties = 0
    var maxProperties = Int.max

    /// The number of a name, which gets its place if it is new.
    mutating func slot(_ name: String) -> Int {
        let number = names.insert(name)
        if number == schemas.count { schemas.append(-1) }
        return number
    }
}

/// The keywords that apply other schemas to the same value.
struct InPlaceRules: Sendable {
    var all: [Int] = []
    var dynamic: DynamicReference?
    var any: [Int] = []
    var one: [Int] = []
    var not: Int?
    var condition: Int?
    var then: Int?
    var otherwise: Int?

    var isEmpty: Bool {
        all.isEmpty && dynamic == nil && any.isEmpty && one.isEmpty && not == nil && condition == nil
    }

    /// The schemas that are always, or may be, applied to the same value.
    var edges: [Int] {
        all + any + one + [dynamic?.fallback, not, condition, then, otherwise].compactMap(\.self)
    }
}

/// A `$dynamicRef`: the outermost resource in scope that has the anchor wins.
struct DynamicReference: Sendable {
    let anchor: String
    let fallback: Int
}

/// One schema, compiled. Other schemas are known by their number.
struct SchemaRules: Sendable {
    /// The schema `false`.
    var isNever = false
    /// Set if the schema says nothing but "as that one".
    var alias: Int?
    /// Set if nothing but the type counts.
    var isTypeOnly = false
    var types: SchemaTypes = .all
    var constant: Frozen<ValueRules>?
    var enumeration: Frozen<ValueRules>?
    var number: Frozen<NumberRules>?
    var string: Frozen<StringRules>?
    var array: Frozen<ArrayRules>?
    var object: Frozen<ObjectRules>?
    var inPlace: Frozen<InPlaceRules>?
    var unevaluatedItems: Int?
    var unevaluatedProperties: Int?
    /// Keywords that are not JSON Schema's.
    var annotations: [(name: String, value: JSONValue)] = []
}

/// A schema at its place in its document.
final class SchemaNode: Sendable {
    let rules: SchemaRules
    /// The number of the resource (the part of a document with its own `$id`) that it stands in.
    let resource: Int
    /// Where it stands in the document.
    let pointer: JSONPointer
    let source: JSONValue

    init(_ rules: SchemaRules, resource: Int, pointer: JSONPointer, source: JSONValue) {
        self.rules = rules
        self.resource = resource
        self.pointer = pointer
        self.source = source
    }
}

/// All schemas that a document reaches.
final class SchemaProgram: Sendable {
    let nodes: [SchemaNode]
    /// By resource: the schemas that `$dynamicAnchor` names.
    let dynamicAnchors: [[String: Int]]
    /// Whether any `$dynamicRef` needs to know through which resources the walk came.
    let isDynamic: Bool
    /// The names of all annotations.
    let annotationNames: Set<String>

    init(nodes: [SchemaNode], dynamicAnchors: [[String: Int]]) {
        self.nodes = nodes
        self.dynamicAnchors = dynamicAnchors
        isDynamic = nodes.contains { $0.rules.inPlace?.value.dynamic != nil }
        annotationNames = Set(nodes.flatMap { $0.rules.annotations.map(\.name) })
    }
}
