import OstlerJSON
import OstlerSchema
import Testing

@testable import struct OstlerSchema.SchemaURI

@Suite
struct ReferenceTests {
    @Test(arguments: [
        // The examples of RFC 3986, sections 5.4.1 and 5.4.2.
        ("g:h", "g:h"), ("g", "http://a/b/c/g"), ("./g", "http://a/b/c/g"), ("g/", "http://a/b/c/g/"),
        ("/g", "http://a/g"), ("//g", "http://g"), ("?y", "http://a/b/c/d;p?y"), ("g?y", "http://a/b/c/g?y"),
        ("", "http://a/b/c/d;p?q"), (".", "http://a/b/c/"), ("./", "http://a/b/c/"), ("..", "http://a/b/"),
        ("../", "http://a/b/"), ("../g", "http://a/b/g"), ("../..", "http://a/"), ("../../g", "http://a/g"),
        ("../../../g", "http://a/g"), ("/./g", "http://a/g"), ("/../g", "http://a/g"), ("g.", "http://a/b/c/g."),
        ("..g", "http://a/b/c/..g"), ("./../g", "http://a/b/g"), ("./g/.", "http://a/b/c/g/"),
        ("g/./h", "http://a/b/c/g/h"), ("g/../h", "http://a/b/c/h"), ("urn:example:x", "urn:example:x"),
    ])
    func `a relative reference is resolved`(_ reference: String, _ expected: String) {
        let base = SchemaURI("http://a/b/c/d;p?q")
        #expect(SchemaURI(reference).resolved(against: base).document == expected)
    }

    @Test
    func `fragments are kept apart and percent escapes resolved`() {
        let uri = SchemaURI("#/$defs/a%25b").resolved(against: SchemaURI("http://a/b"))
        #expect(uri.document == "http://a/b")
        #expect(uri.fragment == "/$defs/a%25b")
        #expect(SchemaURI.decoded("/$defs/a%25b%C3%A9%") == "/$defs/a%bé%")
        #expect(SchemaURI.decoded("%FF") == nil)
        #expect(SchemaURI("http://a").resolved(against: SchemaURI("x:/")).document == "http://a")
        #expect(SchemaURI("b").resolved(against: SchemaURI("http://a")).document == "http://a/b")
    }

    @Test
    func `further documents are found by their URIs`() throws {
        let resources: [String: JSONValue] = [
            "https://example.com/kinds": ["$defs": ["port": ["type": "integer", "maximum": 65535]]],
            "https://example.com/other": ["$id": "https://example.com/renamed", "type": "string"],
        ]
        let document: JSONValue = [
            "$id": "https://example.com/main",
            "properties": [
                "port": ["$ref": "kinds#/$defs/port"],
                "old": ["$ref": "other"],
                "new": ["$ref": "https://example.com/renamed"],
            ],
        ]
        let schema = try CompiledSchema(compiling: document, resources: resources)
        #expect(schema.validate(Array(#"{"port":80,"old":"x","new":"y"}"#.utf8)).isEmpty)
        let found = schema.validate(Array(#"{"port":70000,"old":1,"new":2}"#.utf8))
        #expect(found.map(\.pointer.description) == ["/port", "/old", "/new"])
    }

    @Test
    func `names that only look alike have their own schemas`() throws {
        let schema = "{\"properties\":{\"\u{E9}\":{\"type\":\"string\"},\"e\u{301}\":{\"type\":\"integer\"}}}"
        #expect(try problems(schema, "{\"\u{E9}\":\"x\",\"e\u{301}\":1}").isEmpty)
        #expect(try problems(schema, "{\"\u{E9}\":1,\"e\u{301}\":\"x\"}").count == 2)
    }

    @Test
    func `a schema that refers to itself follows the data down`() throws {
        let tree = ##"{"type":"object","properties":{"children":{"type":"array","items":{"$ref":"#"}}}}"##
        #expect(try problems(tree, #"{"children":[{"children":[{}]},{}]}"#).isEmpty)
        #expect(
            try problems(tree, #"{"children":[{"children":[1]}]}"#).map(\.pointer.description)
                == ["/children/0/children/0"]
        )
        let deepest = String(repeating: #"{"children":["#, count: 31) + "{}" + String(repeating: "]}", count: 31)
        #expect(try problems(tree, deepest).isEmpty)
    }

    @Test
    func `a schema can be checked against the schema of schemas`() throws {
        let meta = try CompiledSchema(compiling: ["$ref": "https://json-schema.org/draft/2020-12/schema"])
        #expect(meta.validate(Array(#"{"type":"string","items":{"minLength":3}}"#.utf8)).isEmpty)
        #expect(!meta.validate(Array(#"{"items":{"minLength":-3}}"#.utf8)).isEmpty)
        #expect(!meta.validate(Array(#"{"type":"strin"}"#.utf8)).isEmpty)
    }

    @Test
    func `a schema that multiplies its own work is given up`() throws {
        let schema = #"""
            {"items":{"allOf":[{"$ref":"#"},{"$ref":"#"},{"$ref":"#"},{"$ref":"#"}]}}
            """#
        let payload = String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
        let found = try problems(schema, payload)
        #expect(found.map(\.code) == ["too_complex"])
        #expect(found[0].message == "the schema asks for too much work on this payload")
    }
}
