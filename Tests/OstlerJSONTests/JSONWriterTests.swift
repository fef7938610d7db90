import OstlerJSON
import Testing

@Suite
struct JSONWriterTests {
    private func text(_ body: (inout JSONWriter) -> Void) -> String {
        var writer = JSONWriter()
        body(&writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }

    @Test
    func `commas stand where they must`() {
        let written = text { writer in
            writer.beginObject()
            writer.key("id")
            writer.int(1)
            writer.key("list")
            writer.beginArray()
            writer.beginObject()
            writer.endObject()
            writer.beginArray()
            writer.endArray()
            writer.string("x")
            writer.null()
            writer.bool(false)
            writer.raw("[1]")
            writer.endArray()
            writer.key(dynamic: "k\"")
            writer.double(1.5)
            writer.endObject()
        }
        #expect(written == #"{"id":1,"list":[{},[],"x",null,false,[1]],"k\"":1.5}"#)
    }

    @Test(arguments: [
        ("", #""""#), ("plain", #""plain""#), ("\"", #""\"""#), ("\\", #""\\""#), ("/", #""/""#),
        ("\n\r\t", #""\n\r\t""#), ("\u{0}\u{1}\u{1F}", #""\u0000\u0001\u001f""#), ("\u{8}\u{C}", #""\u0008\u000c""#),
        ("\u{7F}", #""\u007f""#), ("é€😀", "\"é€😀\""), ("a\nb\"c", #""a\nb\"c""#), ("\u{2028}", "\"\u{2028}\""),
    ])
    func `only what must be escaped is escaped`(_ string: String, _ expected: String) throws {
        #expect(text { $0.string(string) } == expected)
        #expect(try JSONValue(parsing: expected) == .string(string))
    }

    @Test(arguments: [
        (0, "0"), (9, "9"), (10, "10"), (-1, "-1"), (Int64.max, "9223372036854775807"),
        (Int64.min, "-9223372036854775808"),
    ])
    func `whole numbers are written in full`(_ value: Int64, _ expected: String) {
        #expect(text { $0.int(value) } == expected)
        #expect(JSONValue.number(.int(value)).text == expected)
    }

    @Test(arguments: [
        (0.0, "0"), (-0.0, "0"), (1.0, "1"), (1.5, "1.5"), (0.1, "0.1"), (1e15, "1000000000000000"), (1e300, "1e+300"),
        (.leastNonzeroMagnitude, "5e-324"), (-2.5e-7, "-2.5e-07"), (.infinity, "null"), (-.infinity, "null"),
        (.nan, "null"),
    ])
    func `fractions are written so that they read back the same`(_ value: Double, _ expected: String) throws {
        #expect(text { $0.double(value) } == expected)
        if value.isFinite { #expect(try JSONValue(parsing: expected).number?.double == value) }
    }

    @Test
    func `unsigned and small integers are written too`() {
        #expect(text { $0.int(UInt64.max) } == "18446744073709551615")
        #expect(text { $0.int(UInt8(7)) } == "7")
        #expect(text { $0.int(Int8(-128)) } == "-128")
    }

    @Test
    func `lines are documents of their own`() {
        let written = text { writer in
            for number in 1...3 {
                writer.beginArray()
                writer.int(number)
                writer.endArray()
                writer.newline()
            }
        }
        #expect(written == "[1]\n[2]\n[3]\n")
    }

    @Test
    func `a writer that is used again starts empty, and without a comma`() {
        var writer = JSONWriter()
        writer.string("something")
        writer.removeAll()
        writer.int(1)
        #expect(writer.bytes == Array("1".utf8))
    }

    @Test
    func `a literal key is written like any other key, whatever its length`() {
        let long: StaticString =
            "a_rather_long_key_a_rather_long_key_a_rather_long_key_a_rather_long_key_a_rather_long_key_a_rather_long_key_"
        for key: StaticString in ["", "k", "seven__", "eight___", "nine_____", long] {
            var (literal, dynamic) = (JSONWriter(), JSONWriter())
            for _ in 0..<2 {
                literal.key(key)
                literal.int(1)
                dynamic.key(dynamic: key.description)
                dynamic.int(1)
            }
            #expect(literal.bytes == dynamic.bytes)
        }
    }

    @Test
    func `a tree is written in the order of its members`() {
        let value: JSONValue = ["b": [1, 2.5.json, .null], "a": ["x": true], "": "é"]
        #expect(value.text == #"{"b":[1,2.5,null],"a":{"x":true},"":"é"}"#)
    }
}

extension Double {
    fileprivate var json: JSONValue { .number(.double(self)) }
}
