import OstlerJSON
import OstlerSchema
import Testing

/// What each keyword means, so that this is known even where the official suite is not at hand.
@Suite
struct KeywordTests {
    struct Rule: Sendable {
        let schema: String
        let good: [String]
        let bad: [String]

        init(_ schema: String, good: [String], bad: [String]) {
            (self.schema, self.good, self.bad) = (schema, good, bad)
        }
    }

    private func check(_ rule: Rule) throws {
        let schema = try compile(rule.schema)
        for payload in rule.good { #expect(schema.validate(Array(payload.utf8)) == [], "\(payload)") }
        for payload in rule.bad { #expect(schema.validate(Array(payload.utf8)) != [], "\(payload)") }
    }

    // MARK: Scalars

    @Test(arguments: [
        Rule("true", good: ["1", "{}", "null"], bad: []),
        Rule("{}", good: ["1", "{}", "null"], bad: []),
        Rule("false", good: [], bad: ["1", "{}", "null"]),
        Rule(#"{"type":"null"}"#, good: ["null"], bad: ["0", "false", #""""#]),
        Rule(#"{"type":"boolean"}"#, good: ["true", "false"], bad: ["0", "null", #""true""#]),
        Rule(#"{"type":"string"}"#, good: [#""""#, #""1""#, #""\u0000""#], bad: ["1", "null"]),
        Rule(#"{"type":"number"}"#, good: ["1", "1.5", "-0", "1e9"], bad: [#""1""#, "true"]),
        Rule(#"{"type":"array"}"#, good: ["[]", "[1,[2]]"], bad: ["{}", #""[]""#]),
        Rule(#"{"type":"object"}"#, good: ["{}", #"{"a":{"b":1}}"#], bad: ["[]", "null"]),
        Rule(#"{"type":["string","null"]}"#, good: [#""x""#, "null"], bad: ["1", "[]"]),
        Rule(#"{"type":["integer","string"]}"#, good: ["1", "2.0", #""x""#], bad: ["1.5"]),
        Rule(#"{"type":["integer","number"]}"#, good: ["1", "1.5"], bad: [#""x""#]),
        Rule(
            #"{"enum":["a",1,null,[1],{"k":[]}]}"#,
            good: [#""a""#, "1", "1.0", "null", "[1]", #"{"k":[]}"#],
            bad: [#""b""#, "2", "false", "[]", "[1,1]", "{}"]
        ),
        Rule(#"{"const":{"a":1,"b":2}}"#, good: [#"{"b":2,"a":1}"#], bad: [#"{"a":1}"#, "[]", "1"]),
        Rule(
            #"{"minLength":2,"maxLength":3}"#,
            good: [#""ab""#, #""abc""#, #""é€""#, #""😀😀""#, "1", "[]"],
            bad: [#""a""#, #""abcd""#, #""😀""#, #""😀😀😀😀""#]
        ),
        Rule(#"{"maxLength":2}"#, good: [#""\uD83D\uDE00\uD83D\uDE00""#, #""\n\"""#], bad: [#""\u0061bc""#]),
        Rule(#"{"pattern":"^\\d+$"}"#, good: [#""12""#, #""\u0031""#, "null"], bad: [#""a""#, #""""#]),
        Rule(#"{"minimum":1,"maximum":2}"#, good: ["1", "2.0", "1.5", #""9""#], bad: ["0.99", "2.01", "-1"]),
        Rule(#"{"exclusiveMinimum":1,"exclusiveMaximum":2}"#, good: ["1.5"], bad: ["1", "2", "1.0"]),
        Rule(#"{"format":"email","contentMediaType":"application/json"}"#, good: [#""anything""#, "1"], bad: []),
        Rule(#"{"title":"t","default":1,"examples":[2],"x-other":{"type":"string"}}"#, good: ["null"], bad: []),
    ])
    func `scalars`(_ rule: Rule) throws {
        try check(rule)
    }

    // MARK: Arrays

    @Test(arguments: [
        Rule(#"{"items":{"type":"integer"}}"#, good: ["[]", "[1,2]", "{}"], bad: [#"[1,"x"]"#]),
        Rule(#"{"items":false}"#, good: ["[]", "1"], bad: ["[1]"]),
        Rule(
            #"{"prefixItems":[{"type":"string"},{"type":"integer"}]}"#,
            good: ["[]", #"["a"]"#, #"["a",1,null]"#],
            bad: ["[1]", #"["a","b"]"#]
        ),
        Rule(#"{"prefixItems":[true],"items":{"type":"null"}}"#, good: ["[1]", "[1,null]"], bad: ["[1,2]"]),
        Rule(#"{"minItems":1,"maxItems":2}"#, good: ["[1]", "[1,2]", "{}"], bad: ["[]", "[1,2,3]"]),
        Rule(#"{"uniqueItems":false}"#, good: ["[1,1]"], bad: []),
        Rule(#"{"contains":{"type":"string"}}"#, good: [#"[1,"x"]"#, "{}"], bad: ["[]", "[1]"]),
        Rule(
            #"{"contains":{"const":1},"minContains":2,"maxContains":3}"#,
            good: ["[1,0,1]", "[1,1,1]"],
            bad: ["[1]", "[1,1,1,1]"]
        ),
        Rule(#"{"contains":{"const":1},"minContains":0}"#, good: ["[]", "[2]"], bad: []),
        Rule(#"{"minContains":2}"#, good: ["[]"], bad: []),
        Rule(#"{"contains":false,"items":{"contains":true}}"#, good: [], bad: ["[]", "[[1]]"]),
        Rule(#"{"items":{"items":{"items":{"minimum":0}}}}"#, good: ["[[[1]],[]]", "[1]"], bad: ["[[[0],[-1]]]"]),
    ])
    func `arrays`(_ rule: Rule) throws {
        try check(rule)
    }

    // MARK: Objects

    @Test(arguments: [
        Rule(
            #"{"properties":{"a":{"type":"integer"}}}"#,
            good: ["{}", #"{"a":1}"#, #"{"b":"x"}"#, "[]"],
            bad: [#"{"a":"x"}"#]
        ),
        Rule(#"{"properties":{"a":false}}"#, good: ["{}", #"{"b":1}"#], bad: [#"{"a":1}"#]),
        Rule(#"{"required":["a","b","a"]}"#, good: [#"{"b":1,"a":null}"#, "[]"], bad: ["{}", #"{"a":1}"#]),
        Rule(
            #"{"additionalProperties":{"type":"integer"},"properties":{"s":true}}"#,
            good: [#"{"s":"x","n":1}"#],
            bad: [#"{"n":"x"}"#]
        ),
        Rule(
            #"{"patternProperties":{"^n":{"type":"integer"},"s$":{"minimum":5}}}"#,
            good: [#"{"ns":5,"x":"y"}"#],
            bad: [#"{"ns":4}"#, #"{"n":1.5}"#]
        ),
        Rule(
            #"{"patternProperties":{"^a":true},"properties":{"b":true},"additionalProperties":false}"#,
            good: [#"{"a1":1,"b":2}"#],
            bad: [#"{"c":1}"#]
        ),
        Rule(
            #"{"propertyNames":{"pattern":"^[a-z]+$"}}"#,
            good: [#"{"abc":1}"#, "{}", "1"],
            bad: [#"{"A":1}"#, #"{"":1}"#]
        ),
        Rule(#"{"propertyNames":{"enum":["a","\""]}}"#, good: [#"{"a":1,"\"":2}"#], bad: [#"{"b":1}"#]),
        Rule(#"{"propertyNames":false}"#, good: ["{}"], bad: [#"{"a":1}"#]),
        Rule(
            #"{"minProperties":1,"maxProperties":2}"#,
            good: [#"{"a":1}"#, "[]"],
            bad: ["{}", #"{"a":1,"b":2,"c":3}"#]
        ),
        Rule(
            #"{"dependentRequired":{"a":["b","c"],"d":[]}}"#,
            good: ["{}", #"{"a":1,"b":2,"c":3}"#, #"{"d":1}"#],
            bad: [#"{"a":1}"#, #"{"b":2,"a":1}"#]
        ),
        Rule(
            #"{"dependentSchemas":{"a":{"required":["b"]},"f":false}}"#,
            good: ["{}", #"{"a":1,"b":2}"#, "[]"],
            bad: [#"{"a":1}"#, #"{"f":1}"#]
        ),
    ])
    func `objects`(_ rule: Rule) throws {
        try check(rule)
    }

    // MARK: Alternatives

    @Test(arguments: [
        Rule(#"{"allOf":[{"minimum":1},{"maximum":2}]}"#, good: ["1", "2", #""x""#], bad: ["0", "3"]),
        Rule(#"{"anyOf":[{"type":"string"},{"minimum":5}]}"#, good: [#""x""#, "5", "null"], bad: ["4"]),
        Rule(#"{"oneOf":[{"type":"integer"},{"minimum":5}]}"#, good: ["1", "5.5"], bad: ["5", "1.5"]),
        Rule(#"{"not":{"type":["string","null"]}}"#, good: ["1"], bad: [#""x""#, "null"]),
        Rule(#"{"not":{"not":{"type":"string"}}}"#, good: [#""x""#], bad: ["1"]),
        Rule(
            #"{"if":{"minimum":10},"then":{"multipleOf":5},"else":{"maximum":3}}"#,
            good: ["10", "15", "3", #""x""#],
            bad: ["11", "4"]
        ),
        Rule(#"{"if":{"minimum":10},"else":{"maximum":3}}"#, good: ["11", "3"], bad: ["4"]),
        Rule(#"{"then":false,"else":false}"#, good: ["1"], bad: []),
        Rule(
            #"{"oneOf":[{"required":["a"]},{"required":["b"]}],"properties":{"a":{"type":"integer"}}}"#,
            good: [#"{"a":1}"#, #"{"b":"x"}"#],
            bad: ["{}", #"{"a":1,"b":2}"#, #"{"a":"x"}"#]
        ),
        Rule(##"{"$ref":"#/$defs/a","maximum":5,"$defs":{"a":{"type":"integer"}}}"##, good: ["5"], bad: ["6", "1.5"]),
        Rule(##"{"$ref":"#a","$defs":{"x":{"$anchor":"a","type":"null"}}}"##, good: ["null"], bad: ["1"]),
        Rule(##"{"$ref":"#/$defs/a~1b/c%25d","$defs":{"a/b":{"c%d":{"type":"null"}}}}"##, good: ["null"], bad: ["1"]),
    ])
    func `alternatives and references`(_ rule: Rule) throws {
        try check(rule)
    }

    // MARK: Unevaluated

    @Test(arguments: [
        Rule(
            #"{"properties":{"a":true},"unevaluatedProperties":false}"#,
            good: ["{}", #"{"a":1}"#, "[1]"],
            bad: [#"{"b":1}"#]
        ),
        Rule(
            #"{"allOf":[{"properties":{"a":true}},{"properties":{"b":true}}],"unevaluatedProperties":false}"#,
            good: [#"{"a":1,"b":2}"#],
            bad: [#"{"a":1,"c":2}"#]
        ),
        Rule(
            #"{"anyOf":[{"properties":{"a":{"const":1}},"required":["a"]},{"properties":{"b":true}}],"unevaluatedProperties":false}"#,
            good: [#"{"a":1,"b":2}"#, #"{"b":1}"#],
            bad: [#"{"a":2,"b":1}"#, #"{"a":1,"c":1}"#]
        ),
        Rule(
            #"{"if":{"properties":{"k":{"const":1}},"required":["k"]},"then":{"properties":{"a":true}},"unevaluatedProperties":false}"#,
            good: [#"{"k":1,"a":2}"#, "{}"],
            bad: [#"{"k":2}"#, #"{"k":1,"b":2}"#]
        ),
        Rule(
            #"{"not":{"not":{"properties":{"a":true}}},"unevaluatedProperties":false}"#,
            good: ["{}"],
            bad: [#"{"a":1}"#]
        ),
        Rule(
            #"{"patternProperties":{"^x":true},"dependentSchemas":{"x":{"properties":{"y":true}}},"unevaluatedProperties":{"type":"null"}}"#,
            good: [#"{"x":1,"y":2}"#, #"{"y":null}"#],
            bad: [#"{"y":2}"#]
        ),
        Rule(#"{"allOf":[{"additionalProperties":true}],"unevaluatedProperties":false}"#, good: [#"{"a":1}"#], bad: []),
        Rule(
            #"{"allOf":[{"unevaluatedProperties":true}],"unevaluatedProperties":false}"#,
            good: [#"{"a":1}"#],
            bad: []
        ),
        Rule(
            ##"{"$ref":"#/$defs/a","properties":{"b":true},"unevaluatedProperties":false,"$defs":{"a":{"properties":{"a":true}}}}"##,
            good: [#"{"a":1,"b":2}"#],
            bad: [#"{"c":1}"#]
        ),
        Rule(
            #"{"properties":{"a":{"properties":{"b":true}}},"unevaluatedProperties":false}"#,
            good: [#"{"a":{"z":1}}"#],
            bad: [#"{"b":1}"#]
        ),
        Rule(#"{"prefixItems":[true],"unevaluatedItems":false}"#, good: ["[]", "[1]", #"{"a":1}"#], bad: ["[1,2]"]),
        Rule(
            #"{"allOf":[{"prefixItems":[true,true]}],"prefixItems":[true],"unevaluatedItems":false}"#,
            good: ["[1,2]"],
            bad: ["[1,2,3]"]
        ),
        Rule(
            #"{"contains":{"type":"string"},"unevaluatedItems":{"type":"integer"}}"#,
            good: [#"["a",1,"b"]"#],
            bad: [#"["a",null]"#]
        ),
        Rule(#"{"allOf":[{"items":true}],"unevaluatedItems":false}"#, good: ["[1,2]"], bad: []),
        Rule(
            #"{"oneOf":[{"prefixItems":[{"const":1}]},{"prefixItems":[true,{"const":2}],"minItems":2}],"unevaluatedItems":false}"#,
            good: ["[1]", "[3,2]"],
            bad: ["[1,3]", "[1,2]"]
        ),
    ])
    func `what no other keyword has looked at`(_ rule: Rule) throws {
        try check(rule)
    }

    @Test
    func `more than sixty-four members are told apart`() throws {
        let evaluated = (0..<100).map { "\"k\($0)\":true" }.joined(separator: ",")
        let schema = try compile("{\"allOf\":[{\"properties\":{\(evaluated)}}],\"unevaluatedProperties\":false}")
        let members = (0..<100).map { "\"k\($0)\":1" }
        #expect(schema.validate(Array("{\(members.joined(separator: ","))}".utf8)).isEmpty)
        let found = schema.validate(Array("{\((members + ["\"k100\":1"]).joined(separator: ","))}".utf8))
        #expect(found.map(\.pointer.description) == ["/k100"])
    }

    // MARK: Dynamic scope

    @Test
    func `the outermost resource decides what a dynamic reference means`() throws {
        let list: JSONValue = [
            "$id": "https://example.com/list", "type": "array", "items": ["$dynamicRef": "#item"],
            "$defs": ["any": ["$dynamicAnchor": "item"]],
        ]
        let strings: JSONValue = [
            "$id": "https://example.com/strings", "$ref": "list",
            "$defs": ["only": ["$dynamicAnchor": "item", "type": "string"]],
        ]
        let open = try CompiledSchema(compiling: ["$ref": "https://example.com/list"], resources: ["list": list])
        #expect(open.validate(Array(#"[1,"x"]"#.utf8)).isEmpty)
        let closed = try CompiledSchema(compiling: strings, resources: ["https://example.com/list": list])
        #expect(closed.validate(Array(#"["x"]"#.utf8)).isEmpty)
        #expect(closed.validate(Array(#"[1,"x"]"#.utf8)).map(\.pointer.description) == ["/0"])
    }

    // MARK: Dialects

    @Test
    func `a dialect switches vocabularies off`() throws {
        let meta: JSONValue = [
            "$id": "https://example.com/meta",
            "$vocabulary": [
                "https://json-schema.org/draft/2020-12/vocab/core": true,
                "https://json-schema.org/draft/2020-12/vocab/applicator": true,
                "https://example.com/vocab/optional": false,
            ],
        ]
        let document: JSONValue = [
            "$schema": "https://example.com/meta", "properties": ["a": ["type": "string"], "b": false],
        ]
        let schema = try CompiledSchema(compiling: document, resources: ["https://example.com/meta": meta])
        #expect(schema.validate(Array(#"{"a":1}"#.utf8)).isEmpty)
        #expect(!schema.validate(Array(#"{"b":1}"#.utf8)).isEmpty)
    }

    @Test
    func `a dialect that needs what is not known is refused`() throws {
        let meta: JSONValue = ["$vocabulary": ["https://example.com/vocab/needed": true]]
        let error = #expect(throws: SchemaError.self) {
            try CompiledSchema(
                compiling: ["$schema": "https://example.com/meta"],
                resources: ["https://example.com/meta": meta]
            )
        }
        #expect(error?.message.contains("https://example.com/vocab/needed") == true)
    }

    // MARK: Sharing

    @Test
    func `one schema serves many tasks at once`() async throws {
        let schema = try compile(#"{"properties":{"a":{"pattern":"x.*y|^z","minLength":1}},"required":["a"]}"#)
        let counts = await withTaskGroup(of: Int.self) { group in
            for number in 0..<8 {
                group.addTask {
                    let good = Array(#"{"a":"x\#(number)y"}"#.utf8)
                    let bad = Array(#"{"a":"\#(number)"}"#.utf8)
                    return (0..<200).reduce(0) { sum, _ in
                        sum + schema.validate(good).count + schema.validate(bad).count
                    }
                }
            }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(counts == Array(repeating: 200, count: 8))
    }
}
