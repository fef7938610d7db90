import OstlerJSON
import OstlerTestSupport
import Testing

@Suite
struct JSONReaderTests {
    private func read<Value>(
        _ text: String,
        _ body: (inout JSONReader) throws(JSONError) -> Value
    ) throws(JSONError) -> Value {
        let bytes = Array(text.utf8)
        return try bytes.withUnsafeBufferPointer { (buffer) throws(JSONError) -> Value in
            var reader = JSONReader(buffer)
            return try body(&reader)
        }
    }

    private func error(_ text: String, _ body: (inout JSONReader) throws(JSONError) -> Void) -> JSONError? {
        do {
            try read(text, body)
            return nil
        } catch {
            return error
        }
    }

    @Test(arguments: [
        ("{}", JSONReader.Kind.object), (" []", .array), ("\"\"", .string), ("1", .number), ("-1", .number),
        ("true", .bool), ("\n false", .bool), ("null", .null),
    ])
    func `a look ahead tells the kind and moves nothing but white space`(_ text: String, _ kind: JSONReader.Kind) throws
    {
        try read(text) { reader throws(JSONError) in
            #expect(try reader.peek() == kind)
            #expect(try reader.peek() == kind)
            _ = try reader.skipValue()
            try reader.finish()
        }
    }

    @Test
    func `an object is walked member by member`() throws {
        let text = #" { "id" : 7 , "list" : [ true , "x" ] , "none" : null } "#
        try read(text) { reader throws(JSONError) in
            var keys: [String] = []
            try reader.beginObject()
            while let key = try reader.nextKey() {
                keys.append(reader.string(of: key))
                if reader.matches(key, "id") {
                    #expect(try reader.int() == 7)
                } else if reader.matches(key, "list") {
                    try reader.beginArray()
                    #expect(try reader.nextElement())
                    #expect(try reader.bool())
                    #expect(try reader.nextElement())
                    #expect(try reader.string() == "x")
                    #expect(try !reader.nextElement())
                } else {
                    #expect(try reader.null())
                }
            }
            try reader.finish()
            #expect(keys == ["id", "list", "none"])
        }
    }

    @Test
    func `a key matches by what it means`() throws {
        try read(#"{"id":1,"\u0069d":2,"idx":3,"i":4}"#) { reader throws(JSONError) in
            var matches: [Bool] = []
            try reader.beginObject()
            while let key = try reader.nextKey() {
                matches.append(reader.matches(key, "id"))
                _ = try reader.skipValue()
            }
            #expect(matches == [true, true, false, false])
        }
    }

    @Test
    func `a skipped value tells the bytes it stood in`() throws {
        let text = #"[ 12 , {"a":[1]} ,"x\n", true,null]"#
        try read(text) { reader throws(JSONError) in
            var parts: [String] = []
            try reader.beginArray()
            while try reader.nextElement() {
                parts.append(String(decoding: reader.bytes(in: try reader.skipValue()), as: UTF8.self))
            }
            #expect(parts == ["12", #"{"a":[1]}"#, #""x\n""#, "true", "null"])
        }
    }

    @Test
    func `a value of another type is refused where it stands`() {
        #expect(error("1") { reader throws(JSONError) in _ = try reader.string() } == JSONError(.wrongType, at: 0))
        #expect(error(" 1") { reader throws(JSONError) in _ = try reader.bool() } == JSONError(.wrongType, at: 1))
        #expect(error("\"\"") { reader throws(JSONError) in _ = try reader.number() } == JSONError(.wrongType, at: 0))
        #expect(error("[]") { reader throws(JSONError) in try reader.beginObject() } == JSONError(.wrongType, at: 0))
        #expect(error("{}") { reader throws(JSONError) in try reader.beginArray() } == JSONError(.wrongType, at: 0))
        #expect(error("1.5") { reader throws(JSONError) in _ = try reader.int() } == JSONError(.wrongType, at: 0))
        #expect(error("1e30") { reader throws(JSONError) in _ = try reader.int() } == JSONError(.wrongType, at: 0))
        #expect(
            error("1 x") { reader throws(JSONError) in
                _ = try reader.int()
                try reader.finish()
            } == JSONError(.trailingBytes, at: 2)
        )
    }

    @Test
    func `null tells whether it stood there and leaves anything else alone`() throws {
        try read("[null,1]") { reader throws(JSONError) in
            try reader.beginArray()
            #expect(try reader.nextElement())
            #expect(try reader.null())
            #expect(try reader.nextElement())
            #expect(try !reader.null())
            #expect(try reader.int() == 1)
        }
    }

    // MARK: Numbers

    @Test(arguments: [
        ("0", JSONNumber.int(0)), ("-0", .int(0)), ("7", .int(7)), ("-7", .int(-7)),
        ("9007199254740993", .int(9_007_199_254_740_993)), ("9223372036854775807", .int(.max)),
        ("-9223372036854775808", .int(.min)), ("9223372036854775808", .unsigned(1 << 63)),
        ("18446744073709551615", .unsigned(.max)), ("18446744073709551616", .double(0x1p64)),
        ("-9223372036854775809", .double(-0x1.0000000000001p63)), ("1.0", .double(1)), ("1.5", .double(1.5)),
        ("1e3", .double(1000)), ("1E+3", .double(1000)), ("25e-1", .double(2.5)), ("0.1", .double(0.1)),
        ("-0.0", .double(-0.0)), ("5e-324", .double(.leastNonzeroMagnitude)), ("1e-400", .double(0)),
        ("1.7976931348623157e308", .double(.greatestFiniteMagnitude)),
        ("123456789012345678901234567890", .double(1.2345678901234568e29)),
    ])
    func `numbers are exact where 64 bits can be`(_ text: String, _ expected: JSONNumber) throws {
        let number = try read(text) { reader throws(JSONError) in try reader.number() }
        #expect(number == expected)
        if case .int = expected { #expect(String(describing: number).hasPrefix("int")) }
        #expect(
            try read(" [\(text)]") { reader throws(JSONError) in try reader.skipValue() }.upperBound == text.utf8.count
                + 3
        )
    }

    @Test
    func `numbers are equal by value`() {
        #expect(JSONNumber.int(1) == .double(1.0))
        #expect(JSONNumber.double(1.0) == .int(1))
        #expect(JSONNumber.int(1) != .double(1.5))
        #expect(JSONNumber.int(9_007_199_254_740_993) != .double(9_007_199_254_740_992))
        #expect(JSONNumber.int(.max) != .double(9_223_372_036_854_775_808))
        #expect(JSONNumber.unsigned(1 << 63) == .double(9_223_372_036_854_775_808))
        #expect(JSONNumber.unsigned(.max) != .double(0x1p64))
        #expect(JSONNumber.unsigned(.max).exactInteger == nil)
        #expect(JSONNumber.double(1.0).exactInteger == 1)
        #expect(JSONNumber.double(1.5).exactInteger == nil)
        #expect(JSONNumber.double(1e300).exactInteger == nil)
        #expect(JSONNumber.int(3).double == 3)
    }

    // MARK: Strings

    @Test(arguments: [
        (#""""#, ""), (#""abc""#, "abc"), (#""\"\\\/""#, "\"\\/"), (#""\b\f\n\r\t""#, "\u{8}\u{C}\n\r\t"),
        (#""\u0041\u00e9\u20AC""#, "Aé€"), (#""\uD83D\uDE00""#, "😀"), (#""\uDBFF\uDFFF""#, "\u{10FFFF}"),
        (#""\u0000""#, "\u{0}"), (#""a\u0062c\\u0041""#, "abc\\u0041"),
        (#""\uFFFF\uE000\uD7FF""#, "\u{FFFF}\u{E000}\u{D7FF}"),
        ("\"é€😀\"", "é€😀"), (#""twelve bytes and \"more\"""#, "twelve bytes and \"more\""),
    ])
    func `escapes are resolved`(_ text: String, _ expected: String) throws {
        let string = try read(text) { reader throws(JSONError) in try reader.string() }
        #expect(Array(string.unicodeScalars) == Array(expected.unicodeScalars))
    }

    @Test
    func `a raw string is the bytes between the quotes`() throws {
        try read(#"["plain","esc\n"]"#) { reader throws(JSONError) in
            try reader.beginArray()
            _ = try reader.nextElement()
            let plain = try reader.rawString()
            #expect(plain.range == 2..<7)
            #expect(!plain.hasEscapes)
            _ = try reader.nextElement()
            let escaped = try reader.rawString()
            #expect(escaped.hasEscapes)
            #expect(String(decoding: reader.bytes(in: escaped.range), as: UTF8.self) == #"esc\n"#)
            #expect(reader.string(of: escaped) == "esc\n")
        }
    }

    @Test
    func `an empty buffer is an end and no crash`() {
        #expect(error("") { reader throws(JSONError) in _ = try reader.peek() } == JSONError(.unexpectedEnd, at: 0))
        #expect(error("") { reader throws(JSONError) in try reader.beginArray() } == JSONError(.unexpectedEnd, at: 0))
        #expect(
            error("") { reader throws(JSONError) in _ = try reader.rawString() } == JSONError(.unexpectedEnd, at: 0)
        )
    }
}

@Suite struct `Decimals` {
    @Test func `short decimals are the doubles that the C library reads`() throws {
        var random = SeededGenerator(seed: 41)
        for _ in 0..<20_000 {
            let whole = UInt64.random(in: 0..<(1 << UInt64.random(in: 1...60)), using: &random)
            let fraction = UInt64.random(in: 0..<(1 << UInt64.random(in: 1...60)), using: &random)
            let zeros = String(repeating: "0", count: Int.random(in: 0...4, using: &random))
            let text = (Bool.random(using: &random) ? "-" : "") + "\(whole).\(zeros)\(fraction)"
            let number = try Array(text.utf8).withUnsafeBufferPointer { bytes in
                var reader = JSONReader(bytes)
                return try reader.number()
            }
            let expected = try #require(Double(text))
            #expect(number == .double(expected), "\(text)")
        }
    }

    @Test func `a number that is skipped must be in range as well`() throws {
        for text in ["1e999", "-1e999", String(repeating: "9", count: 400)] {
            Array("[\(text)]".utf8).withUnsafeBufferPointer { bytes in
                var reader = JSONReader(bytes)
                #expect(throws: JSONError.self) { try reader.skipValue() }
            }
        }
    }
}
