public import OstlerJSON

/// Decodes JSON without Foundation. Whatever the type refuses is told with the pointer of its place.
struct PayloadDecoder: Decoder {
    let value: JSONValue
    let codingPath: [any CodingKey]
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    /// - Throws: ``TaskFailed`` with the code `invalid_payload`.
    static func decode<T: Decodable>(_ type: T.Type, from json: [UInt8], at root: JSONPointer) throws -> T {
        let value: JSONValue
        do {
            value = try JSONValue(parsing: json)
        } catch {
            throw TaskFailed(refusing: "\(error.reason), at byte \(error.offset)", at: root)
        }
        return try decode(type, from: value, at: root)
    }

    static func decode<T: Decodable>(_ type: T.Type, from value: JSONValue, at root: JSONPointer) throws -> T {
        do {
            return try PayloadDecoder(value: value, codingPath: []).decode(type)
        } catch let error as DecodingError {
            let (path, reason) = error.place
            throw TaskFailed(refusing: reason, at: path.reduce(root) { $0.step($1) })
        }
    }

    /// The value here as a type; a document of any form is taken as it is.
    func decode<T: Decodable>(_ type: T.Type) throws -> T {
        if let value = value as? T { return value }
        return try T(from: self)
    }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard let members = value.object else { throw mismatch("an object") }
        return KeyedDecodingContainer(PayloadMembers(members: members, codingPath: codingPath))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard let elements = value.array else { throw mismatch("an array") }
        return PayloadElements(elements: elements, codingPath: codingPath)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { PayloadScalar(decoder: self) }

    // MARK: Scalars

    func string() throws -> String {
        guard let string = value.string else { throw mismatch("a string") }
        return string
    }

    func bool() throws -> Bool {
        guard let bool = value.bool else { throw mismatch("a boolean") }
        return bool
    }

    func double() throws -> Double {
        guard let number = value.number else { throw mismatch("a number") }
        return number.double
    }

    func integer<T: FixedWidthInteger>() throws -> T {
        guard value.number != nil else { throw mismatch("a number") }
        guard let whole = value.int, let integer = T(exactly: whole) else {
            throw refusal("not a whole number from \(T.min) to \(T.max)")
        }
        return integer
    }

    func refusal(_ reason: String) -> DecodingError {
        .dataCorrupted(DecodingError.Context(codingPath: codingPath, debugDescription: reason))
    }

    private func mismatch(_ wanted: String) -> DecodingError {
        refusal("expected \(wanted), found \(value.typeName)")
    }
}

/// A value whose form the type knows nothing of.
struct PayloadScalar: SingleValueDecodingContainer {
    let decoder: PayloadDecoder
    var codingPath: [any CodingKey] { decoder.codingPath }

    func decodeNil() -> Bool { if case .null = decoder.value { true } else { false } }
    func decode(_ type: Bool.Type) throws -> Bool { try decoder.bool() }
    func decode(_ type: String.Type) throws -> String { try decoder.string() }
    func decode(_ type: Double.Type) throws -> Double { try decoder.double() }
    func decode(_ type: Float.Type) throws -> Float { Float(try decoder.double()) }
    func decode(_ type: Int.Type) throws -> Int { try decoder.integer() }
    func decode(_ type: Int8.Type) throws -> Int8 { try decoder.integer() }
    func decode(_ type: Int16.Type) throws -> Int16 { try decoder.integer() }
    func decode(_ type: Int32.Type) throws -> Int32 { try decoder.integer() }
    func decode(_ type: Int64.Type) throws -> Int64 { try decoder.integer() }
    func decode(_ type: UInt.Type) throws -> UInt { try decoder.integer() }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try decoder.integer() }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try decoder.integer() }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try decoder.integer() }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try decoder.integer() }
    func decode<T: Decodable>(_ type: T.Type) throws -> T { try decoder.decode(type) }
}

extension TaskFailed {
    init(refusing reason: String, at place: JSONPointer) {
        self.init(
            "invalid payload at \(place): \(reason)",
            code: "invalid_payload",
            fault: .user,
            sideEffects: .none,
            pointer: place.description,
            hint: "the schema in plugin.yaml should refuse it before",
            exitCode: -1
        )
    }
}

extension JSONPointer {
    /// One step down, by name or by number.
    fileprivate func step(_ key: any CodingKey) -> JSONPointer {
        key.intValue.map { element($0) } ?? member(key.stringValue)
    }
}

extension DecodingError {
    /// Where it happened and what is wrong, in one clause.
    fileprivate var place: (path: [any CodingKey], reason: String) {
        switch self {
        case .keyNotFound(let key, let context): (context.codingPath, "\"\(key.stringValue)\" is missing")
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            (context.codingPath, context.debugDescription)
        @unknown default: ([], "\(self)")
        }
    }
}

/// A document of any form can be asked for in place of a type of one's own.
extension JSONValue: Decodable {
    public init(from decoder: any Decoder) throws {
        guard let decoder = decoder as? PayloadDecoder else {
            let context = DecodingError.Context(codingPath: decoder.codingPath, debugDescription: "not a payload")
            throw DecodingError.dataCorrupted(context)
        }
        self = decoder.value
    }
}
