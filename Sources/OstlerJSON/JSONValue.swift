/// A number as JSON has it: exact where 64 bits can hold it, else a double.
public enum JSONNumber: Sendable, Equatable {
    case int(Int64)
    /// Above what ``int(_:)`` holds.
    case unsigned(UInt64)
    case double(Double)

    /// The nearest double.
    public var double: Double {
        switch self {
        case .int(let value): Double(value)
        case .unsigned(let value): Double(value)
        case .double(let value): value
        }
    }

    /// The value if it is a whole number in the range of 64 bits with a sign; `1.0` is whole.
    public var exactInteger: Int64? {
        switch self {
        case .int(let value): value
        case .unsigned: nil
        case .double(let value): Int64(exactly: value)
        }
    }

    /// Numbers are equal by value, so `1` equals `1.0`.
    public static func == (left: JSONNumber, right: JSONNumber) -> Bool {
        switch (left, right) {
        case (.int(let left), .int(let right)): left == right
        case (.unsigned(let left), .unsigned(let right)): left == right
        case (.int, .unsigned), (.unsigned, .int): false
        case (.int(let whole), .double(let other)), (.double(let other), .int(let whole)):
            Int64(exactly: other) == whole
        case (.unsigned(let whole), .double(let other)), (.double(let other), .unsigned(let whole)):
            UInt64(exactly: other) == whole
        case (.double(let left), .double(let right)): left == right
        }
    }
}

/// A JSON document as a tree, for what is read once (manifests, schemas, configs), not for hot paths.
public indirect enum JSONValue: Sendable {
    case null
    case bool(Bool)
    case number(JSONNumber)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)

    /// Parses one document strictly: RFC 8259, UTF-8, no duplicate keys, nothing behind it.
    public init(parsing bytes: [UInt8]) throws(JSONError) {
        self = try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> JSONValue in
            try JSONValue(parsing: buffer)
        }
    }

    /// Parses text; see ``init(parsing:)-(Array<UInt8>)``.
    public init(parsing text: String) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// Parses borrowed bytes; see ``init(parsing:)-(Array<UInt8>)``.
    public init(parsing buffer: UnsafeBufferPointer<UInt8>) throws(JSONError) {
        var validator = JSONValidator()
        try validator.validate(buffer)
        var reader = JSONReader(buffer)
        self = try JSONValue(reading: &reader)
    }

    /// Reads the value at a reader's cursor.
    public init(reading reader: inout JSONReader) throws(JSONError) {
        switch try reader.peek() {
        case .null:
            _ = try reader.null()
            self = .null
        case .bool: self = .bool(try reader.bool())
        case .number: self = .number(try reader.number())
        case .string: self = .string(try reader.string())
        case .array:
            var elements: [JSONValue] = []
            try reader.beginArray()
            while try reader.nextElement() { elements.append(try JSONValue(reading: &reader)) }
            self = .array(elements)
        case .object:
            var members = JSONObject()
            try reader.beginObject()
            while let key = try reader.nextKey() {
                members.append(reader.string(of: key), try JSONValue(reading: &reader))
            }
            self = .object(members)
        }
    }

    /// The name of the type as JSON Schema has it; a whole number is still "number".
    public var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "boolean"
        case .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }

    public var string: String? { if case .string(let value) = self { value } else { nil } }
    public var bool: Bool? { if case .bool(let value) = self { value } else { nil } }
    public var number: JSONNumber? { if case .number(let value) = self { value } else { nil } }
    public var int: Int64? { number?.exactInteger }
    public var array: [JSONValue]? { if case .array(let value) = self { value } else { nil } }
    public var object: JSONObject? { if case .object(let value) = self { value } else { nil } }

    /// The member of an object; nil for another type or an absent member.
    public subscript(key: String) -> JSONValue? { object?[key] }

    /// The document as compact JSON text.
    public var text: String {
        var writer = JSONWriter()
        writer.value(self)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension JSONValue: Equatable {
    /// Equal as JSON Schema has it: numbers by value, strings by code point, objects whatever their order.
    public static func == (left: JSONValue, right: JSONValue) -> Bool {
        switch (left, right) {
        case (.null, .null): true
        case (.bool(let left), .bool(let right)): left == right
        case (.number(let left), .number(let right)): left == right
        case (.string(let left), .string(let right)): left.utf8.elementsEqual(right.utf8)
        case (.array(let left), .array(let right)): left == right
        case (.object(let left), .object(let right)): left == right
        default: false
        }
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral, ExpressibleByBooleanLiteral,
    ExpressibleByArrayLiteral, ExpressibleByDictionaryLiteral
{
    public init(stringLiteral value: String) { self = .string(value) }
    public init(integerLiteral value: Int64) { self = .number(.int(value)) }
    public init(booleanLiteral value: Bool) { self = .bool(value) }
    public init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    public init(dictionaryLiteral elements: (String, JSONValue)...) { self = .object(JSONObject(elements)) }
}
