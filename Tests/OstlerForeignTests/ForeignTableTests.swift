import OstlerForeign
import OstlerJSON
import Testing

/// Declarations of functions: what is read, what is refused, and the schemas that are made of them.
@Suite struct ForeignTableTests {
    private func table(_ functions: JSONValue, types: JSONValue = [:], executors: JSONValue) throws -> ForeignTable {
        try ForeignTable(reading: ["types": types, "functions": functions, "executors": executors])
    }

    @Test func `structures are laid out as C lays them out`() throws {
        let types: JSONValue = [
            "inner": ["struct": [["a": "uint8"], ["b": "double"]]],
            "outer": [
                "struct": [["c": "short"], ["in": "inner"], ["t": ["array": "uint8", "count": 3]], ["p": "cstring"]]
            ],
        ]
        let table = try table(["f": ["returns": "outer"]], types: types, executors: [["name": "f"]])
        guard case .structure(let outer) = table.functions["f"]?.returns else {
            Issue.record("not a structure")
            return
        }
        #expect(outer.members.map(\.offset) == [0, 8, 24, 32])
        #expect(outer.size == 40 && outer.alignment == 8)
    }

    @Test func `a schema has the members that take a value, with their ranges`() throws {
        let table = try table(
            [
                "f": [
                    "args": [
                        ["n": "uint8"], ["data": "bytes"], ["size": ["length_of": "data"]], ["sum": ["out": "int"]],
                        ["flag": ["const": 3, "as": "int"]],
                        ["room": ["out": ["bytes": ["capacity": 4, "max_capacity": 9]]]],
                    ]
                ]
            ],
            executors: [["name": "f"]]
        )
        let schema = try #require(table.executor("f")?.payloadSchema)
        #expect(schema["required"] == ["n", "data"])
        #expect(schema["properties"]?.object?.keys == ["n", "data", "room"])
        #expect(schema["properties"]?["n"] == ["type": "integer", "minimum": 0, "maximum": 255])
        #expect(schema["properties"]?["room"]?["maximum"] == 9)
        #expect(schema["additionalProperties"] == false)
    }

    @Test(arguments: [
        (1, true, true, 128, true), (1, true, true, 129, false), (1, true, false, 127, true),
        (1, true, false, 128, false),
        (1, false, false, 255, true), (1, false, true, 1, false), (1, false, true, 0, true),
        (8, true, true, 1 << 63, true),
        (8, true, false, 1 << 63, false), (8, false, false, UInt64.max, true), (4, true, false, 1 << 31, false),
    ])
    func `a number fits an integer or does not`(
        size: Int,
        isSigned: Bool,
        isNegative: Bool,
        magnitude: UInt64,
        fits: Bool
    ) {
        let bits = CInteger(size: size, isSigned: isSigned).bits(negative: isNegative, magnitude: magnitude)
        #expect((bits != nil) == fits)
    }

    @Test func `types that grow without bound are refused before they are made`() {
        var types: [(String, JSONValue)] = [("t0", ["array": "int", "count": 1000])]
        for level in 1...12 {
            types.append(("t\(level)", ["array": .string("t\(level - 1)"), "count": 60_000]))
            let twice = (0..<100).map { JSONValue.object(JSONObject([("m\($0)", .string("s\(level - 1)"))])) }
            types.append(("s\(level)", ["struct": .array(twice)]))
        }
        types.append(("s0", "double"))
        for name in ["t12", "s12"] {
            let functions: JSONValue = ["f": ["args": [["a": ["pointer": .string(name)]]]]]
            #expect(throws: ForeignProblem.self) {
                try table(functions, types: .object(JSONObject(types)), executors: [["name": "f"]])
            }
        }
    }

    /// Functions, executors, and the code and place of what is wrong with them.
    private static let faults:
        [(functions: JSONValue, executors: JSONValue, code: ForeignProblem.Code, place: String)] = [
            (["f": ["returns": "word"]], [["name": "f"]], .unknownType, "/functions/f/returns"),
            (["f": ["return": "int"]], [["name": "f"]], .unknownKey, "/functions/f/return"),
            (["f": ["args": [["a": "int"], ["a": "int"]]]], [["name": "f"]], .duplicateName, "/functions/f/args/1"),
            (["f": ["args": [["errno": "int"]]]], [["name": "f"]], .duplicateName, "/functions/f/args/0"),
            (["f": ["args": [["a": "int", "b": "int"]]]], [["name": "f"]], .wrongType, "/functions/f/args/0"),
            (["1f": [:]], [["name": "f"]], .invalidValue, "/functions/1f"),
            (["f": ["returns": "double", "ok": 0]], [["name": "f"]], .invalidValue, "/functions/f/ok"),
            (["f": ["returns": "int", "ok": "not_null"]], [["name": "f"]], .invalidValue, "/functions/f/ok"),
            (["f": ["returns": ["struct": []]]], [["name": "f"]], .invalidValue, "/functions/f/returns/struct"),
            (
                ["f": ["returns": ["enum": ["a": 300], "as": "uint8"]]], [["name": "f"]], .invalidValue,
                "/functions/f/returns/enum/a"
            ),
            (
                ["f": ["args": [["a": ["out": ["bytes": ["capacity": 9_999_999]]]]]]], [["name": "f"]], .invalidValue,
                "/functions/f/args/0/a/out/bytes/capacity"
            ),
            (
                ["f": ["args": [["a": ["out": ["bytes": ["capacity": 9, "length": "b"]]]]]]], [["name": "f"]],
                .unknownParameter, "/functions/f/args/0"
            ),
            (
                ["f": ["args": [["a": ["compare": ["of": ["struct": [["x": "int"]]]]]]]]], [["name": "f"]], .missingKey,
                "/functions/f/args/0/a/compare"
            ),
            (
                ["f": ["args": [["a": ["collect": ["args": [["v": ["array": "int", "count": "n"]]]]]]]]],
                [["name": "f"]],
                .unknownParameter, "/functions/f/args/0/a/collect/args/0"
            ),
            (["f": [:]], [["name": "g"]], .unknownFunction, "/executors/0"),
            (["f": [:]], [["name": "g", "sequence": []]], .invalidValue, "/executors/0/sequence"),
            (["f": [:]], [["name": "g", "call": "f", "sequence": []]], .invalidValue, "/executors/0/sequence"),
            (
                ["f": [:]], [["name": "g", "sequence": [["call": "f"], ["call": "f"]]]], .duplicateName,
                "/executors/0/sequence/1"
            ),
            (
                ["f": [:]], [["name": "g", "sequence": [["call": "f", "with": ["x": ["const": 1]]]]]],
                .unknownParameter,
                "/executors/0/sequence/0/with/x"
            ),
        ]

    @Test(arguments: faults.indices)
    func `what is wrong is told with code and place`(index: Int) {
        let fault = Self.faults[index]
        do {
            _ = try table(fault.functions, executors: fault.executors)
            Issue.record("\(fault.functions.text) \(fault.executors.text) is taken")
        } catch {
            let problem = error as? ForeignProblem
            #expect(problem?.code == fault.code, "\(error)")
            #expect(problem?.pointer.description == fault.place, "\(error)")
        }
    }
}
