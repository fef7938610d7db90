import OstlerJSON
import Testing

/// The fault of a document, or nil.
func fault(_ bytes: [UInt8]) -> JSONError? {
    var validator = JSONValidator()
    return bytes.withUnsafeBufferPointer { buffer -> JSONError? in
        do throws(JSONError) {
            try validator.validate(buffer)
            return nil
        } catch {
            return error
        }
    }
}

func fault(_ text: String) -> JSONError? {
    fault(Array(text.utf8))
}

@Suite
struct JSONValidatorTests {
    @Test(arguments: [
        "null", "true", "false", "0", "-0", "1", "-1", "10", "1.5", "-1.5", "1e5", "1E5", "1e+5", "1e-5", "1.5e10",
        "0.0", "0e0", "\"\"", "\"a\"", "[]", "{}", "[1]", "[1,2]", "[[],[]]", "{\"a\":1}", "{\"a\":{\"b\":[]}}",
        " null", "null ", "\t\r\n null \t\r\n", "[ ]", "{ }", "[ 1 , 2 ]", "{ \"a\" : 1 , \"b\" : 2 }",
        "\"\\\"\\\\\\/\\b\\f\\n\\r\\t\"", "\"\\u0041\"", "\"\\uD83D\\uDE00\"", "\"\\ud83d\\ude00\"", "\"\u{7F}\"",
        "\"é€😀\"", "{\"\":1}", "{\"a\":1,\"A\":2}",
    ])
    func `what the grammar allows is accepted`(_ text: String) {
        #expect(fault(text) == nil)
    }

    struct Fault: Sendable {
        let text: String
        let code: JSONError.Code
        let offset: Int

        init(_ text: String, _ code: JSONError.Code, _ offset: Int) {
            (self.text, self.code, self.offset) = (text, code, offset)
        }
    }

    static let ends = [
        Fault("", .unexpectedEnd, 0),
        Fault("  ", .unexpectedEnd, 2),
        Fault("nul", .unexpectedEnd, 3),
        Fault("tru", .unexpectedEnd, 3),
        Fault("[", .unexpectedEnd, 1),
        Fault("[1", .unexpectedEnd, 2),
        Fault("[1,", .unexpectedEnd, 3),
        Fault("{", .unexpectedEnd, 1),
        Fault("{\"a\"", .unexpectedEnd, 4),
        Fault("{\"a\":", .unexpectedEnd, 5),
        Fault("{\"a\":1", .unexpectedEnd, 6),
        Fault("{\"a\":1,", .unexpectedEnd, 7),
        Fault("\"a", .unexpectedEnd, 2),
        Fault("\"a\\", .unexpectedEnd, 2),
        Fault("\"\\u12", .unexpectedEnd, 5),
        Fault("-", .unexpectedEnd, 1),
        Fault("1.", .unexpectedEnd, 2),
        Fault("1e", .unexpectedEnd, 2),
        Fault("1e+", .unexpectedEnd, 3),
    ]

    static let bytes = [
        Fault("nulL", .unexpectedByte, 3),
        Fault("True", .unexpectedByte, 0),
        Fault("truE", .unexpectedByte, 3),
        Fault("'a'", .unexpectedByte, 0),
        Fault("+1", .unexpectedByte, 0),
        Fault(".5", .unexpectedByte, 0),
        Fault("NaN", .unexpectedByte, 0),
        Fault("[,1]", .unexpectedByte, 1),
        Fault("[1,]", .unexpectedByte, 3),
        Fault("[1 2]", .unexpectedByte, 3),
        Fault("[1}", .unexpectedByte, 2),
        Fault("{,}", .unexpectedByte, 1),
        Fault("{\"a\" 1}", .unexpectedByte, 5),
        Fault("{\"a\":1,}", .unexpectedByte, 7),
        Fault("{\"a\":1 \"b\":2}", .unexpectedByte, 7),
        Fault("{\"a\":}", .unexpectedByte, 5),
        Fault("{a:1}", .unexpectedByte, 1),
        Fault("{1:1}", .unexpectedByte, 1),
        Fault("{\"a\":1,b:2}", .unexpectedByte, 7),
        Fault("/* */ 1", .unexpectedByte, 0),
        Fault("\u{FEFF}1", .unexpectedByte, 0),
        Fault("\u{A0}1", .unexpectedByte, 0),
        Fault("]", .unexpectedByte, 0),
    ]

    static let scalars = [
        Fault("01", .invalidNumber, 1),
        Fault("-01", .invalidNumber, 2),
        Fault("-a", .invalidNumber, 1),
        Fault("1.a", .invalidNumber, 2),
        Fault("1.e5", .invalidNumber, 2),
        Fault("1ea", .invalidNumber, 2),
        Fault("1e400", .invalidNumber, 0),
        Fault("[-1e400]", .invalidNumber, 1),
        Fault("\"a\nb\"", .controlCharacter, 2),
        Fault("\"\u{0}\"", .controlCharacter, 1),
        Fault("\"\u{1F}\"", .controlCharacter, 1),
        Fault("\"12345678\t\"", .controlCharacter, 9),
        Fault("\"\\x\"", .invalidEscape, 1),
        Fault("\"\\u12G4\"", .invalidEscape, 5),
        Fault("\"\\uD83D\"", .invalidEscape, 1),
        Fault("\"\\uDE00\"", .invalidEscape, 1),
        Fault("\"\\uD83D\\n\"", .invalidEscape, 1),
        Fault("\"\\uD83Dxxxxxx\"", .invalidEscape, 1),
        Fault("\"\\uD83D\\u0041\"", .invalidEscape, 1),
        Fault("\"\\uDE00\\uD83D\"", .invalidEscape, 1),
    ]

    static let rests = [
        Fault("1 2", .trailingBytes, 2),
        Fault("null,", .trailingBytes, 4),
        Fault("{}}", .trailingBytes, 2),
        Fault("[]\u{0}", .trailingBytes, 2),
        Fault("1a", .trailingBytes, 1),
        Fault("0x10", .trailingBytes, 1),
        Fault("\"a\"b", .trailingBytes, 3),
    ]

    @Test(arguments: ends + bytes + scalars + rests)
    func `what the grammar forbids is refused at its offset`(_ expected: Fault) {
        #expect(fault(expected.text) == JSONError(expected.code, at: expected.offset), "\(expected.text)")
    }

    @Test
    func `every fault has a reason that a person can read`() {
        for table in [Self.ends, Self.bytes, Self.scalars, Self.rests] {
            for expected in table { #expect(!JSONError(expected.code, at: 0).reason.isEmpty) }
        }
        #expect(JSONError(.tooDeep, at: 0).reason.contains("64"))
        #expect(JSONError.Code.duplicateKey.rawValue == "duplicate_key")
    }

    // MARK: Keys

    @Test(arguments: [
        Fault(#"{"a":1,"a":2}"#, .duplicateKey, 7),
        Fault(#"{"a":1,"\u0061":2}"#, .duplicateKey, 7),
        Fault(#"{"\u0061":1,"a":2}"#, .duplicateKey, 12),
        Fault(#"{"\u0061":1,"\u0061":2}"#, .duplicateKey, 12),
        Fault(#"{"\/":1,"/":2}"#, .duplicateKey, 8),
        Fault(#"{"":1,"":2}"#, .duplicateKey, 6),
        Fault(#"{"x":{"a":1,"a":2}}"#, .duplicateKey, 12),
        Fault(#"[{"a":1,"b":{"a":1},"a":2}]"#, .duplicateKey, 20),
        Fault(#"{"\uD83D\uDE00":1,"😀":2}"#, .duplicateKey, 18),
    ])
    func `a key that occurs twice is refused however it is spelled`(_ expected: Fault) {
        #expect(fault(expected.text) == JSONError(expected.code, at: expected.offset))
    }

    @Test
    func `keys that only look alike are different`() {
        #expect(fault("{\"é\":1,\"e\u{301}\":2}") == nil)
        #expect(fault("{\"K\":1,\"\u{212A}\":2}") == nil)
        #expect(fault(#"{"a":{"a":{"a":1}},"b":{"a":1}}"#) == nil)
    }

    @Test(arguments: [23, 24, 25, 26, 100, 1000])
    func `a repetition is found in objects of any size`(_ count: Int) {
        let members = (0..<count).map { "\"key\($0)\":{\"x\":\($0)}" }
        #expect(fault("{" + members.joined(separator: ",") + "}") == nil)
        for repeated in [0, count / 2, count - 1] {
            let text = "{" + members.joined(separator: ",") + ",\"key\(repeated)\":0}"
            #expect(fault(text)?.code == .duplicateKey)
            let escaped = "{" + members.joined(separator: ",") + ",\"\\u006Bey\(repeated)\":0}"
            #expect(fault(escaped) == JSONError(.duplicateKey, at: members.joined(separator: ",").utf8.count + 2))
        }
    }

    @Test
    func `a validator serves again after a fault`() throws {
        var validator = JSONValidator()
        for text in [#"{"a":1,"b":{"#, #"{"a":1,"a":2}"#, "[[[", #"{"a":1}"#] {
            let bytes = Array(text.utf8)
            let isAccepted = bytes.withUnsafeBufferPointer { buffer in (try? validator.validate(buffer)) != nil }
            #expect(isAccepted == (text == #"{"a":1}"#))
        }
    }

    // MARK: Depth

    @Test(arguments: [("[", "]"), ("{\"a\":", "}")])
    func `sixty-four levels are accepted and one more is not`(_ open: String, _ close: String) {
        func nested(_ depth: Int) -> String {
            String(repeating: open, count: depth) + "1" + String(repeating: close, count: depth)
        }
        #expect(fault(nested(64)) == nil)
        #expect(fault(nested(65)) == JSONError(.tooDeep, at: 64 * open.utf8.count))
        #expect(fault(String(repeating: open, count: 100_000))?.code == .tooDeep)
    }

    @Test
    func `many siblings are not depth`() {
        #expect(fault("[" + Array(repeating: "[{}]", count: 1000).joined(separator: ",") + "]") == nil)
    }

    // MARK: UTF-8

    @Test(arguments: [
        [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xE1, 0x80, 0x80], [0xEC, 0xBF, 0xBF], [0xED, 0x80, 0x80],
        [0xED, 0x9F, 0xBF], [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBF], [0xF0, 0x90, 0x80, 0x80], [0xF3, 0xBF, 0xBF, 0xBF],
        [0xF4, 0x8F, 0xBF, 0xBF],
    ])
    func `well-formed sequences are accepted`(_ sequence: [UInt8]) {
        #expect(fault([0x22] + sequence + [0x22]) == nil)
        #expect(fault([0x22] + Array("1234567".utf8) + sequence + [0x22]) == nil)
    }

    @Test(arguments: [
        // A continuation without a lead, and leads that no sequence has.
        [0x80], [0xBF], [0xC0, 0x80], [0xC1, 0xBF], [0xF5, 0x80, 0x80, 0x80], [0xFE], [0xFF],
        // Overlong.
        [0xE0, 0x80, 0x80], [0xE0, 0x9F, 0xBF], [0xF0, 0x80, 0x80, 0x80], [0xF0, 0x8F, 0xBF, 0xBF],
        // Surrogates, and beyond the last code point.
        [0xED, 0xA0, 0x80], [0xED, 0xBF, 0xBF], [0xF4, 0x90, 0x80, 0x80],
        // Cut off, and broken at each place.
        [0xC2], [0xE1, 0x80], [0xF1, 0x80, 0x80], [0xC2, 0x41], [0xE1, 0x41, 0x80], [0xE1, 0x80, 0x41],
        [0xF1, 0x41, 0x80, 0x80], [0xF1, 0x80, 0x41, 0x80], [0xF1, 0x80, 0x80, 0x41], [0xC2, 0xC2],
    ])
    func `ill-formed sequences are refused at their first byte`(_ sequence: [UInt8]) {
        #expect(fault([0x22] + sequence + [0x22]) == JSONError(.invalidUTF8, at: 1))
        #expect(fault([0x22, 0x61] + sequence) == JSONError(.invalidUTF8, at: 2))
        #expect(fault(Array("{\"".utf8) + sequence + Array("\":1}".utf8)) == JSONError(.invalidUTF8, at: 2))
    }

    @Test
    func `a special byte is seen wherever it stands in a long string`() {
        for length in 0...40 {
            for position in 0..<length {
                var bytes = [UInt8](repeating: 0x61, count: length)
                bytes[position] = 0x1F
                #expect(fault([0x22] + bytes + [0x22]) == JSONError(.controlCharacter, at: position + 1))
                bytes[position] = 0x80
                #expect(fault([0x22] + bytes + [0x22]) == JSONError(.invalidUTF8, at: position + 1))
                bytes[position] = 0x22
                #expect(fault([0x22] + bytes + [0x22]) == JSONError(.trailingBytes, at: position + 2))
                bytes[position] = 0x7F
                #expect(fault([0x22] + bytes + [0x22]) == nil)
            }
        }
    }

    // MARK: Damage

    @Test
    func `a document cut at any byte is always refused`() {
        let text = #" {"a": [1, -2.5e+3, true, false, null], "\u00e9\n": {"b": "x\uD83D\uDE00é€😀"}, "c": [[], {}]}"#
        let bytes = Array(text.utf8)
        #expect(fault(bytes) == nil)
        for count in 0..<bytes.count {
            let error = fault(Array(bytes[..<count]))
            #expect(error != nil, "\(count)")
            #expect((error?.offset ?? .max) <= count)
        }
    }

    @Test
    func `no change of one byte leads outside of the text`() {
        let bytes = Array(#"{"a":[1,-2.5e3,true,null],"\u00e9":{"b":"x\uD83D\uDE00é"}}"#.utf8)
        for position in bytes.indices {
            for replacement in UInt8.min...UInt8.max {
                var damaged = bytes
                damaged[position] = replacement
                if let error = fault(damaged) { #expect(error.offset <= damaged.count) }
            }
        }
    }
}
