/// Why bytes are not acceptable JSON, and where.
public struct JSONError: Error, Sendable, Equatable {
    /// The closed set of reasons.
    public enum Code: String, Sendable {
        case unexpectedEnd = "unexpected_end"
        case unexpectedByte = "unexpected_byte"
        case invalidUTF8 = "invalid_utf8"
        case invalidEscape = "invalid_escape"
        case controlCharacter = "control_character"
        case invalidNumber = "invalid_number"
        case duplicateKey = "duplicate_key"
        case tooDeep = "too_deep"
        case trailingBytes = "trailing_bytes"
        case wrongType = "wrong_type"
    }

    public let code: Code
    /// Offset in bytes from the start of the document.
    public let offset: Int

    public init(_ code: Code, at offset: Int) {
        self.code = code
        self.offset = offset
    }

    /// One clause that a person can read, without the offset.
    public var reason: String {
        switch code {
        case .unexpectedEnd: "the text ends in the middle of a value"
        case .unexpectedByte: "a character that JSON does not allow here"
        case .invalidUTF8: "bytes that are not valid UTF-8"
        case .invalidEscape: "an escape sequence that JSON does not have, or half a surrogate pair"
        case .controlCharacter: "a control character inside a string, which must be escaped"
        case .invalidNumber: "a malformed number"
        case .duplicateKey: "the same member twice in one object"
        case .tooDeep: "nesting deeper than \(JSONReader.maximumDepth) levels"
        case .trailingBytes: "something after the end of the value"
        case .wrongType: "a value of another type than expected"
        }
    }
}
