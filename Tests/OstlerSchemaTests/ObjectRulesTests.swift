import OstlerJSON
import OstlerSchema
import Testing

@testable import struct OstlerSchema.NameTable

@Suite
struct ObjectRulesTests {
    @Test(arguments: [0, 1, 2, 3, 8, 63, 64, 65, 200])
    func `required members are found in schemas of any size`(_ count: Int) throws {
        let names = (0..<count).map { "\"member_\($0)\"" }
        let properties = names.map { "\($0):{\"type\":\"integer\"}" }.joined(separator: ",")
        let schema = try compile(
            "{\"properties\":{\(properties)},\"required\":[\(names.joined(separator: ","))],\"additionalProperties\":false}"
        )
        let members = names.map { "\($0):1" }
        #expect(schema.validate(Array("{\(members.joined(separator: ","))}".utf8)).isEmpty)
        #expect(schema.validate(Array("{\(members.reversed().joined(separator: ","))}".utf8)).isEmpty)
        for missing in Set([0, count / 2, count - 1]) where members.indices.contains(missing) {
            var some = members
            some.remove(at: missing)
            let found = schema.validate(Array("{\(some.joined(separator: ","))}".utf8))
            #expect(found.map(\.message) == ["the member \(names[missing]) is missing"])
        }
        #expect(schema.validate(Array("{\((members + ["\"x\":1"]).joined(separator: ","))}".utf8)).count == 1)
    }

    @Test
    func `a member is known by its name however it is spelled`() throws {
        let schema = #"{"properties":{"é/~":{"type":"string"}},"additionalProperties":false,"required":["é/~"]}"#
        #expect(try problems(schema, #"{"\u00e9\/~":"x"}"#).isEmpty)
        #expect(try problems(schema, #"{"\u00e9\/~":1}"#).map(\.pointer.description) == ["/é~1~0"])
    }

    @Test
    func `a name table knows its names and no others`() {
        var names = (0..<500).map { "name\($0)" } + ["", "a", "b", "ab", "é", "a\u{0}"]
        names += (1...40).map { String(repeating: "x", count: $0) }
        names += (100..<300).map { "the_same_beginning_\($0)_and_the_same_end" }
        let table = NameTable(names)
        func number(_ text: String) -> Int? {
            var text = text
            return text.withUTF8 { table.number(of: $0) }
        }
        for (index, name) in names.enumerated() { #expect(number(name) == index) }
        for other in ["name500", "c", "ba", "e\u{301}", "A", "a\u{0}\u{0}", "name"] { #expect(number(other) == nil) }
        #expect(NameTable().number(of: UnsafeBufferPointer(start: nil, count: 0)) == nil)
    }

    @Test
    func `members may have several schemas`() throws {
        let schema = #"""
            {"properties":{"n_port":{"minimum":1}},"patternProperties":{"^n_":{"type":"integer"},"port$":{"maximum":9}},
             "additionalProperties":{"type":"boolean"}}
            """#
        #expect(try problems(schema, #"{"n_port":5,"n_x":100,"port":2,"other":true}"#).isEmpty)
        let found = try problems(schema, #"{"n_port":0,"n_y":"x","port":10,"other":1}"#)
        #expect(
            found.map { "\($0.pointer) \($0.code)" }
                == ["/n_port out_of_range", "/n_y wrong_type", "/port out_of_range", "/other wrong_type"]
        )
    }
}
