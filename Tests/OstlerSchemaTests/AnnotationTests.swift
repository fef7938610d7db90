import OstlerJSON
import OstlerSchema
import Testing

@Suite
struct AnnotationTests {
    private func places(_ schema: String, _ name: String = "x-ostler-program") throws -> [String] {
        try compile(schema).annotations(named: name).map { "\($0.pattern) \($0.annotation.text)" }
    }

    private func values(_ schema: String, _ payload: String, _ name: String = "x-ostler-program") throws -> [String] {
        let schema = try compile(schema)
        let bytes = Array(payload.utf8)
        return try bytes.withUnsafeBufferPointer { buffer throws(JSONError) in
            try schema.values(annotatedWith: name, in: buffer).map {
                "\($0.pointer) \($0.value.text) \($0.annotation.text)"
            }
        }
    }

    private static let command = #"""
        {"type":"object","properties":{"command":{"type":"string","x-ostler-program":true},
         "pipe":{"type":"array","items":{"$ref":"#/$defs/stage"}},
         "hooks":{"additionalProperties":{"$ref":"#/$defs/stage"}},
         "pair":{"prefixItems":[{"x-ostler-program":"first"},{}]}},
         "patternProperties":{"^run_":{"x-ostler-program":1}},
         "$defs":{"stage":{"allOf":[{"properties":{"exec":{"x-ostler-program":{"shell":false}}}}]}}}
        """#

    @Test
    func `places are found through properties, items, references and allOf`() throws {
        #expect(
            try places(Self.command) == [
                "/command true", #"/pipe/*/exec {"shell":false}"#, #"/hooks/*/exec {"shell":false}"#,
                #"/pair/0 "first""#,
                "/* 1",
            ]
        )
        #expect(try places(Self.command, "x-ostler-host").isEmpty)
    }

    @Test
    func `values are found where the payload has them`() throws {
        let payload = #"""
            {"run_me":"g","pair":["e","f"],"pipe":[{"exec":"b"},{"other":1},{"exec":["c"]}],"command":"a/b",
             "hooks":{"on/exit":{"exec":"d"}}}
            """#
        #expect(
            try values(Self.command, payload) == [
                #"/run_me "g" 1"#, #"/pair/0 "e" "first""#, #"/pipe/0/exec "b" {"shell":false}"#,
                #"/pipe/2/exec ["c"] {"shell":false}"#, #"/command "a/b" true"#,
                #"/hooks/on~1exit/exec "d" {"shell":false}"#,
            ]
        )
        #expect(try values(Self.command, "{}").isEmpty)
        #expect(try values(Self.command, payload, "x-ostler-host").isEmpty)
    }

    @Test
    func `of alternatives only those count that fit`() throws {
        let schema = #"""
            {"oneOf":[{"properties":{"kind":{"const":"a"},"v":{"x-ostler-program":"A"}},"required":["kind"]},
                      {"properties":{"kind":{"const":"b"},"v":{"x-ostler-program":"B"}},"required":["kind"]}]}
            """#
        #expect(try values(schema, #"{"v":"x","kind":"a"}"#) == [#"/v "x" "A""#])
        #expect(try values(schema, #"{"v":"x","kind":"b"}"#) == [#"/v "x" "B""#])
        #expect(try places(schema) == [#"/v "A""#, #"/v "B""#])
    }

    @Test
    func `all alternatives of anyOf that fit count`() throws {
        let schema = #"""
            {"anyOf":[{"type":"string","x-ostler-program":1},{"minLength":1,"x-ostler-program":2},
                      {"type":"number","x-ostler-program":3}]}
            """#
        #expect(try values(schema, #""x""#) == [#" "x" 1"#, #" "x" 2"#])
    }

    @Test
    func `conditions, containment and dependencies are followed`() throws {
        let schema = #"""
            {"properties":{"list":{"contains":{"type":"string","x-ostler-program":"c"}}},
             "if":{"required":["sh"]},"then":{"properties":{"sh":{"x-ostler-program":"t"}}},
             "else":{"properties":{"ex":{"x-ostler-program":"e"}}},
             "dependentSchemas":{"dep":{"properties":{"ex":{"x-ostler-program":"d"}}}}}
            """#
        #expect(try values(schema, #"{"sh":1,"ex":2}"#) == [#"/sh 1 "t""#])
        #expect(try values(schema, #"{"ex":2,"dep":3}"#) == [#"/ex 2 "e""#, #"/ex 2 "d""#])
        #expect(try values(schema, #"{"list":[1,"x",2,"y"]}"#) == [#"/list/1 "x" "c""#, #"/list/3 "y" "c""#])
    }

    @Test
    func `not and propertyNames say nothing about values`() throws {
        let schema = #"""
            {"not":{"required":["zzz"],"properties":{"a":{"x-ostler-program":1}}},
             "propertyNames":{"x-ostler-program":2}}
            """#
        #expect(try values(schema, #"{"a":1}"#).isEmpty)
        #expect(try places(schema).isEmpty)
    }

    @Test
    func `what two ways lead to is told once`() throws {
        let schema = #"""
            {"allOf":[{"$ref":"#/$defs/p"},{"$ref":"#/$defs/p"}],"$defs":{"p":{"properties":{"a":{"x-ostler-program":1}}}}}
            """#
        #expect(try values(schema, #"{"a":"x"}"#) == [#"/a "x" 1"#])
        #expect(try places(schema) == ["/a 1"])
    }

    @Test
    func `a schema that refers to itself is walked as deep as the payload`() throws {
        let schema = ##"{"properties":{"run":{"x-ostler-program":1},"next":{"$ref":"#"}}}"##
        #expect(
            try values(schema, #"{"run":"a","next":{"run":"b","next":{"run":"c"}}}"#)
                == [#"/run "a" 1"#, #"/next/run "b" 1"#, #"/next/next/run "c" 1"#]
        )
        #expect(try places(schema) == ["/run 1"])
    }

    @Test
    func `many values are found in one walk`() throws {
        let payload = "[" + (0..<20_000).map { "\"p\($0)\"" }.joined(separator: ",") + "]"
        let found = try values(#"{"items":{"x-ostler-program":true}}"#, payload)
        #expect(found.count == 20_000)
        #expect(found.last == #"/19999 "p19999" true"#)
    }

    @Test
    func `nothing is left out silently when the work is too much`() throws {
        let schema = #"""
            {"x-ostler-program":1,"items":{"allOf":[{"$ref":"#"},{"$ref":"#"},{"$ref":"#"},{"$ref":"#"}]}}
            """#
        let payload = String(repeating: "[", count: 60) + String(repeating: "]", count: 60)
        #expect(throws: JSONError.self) { try values(schema, payload) }
    }
}
