import OstlerJSON
import OstlerSchema
import Testing

@Suite
struct ProblemTests {
    struct Case: Sendable {
        let schema: String
        let payload: String
        let pointer: String
        let code: SchemaProblem.Code
        let message: String

        init(_ schema: String, _ payload: String, _ pointer: String, _ code: SchemaProblem.Code, _ message: String) {
            (self.schema, self.payload, self.pointer, self.code, self.message) = (
                schema, payload, pointer, code, message
            )
        }
    }

    static let scalars = [
        Case(#"{"type":"string"}"#, "12", "", .wrongType, "expected a string, found the number 12"),
        Case(#"{"type":"integer"}"#, "1.5", "", .wrongType, "expected an integer, found the number 1.5"),
        Case(
            #"{"type":["object","null"]}"#,
            "[1]",
            "",
            .wrongType,
            "expected null or an object, found an array of 1 item"
        ),
        Case(
            #"{"type":["string","array","boolean"]}"#,
            "{}",
            "",
            .wrongType,
            "expected a boolean, an array or a string, found an empty object"
        ),
        Case(
            #"{"type":"array"}"#,
            #"{"a":1,"b":2}"#,
            "",
            .wrongType,
            "expected an array, found an object of 2 members"
        ),
        Case(#"{"type":"object"}"#, "null", "", .wrongType, "expected an object, found null"),
        Case(#"{"type":"null"}"#, "false", "", .wrongType, "expected null, found false"),
        Case(#"{"const":"on"}"#, #""off""#, "", .notTheConstant, #"expected "on", found the string "off""#),
        Case(#"{"const":[1,2]}"#, "[2,1]", "", .notTheConstant, "expected [1,2], found an array of 2 items"),
        Case(
            #"{"enum":["minimal","inherit"]}"#,
            #""inhrit""#,
            "",
            .notInEnum,
            #"expected "minimal" or "inherit", found the string "inhrit"; did you mean "inherit"?"#
        ),
        Case(#"{"enum":[1,true,null]}"#, #""x""#, "", .notInEnum, #"expected 1, true or null, found the string "x""#),
        Case(
            #"{"minLength":3}"#,
            #""é€""#,
            "",
            .tooShort,
            #"expected at least 3 characters, found 2: found the string "é€""#
        ),
        Case(#"{"maxLength":1}"#, #""ab""#, "", .tooLong, "expected at most 1 character, found 2"),
        Case(
            #"{"pattern":"^[a-z]+$"}"#,
            #""A""#,
            "",
            .patternMismatch,
            #"expected a string that matches ^[a-z]+$, found the string "A""#
        ),
        Case(#"{"minimum":1}"#, "0", "", .outOfRange, "expected at least 1, found the number 0"),
        Case(#"{"maximum":1.5}"#, "2", "", .outOfRange, "expected at most 1.5, found the number 2"),
        Case(#"{"exclusiveMinimum":1}"#, "1.0", "", .outOfRange, "expected more than 1, found the number 1"),
        Case(#"{"exclusiveMaximum":1}"#, "1", "", .outOfRange, "expected less than 1, found the number 1"),
        Case(#"{"multipleOf":5}"#, "12", "", .notAMultiple, "expected a multiple of 5, found the number 12"),
        Case(
            #"{"multipleOf":0.01}"#,
            "0.005",
            "",
            .notAMultiple,
            "expected a multiple of 0.01, found the number 0.005"
        ),
        Case("false", "1", "", .forbidden, "nothing may stand here"),
    ]

    static let objects = [
        Case(#"{"required":["command"]}"#, "{}", "", .missingMember, #"the member "command" is missing"#),
        Case(
            #"{"properties":{"a":{"required":["b/c"]}}}"#,
            #"{"a":{}}"#,
            "/a",
            .missingMember,
            #"the member "b/c" is missing"#
        ),
        Case(
            #"{"dependentRequired":{"a":["b"]}}"#,
            #"{"a":1}"#,
            "",
            .missingMember,
            #"the member "b" is missing; it must go with "a""#
        ),
        Case(
            #"{"properties":{"timeout":{}},"additionalProperties":false}"#,
            #"{"timeuot":1}"#,
            "/timeuot",
            .unknownMember,
            #"unknown member "timeuot"; did you mean "timeout"?"#
        ),
        Case(
            #"{"properties":{"a":{},"b":{}},"additionalProperties":false}"#,
            #"{"zebra":1}"#,
            "/zebra",
            .unknownMember,
            #"unknown member "zebra"; known are a, b"#
        ),
        Case(#"{"additionalProperties":false}"#, #"{"x\n":1}"#, "/x\n", .unknownMember, #"unknown member "x\n""#),
        Case(
            #"{"patternProperties":{"^x-":true},"additionalProperties":false}"#,
            #"{"x-a":1,"y":2}"#,
            "/y",
            .unknownMember,
            #"unknown member "y""#
        ),
        Case(
            #"{"properties":{"a":true},"unevaluatedProperties":false}"#,
            #"{"a":1,"b":2}"#,
            "/b",
            .unknownMember,
            #"unknown member "b": nothing in the schema allows it"#
        ),
        Case(#"{"minProperties":2}"#, #"{"a":1}"#, "", .tooFewMembers, "expected at least 2 members, found 1"),
        Case(#"{"maxProperties":1}"#, #"{"a":1,"b":2}"#, "", .tooManyMembers, "expected at most 1 member, found 2"),
        Case(
            #"{"propertyNames":{"maxLength":2}}"#,
            #"{"abc":1}"#,
            "/abc",
            .badMemberName,
            #"the name "abc" is not allowed: expected at most 2 characters, found 3"#
        ),
        Case(#"{"properties":{"old":false}}"#, #"{"old":1}"#, "/old", .forbidden, "nothing may stand here"),
    ]

    static let arrays = [
        Case(#"{"items":{"type":"string"}}"#, #"["a",1]"#, "/1", .wrongType, "expected a string, found the number 1"),
        Case(
            #"{"prefixItems":[true],"items":false}"#,
            "[1,2]",
            "/1",
            .tooManyItems,
            "expected at most 1 item, this is one more"
        ),
        Case(#"{"minItems":2}"#, "[1]", "", .tooFewItems, "expected at least 2 items, found 1"),
        Case(#"{"maxItems":1}"#, "[1,2]", "", .tooManyItems, "expected at most 1 item, found 2"),
        Case(
            #"{"uniqueItems":true}"#,
            #"[{"a":1,"b":2},2,{"b":2.0,"a":1}]"#,
            "/2",
            .duplicateItem,
            "the same as item 0; each must be different"
        ),
        Case(
            #"{"contains":{"const":1}}"#,
            "[2]",
            "",
            .missingItem,
            "expected at least 1 item of the required form, found 0"
        ),
        Case(
            #"{"contains":{"const":1},"maxContains":1}"#,
            "[1,1]",
            "",
            .tooManyMatches,
            "expected at most 1 item of the counted form, found 2"
        ),
        Case(
            #"{"prefixItems":[true],"unevaluatedItems":false}"#,
            "[1,2]",
            "/1",
            .tooManyItems,
            "nothing in the schema allows this item"
        ),
    ]

    static let alternatives = [
        Case(
            #"{"not":{"type":"string"}}"#,
            #""x""#,
            "",
            .forbidden,
            #"this form is not allowed: found the string "x""#
        ),
        Case(
            #"{"oneOf":[{"minimum":1},{"maximum":5},false]}"#,
            "3",
            "",
            .severalAlternatives,
            "exactly one of 3 alternatives must fit; numbers 1, 2 do"
        ),
        Case(
            #"{"anyOf":[{"type":"string"},{"type":"integer","minimum":5}]}"#,
            "3",
            "",
            .noAlternative,
            "none of 2 alternatives fits; the nearest fails with: expected at least 5, found the number 3"
        ),
        Case(
            #"{"oneOf":[{"required":["a","b"]},{"required":["c"]}]}"#,
            "{}",
            "",
            .noAlternative,
            #"none of 2 alternatives fits; the nearest fails with: the member "c" is missing"#
        ),
        Case(
            #"{"anyOf":[{"properties":{"a":{"type":"string"}}}]}"#,
            #"{"a":1}"#,
            "",
            .noAlternative,
            "none of 1 alternatives fits; the nearest fails with: at /a: expected a string, found the number 1"
        ),
        Case(
            #"{"if":{"required":["a"]},"then":{"required":["b"]}}"#,
            #"{"a":1}"#,
            "",
            .missingMember,
            #"the member "b" is missing"#
        ),
        Case(
            #"{"dependentSchemas":{"a":{"maxProperties":1}}}"#,
            #"{"a":1,"b":2}"#,
            "",
            .tooManyMembers,
            "expected at most 1 member, found 2"
        ),
        Case(
            ##"{"$ref":"#/$defs/p","$defs":{"p":{"type":"string"}}}"##,
            "1",
            "",
            .wrongType,
            "expected a string, found the number 1"
        ),
    ]

    @Test(arguments: scalars + objects + arrays + alternatives)
    func `a problem says where, what was expected and what was found`(_ test: Case) throws {
        let expected = SchemaProblem(
            pointer: JSONPointer(test.pointer),
            code: test.code.rawValue,
            message: test.message
        )
        #expect(try problems(test.schema, test.payload) == [expected])
    }

    @Test
    func `every problem is told, each at its place`() throws {
        let schema = #"""
            {"type":"object","required":["id","to"],"additionalProperties":false,"properties":{
              "id":{"type":"string"},"to":{},"list":{"items":{"properties":{"n/m":{"type":"integer"}}}}}}
            """#
        let payload = #" { "id" : 1 , "list" : [ {} , { "n/m" : "x" } , { "n/m" : 2.5 } ] , "lst" : null } "#
        let found = try problems(schema, payload)
        #expect(found.map(\.pointer.description) == ["/id", "/list/1/n~1m", "/list/2/n~1m", "/lst", ""])
        #expect(found.map(\.code) == ["wrong_type", "wrong_type", "wrong_type", "unknown_member", "missing_member"])
        #expect(found[3].message.hasSuffix("did you mean \"list\"?"))
        #expect(found[4].description == "payload: the member \"to\" is missing")
        #expect(found[0].description == "/id: expected a string, found the number 1")
    }

    @Test
    func `long values are shortened and long lists cut`() throws {
        let long = String(repeating: "x", count: 10_000)
        let message = try problems(#"{"type":"integer"}"#, "\"\(long)\"")[0].message
        #expect(message.utf8.count < 120)
        #expect(message.hasSuffix("…\""))
        let values = (0..<100).map { "\($0)" }.joined(separator: ",")
        #expect(
            try problems(#"{"enum":[\#(values)]}"#, "true")[0].message
                == "expected 0, 1, 2, 3, 4, 5, 6, 7 or 92 more, found true"
        )
        let name = try problems(#"{"additionalProperties":false}"#, "{\"\(long)\":1}")[0].message
        #expect(name.utf8.count < 120)
    }

    @Test
    func `no more than sixty-four problems are told`() throws {
        let payload = "[" + Array(repeating: "1", count: 1000).joined(separator: ",") + "]"
        #expect(try problems(#"{"items":{"type":"string"}}"#, payload).count == 64)
    }

    @Test
    func `problems are added to those that are there`() throws {
        let schema = try compile(#"{"type":"string"}"#)
        var found = [SchemaProblem(pointer: .root, code: "earlier", message: "")]
        let payload = Array("1".utf8)
        payload.withUnsafeBufferPointer { schema.validate($0, into: &found) }
        #expect(found.map(\.code) == ["earlier", "wrong_type"])
        let good = Array("\"x\"".utf8)
        good.withUnsafeBufferPointer { schema.validate($0, into: &found) }
        #expect(found.count == 2)
    }

    @Test(arguments: [
        ("", "unexpected_end"), ("{", "unexpected_end"), ("[1,]", "unexpected_byte"),
        (#"{"a":1,"a":2}"#, "duplicate_key"),
        ("1 2", "trailing_bytes"), ("\"\u{1}\"", "control_character"), ("01", "invalid_number"),
    ])
    func `what is not JSON has the code of its fault`(_ payload: String, _ code: String) throws {
        let found = try problems("true", payload)
        #expect(found.map(\.code) == [code])
        #expect(found[0].message.hasPrefix("not acceptable as JSON: "))
    }

    @Test
    func `broken bytes are reported even when nobody has checked them`() throws {
        let schema = try compile(#"{"properties":{"a":{"items":{"minLength":1}}},"required":["b"]}"#)
        let text = Array(#"{"a":["x",{"y":[1,2]}],"b":"\u00e9"}"#.utf8)
        for count in 0..<text.count {
            let found = schema.validate(Array(text[..<count]), strict: false)
            #expect(!found.isEmpty, "\(count)")
        }
        #expect(schema.validate(text, strict: false).isEmpty)
    }

    @Test
    func `codes are stable words`() {
        for code in SchemaProblem.Code.allCases {
            #expect(code.rawValue.allSatisfy { $0 == "_" || ("a"..."z").contains($0) })
        }
        #expect(SchemaProblem.Code.allCases.count == 22)
    }
}
