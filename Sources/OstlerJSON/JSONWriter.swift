/// Writes compact JSON into a byte buffer, commas and escapes included.
public struct JSONWriter: Sendable {
    /// What has been written so far.
    public var bytes: [UInt8] = []
    private var needsComma = false

    public init() {}

    /// Begins anew with the memory that it has.
    public mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
        needsComma = false
    }

    @inline(__always)
    private mutating func separate() {
        if needsComma { bytes.append(UInt8(ascii: ",")) }
        needsComma = true
    }

    public mutating func beginObject() {
        separate()
        bytes.append(UInt8(ascii: "{"))
        needsComma = false
    }

    public mutating func endObject() {
        bytes.append(UInt8(ascii: "}"))
        needsComma = true
    }

    public mutating func beginArray() {
        separate()
        bytes.append(UInt8(ascii: "["))
        needsComma = false
    }

    public mutating func endArray() {
        bytes.append(UInt8(ascii: "]"))
        needsComma = true
    }

    /// Writes a key that needs no escapes; the value must follow.
    public mutating func key(_ key: StaticString) {
        let count = key.utf8CodeUnitCount
        // Put together first: to append costs the same for one byte as for all of them.
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: count + 4) { text in
            var used = 0
            func put(_ byte: UInt8) {
                text[used] = byte
                used += 1
            }
            if needsComma { put(UInt8(ascii: ",")) }
            put(UInt8(ascii: "\""))
            for offset in 0..<count { put(key.utf8Start[offset]) }
            put(UInt8(ascii: "\""))
            put(UInt8(ascii: ":"))
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[..<used]))
        }
        needsComma = false
    }

    /// Writes any key; the value must follow.
    public mutating func key(dynamic key: String) {
        string(key)
        bytes.append(UInt8(ascii: ":"))
        needsComma = false
    }

    /// Writes a literal string that needs no escapes.
    package mutating func string(static text: StaticString) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        bytes.append(UInt8(ascii: "\""))
    }

    public mutating func string(_ text: String) {
        var text = text
        text.withUTF8 { string(utf8: $0) }
    }

    /// Writes a string from bytes that are known to be UTF-8.
    public mutating func string(utf8 text: UnsafeBufferPointer<UInt8>) {
        separate()
        bytes.append(UInt8(ascii: "\""))
        var run = 0
        for offset in 0..<text.count {
            let byte = text[offset]
            guard byte < 0x20 || byte == 0x22 || byte == 0x5C || byte == 0x7F else { continue }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[run..<offset]))
            escape(byte)
            run = offset + 1
        }
        bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[run...]))
        bytes.append(UInt8(ascii: "\""))
    }

    private mutating func escape(_ byte: UInt8) {
        bytes.append(UInt8(ascii: "\\"))
        switch byte {
        case 0x22, 0x5C: bytes.append(byte)
        case 0x0A: bytes.append(UInt8(ascii: "n"))
        case 0x0D: bytes.append(UInt8(ascii: "r"))
        case 0x09: bytes.append(UInt8(ascii: "t"))
        default:
            bytes.append(UInt8(ascii: "u"))
            bytes.append(UInt8(ascii: "0"))
            bytes.append(UInt8(ascii: "0"))
            bytes.append(Self.hexDigit(byte >> 4))
            bytes.append(Self.hexDigit(byte & 15))
        }
    }

    private static func hexDigit(_ value: UInt8) -> UInt8 {
        value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") - 10 + value
    }

    @inlinable
    public mutating func int(_ value: some BinaryInteger) {
        write(negative: value < 0, magnitude: UInt64(value.magnitude))
    }

    @usableFromInline
    mutating func write(negative: Bool, magnitude: UInt64) {
        separate()
        if negative { bytes.append(UInt8(ascii: "-")) }
        appendDigits(magnitude)
    }

    /// Writes a finite double; JSON has no word for the others, so they become null.
    public mutating func double(_ value: Double) {
        separate()
        if let whole = Int64(exactly: value) {
            bytes.append(contentsOf: String(whole).utf8)
        } else {
            bytes.append(contentsOf: (value.isFinite ? "\(value)" : "null").utf8)
        }
    }

    public mutating func bool(_ value: Bool) {
        separate()
        bytes.append(contentsOf: (value ? "true" : "false").utf8)
    }

    public mutating func null() {
        separate()
        bytes.append(contentsOf: "null".utf8)
    }

    /// Writes text that is JSON already: a value, or whole members of the object that is open.
    public mutating func raw(_ json: [UInt8]) {
        separate()
        bytes.append(contentsOf: json)
    }

    /// Writes a literal that is JSON already, such as `"2.0"` with its quotes.
    public mutating func raw(_ json: StaticString) {
        separate()
        bytes.append(contentsOf: UnsafeBufferPointer(start: json.utf8Start, count: json.utf8CodeUnitCount))
    }

    private mutating func appendDigits(_ value: UInt64) {
        guard value >= 10 else { return bytes.append(UInt8(ascii: "0") + UInt8(value)) }
        withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 20) { digits in
            var (rest, first) = (value, digits.count)
            while rest > 0 {
                first -= 1
                digits[first] = UInt8(ascii: "0") + UInt8(truncatingIfNeeded: rest % 10)
                rest /= 10
            }
            bytes.append(contentsOf: UnsafeBufferPointer(rebasing: digits[first...]))
        }
    }

    // MARK: In parts

    /// Writes a part of JSON text as it stands, such as the head of a frame: what has to come between parts is theirs.
    package mutating func part(_ text: StaticString) {
        bytes.append(contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
        needsComma = false
    }

    /// Writes a part that was made before, and a number behind it if there is one.
    package mutating func part(_ text: [UInt8], number: UInt64? = nil) {
        bytes.append(contentsOf: text)
        if let number { appendDigits(number) }
    }

    /// What follows is a member of its own, or an element.
    package mutating func endPart() {
        needsComma = true
    }

    public mutating func value(_ value: JSONValue) {
        switch value {
        case .null: null()
        case .bool(let value): bool(value)
        case .number(.int(let value)): int(value)
        case .number(.unsigned(let value)): int(value)
        case .number(.double(let value)): double(value)
        case .string(let value): string(value)
        case .array(let elements):
            beginArray()
            for element in elements { self.value(element) }
            endArray()
        case .object(let object):
            beginObject()
            for (key, member) in object.members {
                self.key(dynamic: key)
                self.value(member)
            }
            endObject()
        }
    }

    /// An array of strings.
    public mutating func strings(_ texts: some Sequence<String>) {
        beginArray()
        for text in texts { string(text) }
        endArray()
    }

    /// Ends a line of JSON Lines; the next value starts a document of its own.
    public mutating func newline() {
        bytes.append(0x0A)
        needsComma = false
    }
}
