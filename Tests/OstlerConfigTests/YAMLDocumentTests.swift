import OstlerJSON
import OstlerTestSupport
import Testing

@testable import OstlerConfig

/// The description of the error that parsing throws; nil if it does not.
private func refusal(_ text: String) -> String? {
    do throws(ConfigError) {
        _ = try YAMLDocument(parsing: text, file: "f.yaml")
        return nil
    } catch {
        return error.description
    }
}

private func code(_ bytes: [UInt8]) -> ConfigError.Code? {
    do throws(ConfigError) {
        _ = try YAMLDocument(parsing: bytes, file: "f.yaml")
        return nil
    } catch {
        return error.code
    }
}

@Suite struct YAMLDocumentTests {
    @Test(
        arguments: [
            ("", "null"), ("# only a comment\n", "null"), ("---\n", "null"), ("~", "null"), ("null", "null"),
            ("{}", "{}"), ("[]", "[]"), ("a: 1", #"{"a":1}"#), ("--- {a: 1}\n...\n", #"{"a":1}"#),
            ("[true, false, null, ~, ]", "[true,false,null,null]"),
            ("[yes, no, on, off, y, n, True, FALSE, Null]", #"["yes","no","on","off","y","n","True","FALSE","Null"]"#),
            ("[0, -1, 12, 1.5, -2e3, 1E+2]", "[0,-1,12,1.5,-2000,100]"),
            ("[007, 0x1F, 0o17, +1, .5, 5., 1_000, 1:30, .inf, .nan, -, -x]", nil),
            ("['true', \"1\", 'null']", #"["true","1","null"]"#),
            ("a: |\n  x\n  y\n", #"{"a":"x\ny\n"}"#), ("a: >-\n  x\n  y\n", #"{"a":"x y"}"#),
            ("a:\n- 1\n- b: 2\n", #"{"a":[1,{"b":2}]}"#), ("\"\": x", #"{"":"x"}"#), ("'1': x", #"{"1":"x"}"#),
            ("a: x & y * z # w", #"{"a":"x & y * z"}"#), ("a: 2026-01-02", #"{"a":"2026-01-02"}"#),
            ("a: \"\\u00e9\\0\"", #"{"a":"é\u0000"}"#), ("\u{FEFF}a: 1", #"{"a":1}"#),
            ("a: 1\r\nb: 2\r\n", #"{"a":1,"b":2}"#),
            ("%YAML 1.2\n---\na: 1", #"{"a":1}"#), ("a: 9223372036854775807", #"{"a":9223372036854775807}"#),
        ] as [(String, String?)]
    )
    func `reads the dialect`(text: String, json: String?) throws {
        let document = try YAMLDocument(parsing: text, file: "f.yaml")
        if let json {
            #expect(document.root.text == json)
        } else {
            #expect(document.root.array?.allSatisfy { $0.string != nil } == true, "each is text")
        }
    }

    @Test(arguments: [
        ("a: 1\na: 2", #"f.yaml:2:1: the key "a" occurs twice in one mapping"#),
        ("x: {b: 1, c: 2, \"b\": 3}", #"f.yaml:1:17: the key "b" occurs twice in one mapping"#),
        (
            "a: &x 1",
            "f.yaml:1:4: anchors and aliases are not supported (&x); "
                + "write the value out, or quote text that begins with &"
        ),
        (
            "a: *x",
            "f.yaml:1:4: anchors and aliases are not supported (*x); "
                + "write the value out, or quote text that begins with *"
        ),
        (
            "a: [*.example.com]",
            "f.yaml:1:6: did not find expected alphabetic or numeric character (while scanning an alias from line 1); "
                + "quote text that begins with * or &"
        ),
        ("a:\n  <<: {b: 1}", "f.yaml:2:3: merge keys (<<) are not supported; write the members out"),
        ("a: !!str 1", "f.yaml:1:4: tags are not supported (!!str); quote the value if text is meant"),
        ("a: !x {}", "f.yaml:1:4: tags are not supported (!x); quote the value if text is meant"),
        ("1: x", #"f.yaml:1:1: a key must be text; write "1""#),
        ("true: x", #"f.yaml:1:1: a key must be text; write "true""#),
        ("~: x", #"f.yaml:1:1: a key must be text; write "~""#),
        ("[a]: x", "f.yaml:1:1: a key must be text, not a list or a mapping; quote a key that holds brackets"),
        ("? {a: 1}\n: x", "f.yaml:1:3: a key must be text, not a list or a mapping; quote a key that holds brackets"),
        ("a: 1\n---\nb: 2", "f.yaml:2:1: a second document; a file holds one"),
        ("a: 1e999", "f.yaml:1:4: the number 1e999 is out of range; quote it if text is meant"),
        (
            "a: b: c",
            "f.yaml:1:5: mapping values are not allowed in this context; quote text that holds a colon and a space"
        ),
        ("a: [1, 2", "f.yaml:2:1: did not find expected ',' or ']' (while parsing a flow sequence from line 1)"),
        ("a: 1\n\u{0007}", "f.yaml:2:1: a control character (0x07) that YAML does not allow"),
        ("é: \u{0000}", "f.yaml:1:4: a control character (0x00) that YAML does not allow"),
    ])
    func `refuses the rest with its place`(text: String, message: String) {
        #expect(refusal(text) == message)
    }

    @Test func `a tab for indentation is refused with a hint`() {
        let message = refusal("a:\n\tb: 1")
        #expect(message?.hasPrefix("f.yaml:2:1: ") == true)
        #expect(message?.hasSuffix("indent with spaces, and quote text that begins with a sign such as @ or %") == true)
    }

    @Test func `bytes that are not UTF-8 are refused with their place`() {
        #expect {
            try YAMLDocument(parsing: Array("é: 1\nbé".utf8) + [0xFF, 0x61], file: "f.yaml")
        } throws: { error in
            (error as? ConfigError)?.description
                == "f.yaml:2:3: bytes that are not valid UTF-8; save the file as UTF-8"
        }
        #expect(code([0xFF, 0xFE, 0x61, 0x00]) == .encoding)
        #expect(code([0xC0, 0xAF]) == .encoding)
        #expect(code([0xED, 0xA0, 0x80]) == .encoding)
    }

    @Test func `a text above 1 MiB is not looked at`() {
        #expect(code(Array(repeating: 0x20, count: 1 << 20)) == nil)
        #expect(
            refusal(String(repeating: "[", count: 1 << 20) + "[")
                == "f.yaml: the file has 1048577 bytes; at most 1048576 are read"
        )
    }
}

@Suite struct JSONTextTests {
    private static let key = String(repeating: "k", count: 2000)

    @Test(
        arguments: [
            (#"{"a": "\ud83d\ude00"}"#, #"{"a":"😀"}"#), (#" [ "\u00e4\/\u0007" ] "#, #"["ä/\u0007"]"#),
            ("{\"\(key)\": 1}", "{\"\(key)\":1}"), (#"[1e2, -0.5, true, null, {}, []]"#, "[100,-0.5,true,null,{},[]]"),
        ]
    )
    func `What is JSON as a whole is read as JSON`(_ text: String, _ document: String) throws {
        #expect(try YAMLDocument(parsing: text, file: "f.json").root.text == document)
    }

    @Test func `What only begins as JSON is YAML`() throws {
        #expect(try YAMLDocument(parsing: "{a: 1, \"b\": [x]} # c", file: "f").root.text == #"{"a":1,"b":["x"]}"#)
        #expect(refusal(#"{"a": 1, "a": 2}"#) == #"f.yaml:1:10: the key "a" occurs twice in one mapping"#)
        #expect(code(Array(String(repeating: "[", count: 100).utf8)) == .tooDeep)
    }

    @Test func `Places are those of YAML`() throws {
        let text = "{\n  \"ä\": [1, {\"b\":\n \"é\"}, 3],\n  \"c\": {}}"
        let json = try YAMLDocument(parsing: text, file: "f")
        let yaml = try YAMLDocument(parsing: text + " # no JSON", file: "f")
        for pointer in ["", "/ä", "/ä/0", "/ä/1", "/ä/1/b", "/ä/2", "/c"].map({ JSONPointer($0) }) {
            #expect(json.position(of: pointer) == yaml.position(of: pointer), "\(pointer)")
            #expect(json.keyPosition(of: pointer) == yaml.keyPosition(of: pointer), "\(pointer)")
        }
    }
}

@Suite struct YAMLPositionTests {
    private let document: YAMLDocument

    init() throws {
        let text = """
            # comment
            executors:
              command:
                enabled: true
                allowed_commands:
                  - ls
                  - "cät"
            "a/b~c": {x: [1, {y: 2}]}
            empty:
            """
        document = try YAMLDocument(parsing: text, file: "f.yaml")
    }

    @Test(arguments: [
        ("", 2, 1), ("/executors", 3, 3), ("/executors/command", 4, 5), ("/executors/command/enabled", 4, 14),
        ("/executors/command/allowed_commands", 6, 7), ("/executors/command/allowed_commands/1", 7, 9),
        ("/a~1b~0c", 8, 10), ("/a~1b~0c/x/0", 8, 15), ("/a~1b~0c/x/1/y", 8, 22), ("/empty", 9, 7),
    ])
    func `each value has its place`(pointer: String, line: Int, column: Int) {
        #expect(document.position(of: JSONPointer(pointer)) == YAMLPosition(line: line, column: column))
    }

    @Test(arguments: [
        ("/executors", 2, 1), ("/executors/command/enabled", 4, 5), ("/a~1b~0c/x/1/y", 8, 19), ("/empty", 9, 1),
        ("/executors/command/allowed_commands/0", 6, 9),
    ])
    func `each key has its place`(pointer: String, line: Int, column: Int) {
        #expect(document.keyPosition(of: JSONPointer(pointer)) == YAMLPosition(line: line, column: column))
    }

    @Test(arguments: [("/executors/http", 3, 3), ("/empty/x/y", 9, 7), ("/nothing", 2, 1), ("/a~1b~0c/x/7", 8, 14)])
    func `what is absent has the place of what would hold it`(pointer: String, line: Int, column: Int) {
        #expect(document.position(of: JSONPointer(pointer)) == nil)
        #expect(document.nearestPosition(to: JSONPointer(pointer)) == YAMLPosition(line: line, column: column))
    }
}

@Suite struct YAMLHostileTests {
    private func billionLaughs(keyed: Bool) -> String {
        var text = "a0: &a0 [x, x]\n"
        for level in 1...60 { text += "a\(level): &a\(level) [*a\(level - 1), *a\(level - 1)]\n" }
        return text + (keyed ? "? *a60\n: x\n" : "")
    }

    @Test(arguments: [true, false])
    func `aliases are refused before they are expanded`(keyed: Bool) {
        let time = computingTime {
            #expect(code(Array(billionLaughs(keyed: keyed).utf8)) == .alias)
        }
        #expect(time < .seconds(1))
    }

    @Test(arguments: ["[", "{a: ", "- ", "? ", "{? "])
    func `deep nesting is refused`(opening: String) {
        let time = computingTime {
            let code = code(Array(String(repeating: opening, count: (1 << 20) / opening.utf8.count).utf8))
            #expect(code == .tooDeep || code == .syntax || code == .keyNotText)
        }
        #expect(time < .seconds(5))
    }

    @Test func `the limit of nesting is that of JSON`() {
        func nested(_ depth: Int) -> [UInt8] {
            Array((String(repeating: "[", count: depth) + String(repeating: "]", count: depth)).utf8)
        }
        #expect(code(nested(64)) == nil)
        #expect(code(nested(65)) == .tooDeep)
    }

    @Test func `eighty thousand members take no quadratic time`() {
        var text = ""
        for index in 0..<80_000 { text += "k\(index): 1\n" }
        let time = computingTime {
            #expect(code(Array(text.utf8)) == nil)
        }
        #expect(time < .seconds(20))
    }

    @Test func `no byte in any place makes it crash`() {
        let text = Array("a: [1, \"x\\n\", 'y']\nb:\n  - {c: |\n d}\n  - >-\n    e\n# f\n? g\n: &h !i *j\n".utf8)
        var generator = SplitMix(state: 42)
        for _ in 0..<20_000 {
            var mutated = text
            for _ in 0..<Int.random(in: 1...3, using: &generator) {
                let index = Int.random(in: 0..<mutated.count, using: &generator)
                switch Int.random(in: 0..<3, using: &generator) {
                case 0: mutated.remove(at: index)
                case 1: mutated[index] = UInt8.random(in: 0...255, using: &generator)
                default: mutated.insert(mutated.randomElement(using: &generator) ?? 0, at: index)
                }
            }
            _ = code(mutated)
        }
    }
}

/// A small generator with a seed, so that a failure can be had again.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}
