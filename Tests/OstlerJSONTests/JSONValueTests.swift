import OstlerJSON
import OstlerTestSupport
import Testing

@Suite
struct JSONValueTests {
    @Test
    func `a document becomes a tree`() throws {
        let value = try JSONValue(parsing: #"{"s":"x","i":1,"d":1.5,"b":true,"n":null,"a":[1,"two"],"o":{"k":{}}}"#)
        #expect(value["s"]?.string == "x")
        #expect(value["i"]?.int == 1)
        #expect(value["d"]?.number == .double(1.5))
        #expect(value["b"]?.bool == true)
        #expect(value["n"] == .null)
        #expect(value["a"]?.array == [1, "two"])
        #expect(value["o"]?["k"]?.object?.isEmpty == true)
        #expect(value["absent"] == nil)
        #expect(value["s"]?["not an object"] == nil)
        #expect(value.object?.keys == ["s", "i", "d", "b", "n", "a", "o"])
    }

    @Test(arguments: ["[1,", "[1]x", #"{"a":1,"a":2}"#, "", "\"\u{1}\""])
    func `a broken document is refused`(_ text: String) {
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test
    func `accessors answer only for their own type`() {
        let values: [JSONValue] = [.null, true, 1, "x", [], [:]]
        #expect(values.map { $0.string != nil } == [false, false, false, true, false, false])
        #expect(values.map { $0.bool != nil } == [false, true, false, false, false, false])
        #expect(values.map { $0.number != nil } == [false, false, true, false, false, false])
        #expect(values.map { $0.int != nil } == [false, false, true, false, false, false])
        #expect(values.map { $0.array != nil } == [false, false, false, false, true, false])
        #expect(values.map { $0.object != nil } == [false, false, false, false, false, true])
        #expect(values.map(\.typeName) == ["null", "boolean", "number", "string", "array", "object"])
    }

    @Test
    func `trees are equal as JSON Schema has it`() throws {
        #expect(try JSONValue(parsing: #"{"a":1,"b":[1.0]}"#) == JSONValue(parsing: #"{"b":[1],"a":1.0}"#))
        #expect(try JSONValue(parsing: #""\u00e9""#) == JSONValue(parsing: "\"\u{E9}\""))
        #expect(try JSONValue(parsing: "\"\u{E9}\"") != JSONValue(parsing: "\"e\u{301}\""))
        #expect(JSONValue.bool(true) != 1)
        #expect(JSONValue.bool(false) != 0)
        #expect(JSONValue.null != false)
        #expect(JSONValue.string("1") != 1)
        #expect(([1, 2] as JSONValue) != [2, 1])
        #expect(([:] as JSONValue) != [])
        #expect((["a": 1] as JSONValue) != ["a": 1, "b": 2])
        #expect((["a": 1] as JSONValue) != ["b": 1])
    }

    // MARK: Objects

    @Test(arguments: [3, 11, 12, 13, 40])
    func `members are set, replaced, kept in order and taken away`(_ count: Int) {
        var object = JSONObject()
        for number in 0..<count { object["k\(number)"] = .number(.int(Int64(number))) }
        #expect(object.count == count)
        #expect(object.keys == (0..<count).map { "k\($0)" })
        for number in 0..<count { #expect(object["k\(number)"]?.int == Int64(number)) }
        #expect(object["absent"] == nil)

        object["k1"] = "replaced"
        #expect(object.keys == (0..<count).map { "k\($0)" })
        #expect(object["k1"] == "replaced")

        object["k0"] = nil
        object["absent"] = nil
        #expect(object.count == count - 1)
        #expect(object["k0"] == nil)
        #expect(object["k\(count - 1)"]?.int == Int64(count - 1))
        #expect(object.keys.first == "k1")
    }

    @Test(arguments: [2, 20])
    func `names that only look alike are different members`(_ others: Int) {
        var object = JSONObject((0..<others).map { ("x\($0)", JSONValue.null) })
        object["\u{E9}"] = "composed"
        object["e\u{301}"] = "decomposed"
        object["\u{212A}"] = "kelvin"
        #expect(object["\u{E9}"] == "composed")
        #expect(object["e\u{301}"] == "decomposed")
        #expect(object["\u{212A}"] == "kelvin")
        #expect(object["K"] == nil)
        #expect(object.count == others + 3)
    }

    @Test
    func `objects are equal whatever the order of their members`() {
        let left = ["a": 1, "b": [true]] as JSONValue
        let right = ["b": [true], "a": 1] as JSONValue
        #expect(left == right)
        #expect(left != ["a": 1])
        #expect(left != ["a": 1, "b": [false]])
    }

    // MARK: Any document

    @Test(arguments: 0..<40)
    func `what is written reads back the same`(_ seed: UInt64) throws {
        var generator = DocumentGenerator(seed: seed)
        for _ in 0..<25 {
            let value = generator.value()
            #expect(try JSONValue(parsing: value.text) == value)
            #expect(try JSONValue(parsing: value.text).text == value.text)
        }
    }

    @Test(arguments: 100..<120)
    func `white space, escapes and order of members change nothing`(_ seed: UInt64) throws {
        var generator = DocumentGenerator(seed: seed)
        for _ in 0..<25 {
            let value = generator.value()
            let spelling = generator.spelling(of: value)
            #expect(try JSONValue(parsing: spelling) == value, "\(spelling)")
        }
    }

    @Test(arguments: 200..<210)
    func `no document can be cut`(_ seed: UInt64) {
        var generator = DocumentGenerator(seed: seed)
        let bytes = Array(JSONValue.array([generator.value(), generator.value()]).text.utf8)
        for count in bytes.indices { #expect(fault(Array(bytes[..<count])) != nil) }
    }

    @Test(arguments: 300..<310)
    func `noise is refused or read, and never crashes`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = Array(#"{}[]",:\u0123456789abcdefntrls.eE+- "#.utf8) + [0x00, 0x80, 0xC3, 0xA9, 0xF0, 0xFF]
        for _ in 0..<500 {
            let length = Int.random(in: 0...30, using: &random)
            let bytes = (0..<length).map { _ in alphabet[Int.random(in: alphabet.indices, using: &random)] }
            let error = fault(bytes)
            #expect((try? JSONValue(parsing: bytes)) != nil || error != nil)
            #expect((error?.offset ?? 0) <= bytes.count)
        }
    }
}
