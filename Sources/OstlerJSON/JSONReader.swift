/// A cursor over JSON text that builds no tree and copies nothing until asked.
///
/// The reader is strict about everything that it looks at (RFC 8259 grammar, UTF-8, surrogate pairs). Duplicate keys
/// are the business of ``JSONValidator``, which is run once over a document before it is read.
/// The memory that it reads is borrowed: a reader must not outlive the closure that it was made in.
public struct JSONReader {
    /// How deep arrays and objects may nest.
    public static let maximumDepth = 64

    /// What kind of value begins at the cursor.
    public enum Kind: Sendable {
        case object
        case array
        case string
        case number
        case bool
        case null
    }

    @usableFromInline let base: UnsafePointer<UInt8>?
    @usableFromInline let end: Int
    /// Offset of the cursor from the start of the text.
    public package(set) var index: Int
    @usableFromInline var depth = 0
    /// One bit a level: whether the container at that level has had a member already.
    @usableFromInline var started: UInt64 = 0

    /// Starts at the first byte of `bytes`.
    public init(_ bytes: UnsafeBufferPointer<UInt8>) {
        base = bytes.baseAddress
        end = bytes.count
        index = 0
    }

    /// The byte at `offset`, which must be inside the text.
    @inline(__always)
    package func byte(_ offset: Int) -> UInt8 {
        base.unsafelyUnwrapped[offset]
    }

    @inline(__always)
    package func fail(_ code: JSONError.Code) -> JSONError {
        JSONError(index >= end && code == .unexpectedByte ? .unexpectedEnd : code, at: index)
    }

    @inline(__always)
    package mutating func skipWhitespace() {
        while index < end {
            let byte = byte(index)
            guard byte <= 0x20 else { return }
            guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
            index += 1
        }
    }

    /// Tells what begins at the cursor without moving past it.
    public mutating func peek() throws(JSONError) -> Kind {
        skipWhitespace()
        guard index < end else { throw fail(.unexpectedEnd) }
        switch byte(index) {
        case UInt8(ascii: "{"): return .object
        case UInt8(ascii: "["): return .array
        case UInt8(ascii: "\""): return .string
        case UInt8(ascii: "t"), UInt8(ascii: "f"): return .bool
        case UInt8(ascii: "n"): return .null
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return .number
        default: throw fail(.unexpectedByte)
        }
    }

    // MARK: Containers

    /// Enters an object; call ``nextKey()`` until it returns nil.
    public mutating func beginObject() throws(JSONError) {
        try begin(UInt8(ascii: "{"))
    }

    /// Enters an array; call ``nextElement()`` until it returns false.
    public mutating func beginArray() throws(JSONError) {
        try begin(UInt8(ascii: "["))
    }

    @inline(__always)
    private mutating func begin(_ bracket: UInt8) throws(JSONError) {
        skipWhitespace()
        guard index < end else { throw fail(.unexpectedEnd) }
        guard byte(index) == bracket else { throw fail(.wrongType) }
        guard depth < Self.maximumDepth else { throw fail(.tooDeep) }
        index += 1
        started &= ~(1 &<< UInt64(depth))
        depth += 1
    }

    /// Moves to the next member of the object and returns its key, or leaves the object and returns nil.
    public mutating func nextKey() throws(JSONError) -> JSONKey? {
        guard try next(closing: UInt8(ascii: "}")) else { return nil }
        skipWhitespace()
        guard index < end, byte(index) == UInt8(ascii: "\"") else { throw fail(.unexpectedByte) }
        let key = try rawString()
        skipWhitespace()
        guard index < end, byte(index) == UInt8(ascii: ":") else { throw fail(.unexpectedByte) }
        index += 1
        return key
    }

    /// Moves to the next element of the array; false when the array has ended.
    public mutating func nextElement() throws(JSONError) -> Bool {
        try next(closing: UInt8(ascii: "]"))
    }

    @inline(__always)
    private mutating func next(closing: UInt8) throws(JSONError) -> Bool {
        skipWhitespace()
        guard index < end else { throw fail(.unexpectedEnd) }
        let bit: UInt64 = 1 &<< UInt64(depth - 1)
        if byte(index) == closing {
            index += 1
            depth -= 1
            return false
        }
        if started & bit != 0 {
            guard byte(index) == UInt8(ascii: ",") else { throw fail(.unexpectedByte) }
            index += 1
            skipWhitespace()
            guard index < end, byte(index) != closing else { throw fail(.unexpectedByte) }
        }
        started |= bit
        return true
    }

    // MARK: Scalars

    /// Reads `true` or `false`.
    public mutating func bool() throws(JSONError) -> Bool {
        guard try peek() == .bool else { throw fail(.wrongType) }
        let value = byte(index) == UInt8(ascii: "t")
        try literal(value ? "true" : "false")
        return value
    }

    /// Reads `null` if that is what stands here, and tells whether it did.
    public mutating func null() throws(JSONError) -> Bool {
        guard try peek() == .null else { return false }
        try literal("null")
        return true
    }

    package mutating func literal(_ text: StaticString) throws(JSONError) {
        let count = text.utf8CodeUnitCount
        guard end - index >= count else {
            index = end
            throw fail(.unexpectedEnd)
        }
        for offset in 0..<count where byte(index + offset) != text.utf8Start[offset] {
            index += offset
            throw fail(.unexpectedByte)
        }
        index += count
    }

    /// Reads a string and copies it out, escapes resolved.
    public mutating func string() throws(JSONError) -> String {
        skipWhitespace()
        return string(of: try rawString())
    }

    /// The text of a key or a raw string of this reader.
    public func string(of key: JSONKey) -> String {
        let raw = UnsafeBufferPointer(rebasing: bytes(in: key.range))
        guard key.hasEscapes else { return String(decoding: raw, as: UTF8.self) }
        var decoded: [UInt8] = []
        decoded.reserveCapacity(raw.count)
        JSONEscapes.decode(raw, into: &decoded)
        return String(decoding: decoded, as: UTF8.self)
    }

    /// The bytes in a range of the text.
    public func bytes(in range: Range<Int>) -> Slice<UnsafeBufferPointer<UInt8>> {
        UnsafeBufferPointer(start: base, count: end)[range]
    }

    /// Whether a key is exactly `text`.
    @inline(__always)
    public func matches(_ key: JSONKey, _ text: StaticString) -> Bool {
        guard !key.hasEscapes else { return string(of: key) == text.description }
        let count = text.utf8CodeUnitCount
        guard key.range.count == count else { return false }
        return sameBytes(base.unsafelyUnwrapped + key.range.lowerBound, text.utf8Start, count)
    }

    /// Whether a key is exactly these bytes of UTF-8.
    public func matches(_ key: JSONKey, utf8 text: [UInt8]) -> Bool {
        guard !key.hasEscapes else { return string(of: key).utf8.elementsEqual(text) }
        guard key.range.count == text.count else { return false }
        return text.withUnsafeBufferPointer { text in
            guard let start = text.baseAddress else { return true }
            return sameBytes(base.unsafelyUnwrapped + key.range.lowerBound, start, text.count)
        }
    }

    /// Skips one value of any kind, checking its grammar, and returns where it stands.
    public mutating func skipValue() throws(JSONError) -> Range<Int> {
        let kind = try peek()
        let start = index
        try skip(kind)
        return start..<index
    }

    /// Skips the value that begins at the cursor, which is of this kind.
    mutating func skip(_ kind: Kind) throws(JSONError) {
        switch kind {
        case .string: _ = try rawString()
        case .number: try skipNumber()
        case .bool: _ = try bool()
        case .null: _ = try null()
        case .object:
            try beginObject()
            while try nextKey() != nil { _ = try skipValue() }
        case .array:
            try beginArray()
            while try nextElement() { _ = try skipValue() }
        }
    }

    /// Checks that nothing but white space is left.
    public mutating func finish() throws(JSONError) {
        skipWhitespace()
        guard index == end else { throw fail(.trailingBytes) }
    }
}

/// Where a key or string stands between its quotes, and whether it needs unescaping.
public struct JSONKey: Sendable {
    public let range: Range<Int>
    public let hasEscapes: Bool
}

extension JSONReader {
    /// Moves to the next value without looking at it.
    public mutating func skipSpace() {
        skipWhitespace()
    }
}

extension JSONReader {
    /// How deep arrays and objects nest in text that is JSON.
    package static func nesting(of json: UnsafeBufferPointer<UInt8>) -> Int {
        var (depth, deepest) = (0, 0)
        var isInString = false
        var index = 0
        while index < json.count {
            switch json[index] {
            case UInt8(ascii: "\""): isInString.toggle()
            case UInt8(ascii: "\\"): index += 1
            case UInt8(ascii: "["), UInt8(ascii: "{"):
                if !isInString { depth += 1 }
                deepest = max(deepest, depth)
            case UInt8(ascii: "]"), UInt8(ascii: "}"): depth -= isInString ? 0 : 1
            default: break
            }
            index += 1
        }
        return deepest
    }
}
