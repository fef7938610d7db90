import OstlerJSON
import OstlerSchema
import Testing

@Suite
struct SchemaErrorTests {
    private static let faults: [(schema: String, pointer: String, message: String)] = [
        ("1", "", "a schema must be an object or a boolean, not the number 1"),
        (
            #"{"properties":{"a":"string"}}"#, "/properties/a",
            #"a schema must be an object or a boolean, not the string "string""#
        ),
        (#"{"properties":[]}"#, "/properties", #""properties" must be an object, not an empty array"#),
        (#"{"type":"strin"}"#, "/type", #""strin" is not a type; did you mean "string"?"#),
        (#"{"type":[]}"#, "/type", #""type" must be the name of a type, or an array of such names"#),
        (#"{"type":3}"#, "/type", #""type" must be the name of a type, or an array of such names"#),
        (
            #"{"minLength":-1}"#, "/minLength",
            #""minLength" must be a whole number that is not negative, not the number -1"#
        ),
        (
            #"{"minLength":"3"}"#, "/minLength",
            #""minLength" must be a whole number that is not negative, not the string "3""#
        ),
        (
            #"{"maxItems":1.5}"#, "/maxItems",
            #""maxItems" must be a whole number that is not negative, not the number 1.5"#
        ),
        (#"{"minimum":"1"}"#, "/minimum", #""minimum" must be a number, not the string "1""#),
        (#"{"multipleOf":0}"#, "/multipleOf", #""multipleOf" must be greater than zero"#),
        (#"{"multipleOf":-2}"#, "/multipleOf", #""multipleOf" must be greater than zero"#),
        (#"{"uniqueItems":1}"#, "/uniqueItems", #""uniqueItems" must be true or false, not the number 1"#),
        (#"{"required":"a"}"#, "/required", #""required" must be an array of strings, not the string "a""#),
        (#"{"required":["a",1]}"#, "/required", #""required" must be an array of strings, not an array of 2 items"#),
        (#"{"enum":1}"#, "/enum", #""enum" must be an array, not the number 1"#),
        (
            #"{"dependentRequired":{"a":"b"}}"#, "/dependentRequired",
            #""dependentRequired" must be an object whose members are arrays of strings, not an object of 1 member"#
        ),
        (#"{"allOf":[]}"#, "/allOf", #""allOf" must hold at least one schema"#),
        (#"{"anyOf":{}}"#, "/anyOf", #""anyOf" must be an array, not an empty object"#),
        (#"{"items":{"pattern":"["}}"#, "/items/pattern", #"the pattern "[" has a "[" without its "]""#),
        (#"{"patternProperties":{"(":true}}"#, "/patternProperties/(", #"the pattern "(" has a "(" without its ")""#),
        (#"{"$ref":1}"#, "/$ref", #""$ref" must be a string, not the number 1"#),
        (##"{"$ref":"#/$defs/x"}"##, "/$ref", ##""#/$defs/x" leads to "/$defs/x", where nothing stands"##),
        (
            ##"{"$ref":"#foo","$defs":{"a":{"$anchor":"fooo"}}}"##, "/$ref",
            ##""#foo" names the anchor "foo", which does not exist; did you mean "fooo"?"##
        ),
        (
            #"{"$ref":"https://example.com/s"}"#, "/$ref",
            #""https://example.com/s" leads to "https://example.com/s", which is not known; nothing is fetched"#
        ),
        (#"{"$id":"a#b"}"#, "/$id", #""$id" must be a URI without a fragment"#),
        (#"{"$schema":7}"#, "/$schema", #""$schema" must be a URI"#),
        (##"{"$ref":"#"}"##, "", "the schema refers to itself without end"),
        (
            ##"{"$defs":{"a":{"allOf":[{"$ref":"#/$defs/b"}]},"b":{"anyOf":[{"$ref":"#/$defs/a"}]}},"$ref":"#/$defs/a"}"##,
            "/$defs/a", "the schema refers to itself without end"
        ),
    ]

    @Test(arguments: faults)
    func `a fault of the schema is told with its place`(_ schema: String, _ pointer: String, _ message: String) throws {
        #expect(try fault(schema) == SchemaError(pointer: JSONPointer(pointer), message: message))
    }

    @Test
    func `a schema of another draft is refused and told the one that is understood`() throws {
        let error = try #require(try fault(##"{"$schema":"http://json-schema.org/draft-07/schema#"}"##))
        #expect(error.pointer == JSONPointer("/$schema"))
        #expect(error.message.hasPrefix(##""http://json-schema.org/draft-07/schema#" is not known; "##))
        #expect(error.message.hasSuffix("https://json-schema.org/draft/2020-12/schema"))
    }

    @Test
    func `an error is one line that a person can read`() throws {
        let error = try #require(try fault(#"{"type":"strin"}"#))
        #expect("\(error)" == #"the schema is wrong at "/type": "strin" is not a type; did you mean "string"?"#)
    }

    @Test(arguments: [
        "true", "{}", #"{"$schema":"https://json-schema.org/draft/2020-12/schema"}"#,
        ##"{"$schema":"https://json-schema.org/draft/2020-12/schema#"}"##,
        ##"{"x-unknown":{"$ref":7,"type":"strin"}}"##,
        ##"{"enum":[{"$ref":"#/nowhere"}],"const":{"pattern":"["},"default":{"type":7}}"##,
        #"{"properties":{"$ref":{"type":"string"},"$id":{"type":"integer"}}}"#,
        ##"{"properties":{"child":{"$ref":"#"}},"items":{"$ref":"#"}}"##, ##"{"if":true,"then":true,"else":true}"##,
        ##"{"then":false}"##, ##"{"minItems":2.0}"##, ##"{"enum":[]}"##,
        ##"{"$ref":"#/x-parts/a","x-parts":{"a":true}}"##,
    ])
    func `what is odd but allowed compiles`(_ schema: String) throws {
        #expect(try fault(schema) == nil)
    }

    @Test
    func `a schema nested without end is refused, not a crash`() throws {
        var value: JSONValue = true
        for _ in 0..<500 { value = ["items": value] }
        #expect(throws: SchemaError.self) { try CompiledSchema(compiling: value) }
    }

    @Test
    func `a long chain of references is no deep recursion`() throws {
        var defs = JSONObject([("d0", ["type": "string"] as JSONValue)])
        for number in 1...5000 { defs["d\(number)"] = ["$ref": .string("#/$defs/d\(number - 1)")] }
        let schema = try CompiledSchema(compiling: ["$ref": "#/$defs/d100", "$defs": .object(defs)])
        #expect(schema.validate(Array("1".utf8)).map(\.code) == ["wrong_type"])
        let deep = try CompiledSchema(compiling: ["$ref": "#/$defs/d5000", "$defs": .object(defs)])
        #expect(deep.validate(Array("1".utf8)).map(\.code) == ["too_complex"])
    }
}
