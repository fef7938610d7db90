import OstlerTestSupport
import Testing

@testable import OstlerSchema

@Suite
struct PatternTests {
    private static func matches(_ pattern: String, _ text: String, fuel: Int = PatternMatcher.fuel) throws -> Bool? {
        let program = try PatternProgram(pattern)
        var text = text
        return text.withUTF8 { PatternMatcher.matches(program, $0, fuel: fuel) }
    }

    private static func simulates(_ pattern: String, _ text: String) throws -> Bool? {
        let program = try PatternProgram(pattern)
        var text = text
        return text.withUTF8 { PatternMatcher.simulates(program, $0) }
    }

    struct Case: Sendable {
        let pattern: String
        let good: [String]
        let bad: [String]

        init(_ pattern: String, _ good: [String], _ bad: [String]) {
            (self.pattern, self.good, self.bad) = (pattern, good, bad)
        }
    }

    static let cases = [
        Case("", ["", "x"], []),
        Case("a", ["a", "xax"], ["", "A"]),
        Case("^a*$", ["", "aaa"], ["ab", "b"]),
        Case("^a+$", ["a", "aa"], ["", "ab"]),
        Case("^a?b$", ["b", "ab"], ["aab", ""]),
        Case("^a{2}$", ["aa"], ["a", "aaa"]),
        Case("^a{2,}$", ["aa", "aaaa"], ["a"]),
        Case("^a{1,3}$", ["a", "aaa"], ["", "aaaa"]),
        Case("^a{0}$", [""], ["a"]),
        Case("^(ab){2,3}c$", ["ababc", "abababc"], ["abc", "ababababc"]),
        Case("a|b", ["xa", "bx"], ["c"]),
        Case("^(a|bc)*$", ["", "abca", "bcbc"], ["b", "ac"]),
        Case("^(?:a|)b$", ["ab", "b"], ["a"]),
        Case("^(?<name>a)$", ["a"], ["b"]),
        Case("^a*?b+?$", ["b", "aabb"], ["a"]),
        Case("(a*)*$", ["", "aaa", "b"], []),
        Case("^(a*)*b$", ["b", "aab"], ["a"]),
        Case("^(a|a)*b$", ["aaab"], ["aaa"]),
        Case("^[a-c]$", ["a", "c"], ["d", "-"]),
        Case("^[^a-c]$", ["d", "é"], ["a", ""]),
        Case("^[-a]$", ["-", "a"], ["b"]),
        Case("^[a-]$", ["-", "a"], ["b"]),
        Case("^[a\\-z]$", ["-", "a", "z"], ["b"]),
        Case("^[]$", [], ["", "a"]),
        Case("^[^]$", ["a", "\n"], [""]),
        Case("^[\\d_]+$", ["1_2"], ["a"]),
        Case("^[^\\d]+$", ["ab"], ["a1"]),
        Case("^[\\]\\\\]$", ["]", "\\"], ["["]),
        Case("^[\\b]$", ["\u{8}"], ["b"]),
        Case("^.$", ["a", "é", "😀"], ["", "\n", "\r", "\u{2028}", "ab"]),
        Case("^\\d$", ["5"], ["٥", "a"]),
        Case("^\\D$", ["a", "٥"], ["5"]),
        Case("^\\w$", ["a", "Z", "0", "_"], ["é", "-"]),
        Case("^\\W$", ["é", "-"], ["a"]),
        Case("^\\s$", [" ", "\t", "\u{A0}", "\u{2003}", "\u{FEFF}", "\u{2028}"], ["a", "\u{200B}"]),
        Case("^\\S$", ["a"], [" "]),
        Case("^\\p{L}+$", ["aé漢"], ["1"]),
        Case("^\\p{Letter}$", ["é"], ["1"]),
        Case("^\\p{Lu}$", ["A", "É"], ["a"]),
        Case("^\\p{gc=Nd}$", ["٥"], ["a"]),
        Case("^\\p{General_Category=Decimal_Number}$", ["5"], ["a"]),
        Case("^\\P{L}$", ["1"], ["a", "é"]),
        Case("^[\\p{L}\\d]$", ["é", "1"], ["-"]),
        Case("^\\u0041\\x42\\u{1F600}\\uD83D\\uDE00$", ["AB😀😀"], ["AB"]),
        Case("^\\t\\n\\v\\f\\r\\0\\cA$", ["\t\n\u{B}\u{C}\r\u{0}\u{1}"], [""]),
        Case("^\\.\\*\\/\\-$", [".*/-"], ["a*/-"]),
        Case("\\bcat\\b", ["cat", "a cat!", "cat."], ["cats", "scat"]),
        Case("\\Bcat", ["scat"], ["cat", "a cat"]),
        Case("^(?=.*\\d)(?=.*[a-z]).{4,}$", ["abc1", "1abc"], ["abcd", "1234", "a1"]),
        Case("^(?!-)[a-z-]+$", ["a-b"], ["-ab"]),
        Case("^(?!foo$)", ["food", ""], ["foo"]),
        Case("a(?=b)", ["ab"], ["ac", "a"]),
        Case("^é$", ["\u{E9}"], ["e\u{301}"]),
        Case("^.{2}$", ["e\u{301}", "🇩🇪"], ["é"]),
        Case(
            "^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$",
            ["a", "a-b", String(repeating: "a", count: 63)],
            ["-a", "a-", String(repeating: "a", count: 64)]
        ),
        Case("^sha256:[0-9a-f]{64}$", ["sha256:" + String(repeating: "0f", count: 32)], ["sha256:0f"]),
        Case("^[😀-😂]$", ["😁"], ["😃"]),
    ]

    @Test(arguments: cases)
    func `a pattern matches as ECMA-262 has it`(_ test: Case) throws {
        for text in test.good { #expect(try Self.matches(test.pattern, text) == true, "\(text)") }
        for text in test.bad { #expect(try Self.matches(test.pattern, text) == false, "\(text)") }
    }

    @Test(arguments: cases)
    func `the short way and the long way agree`(_ test: Case) throws {
        for text in test.good + test.bad {
            #expect(try Self.matches(test.pattern, text) == Self.simulates(test.pattern, text), "\(text)")
        }
    }

    @Test
    func `the short way is taken where it is right`() throws {
        for pattern in ["^[a-z]+$", "^/", "^[a-z][a-z0-9]*$", "^a{1,3}b", "^[a-z]*[0-9]?-$", "^é?a$"] {
            #expect(try PatternProgram(pattern).linear != nil, "\(pattern)")
        }
        for pattern in ["a", "^a*a$", "^a*b?a$", "^.*x$", "^(ab)*$", "^a|b$", "^a$b", "^[^a]*é$"] {
            #expect(try PatternProgram(pattern).linear == nil, "\(pattern)")
        }
    }

    @Test(arguments: 0..<20)
    func `random simple patterns have one meaning`(_ seed: UInt64) throws {
        var random = SeededGenerator(seed: seed)
        func pick(_ from: [String]) -> String { from.randomElement(using: &random) ?? "" }
        for _ in 0..<50 {
            let terms = (0..<Int.random(in: 1...4, using: &random)).map { _ in
                pick(["a", "b", "[ab]", "[^a]", "c", "."]) + pick(["", "*", "+", "?", "{2}", "{0,2}"])
            }
            let pattern = "^" + terms.joined() + pick(["", "$"])
            let program = try PatternProgram(pattern)
            for _ in 0..<20 {
                let text = (0..<Int.random(in: 0...6, using: &random)).map { _ in pick(["a", "b", "c", "é"]) }.joined()
                var copy = text
                let verdicts = copy.withUTF8 {
                    (PatternMatcher.matches(program, $0), PatternMatcher.simulates(program, $0))
                }
                #expect(verdicts.0 == verdicts.1, "\(pattern) \(text)")
            }
        }
    }

    @Test(arguments: [
        ("(", "a \"(\" without its \")\""), (")", "a \")\" without its \"(\""), ("[a", "a \"[\" without its \"]\""),
        ("*", "a quantifier with nothing to repeat"), ("a|*", "a quantifier with nothing to repeat"),
        ("a**", "two quantifiers in a row"), ("^*", "a quantifier behind something of no width"),
        ("a{2,1}", "a quantifier whose maximum is below its minimum"), ("a{1001}", "a quantifier above 1000"),
        ("a{x}", "a \"{\" that does not begin a quantifier; write \"\\{\""), ("}", "a bare \"}\"; write \"\\}\""),
        ("a{1", "a \"{\" that does not begin a quantifier; write \"\\{\""),
        ("\\", "a backslash at the end"), ("\\Z", "the escape \"\\Z\", which ECMA-262 does not have"),
        ("\\a", "the escape \"\\a\", which ECMA-262 does not have"), ("\\x4", "an escape that is cut off"),
        ("\\u12G4", "an escape with a character that is not a hexadecimal digit"),
        ("\\uD83D\\u0041", "half a surrogate pair"),
        ("\\u{110000}", "\"\\u{…}\" beyond the last code point"), ("\\u{x}", "\"\\u{…}\" without a code point in it"),
        ("\\c1", "\"\\c\" without a letter"), ("\\p", "\"\\p\" without \"{…}\""),
        ("\\p{Greek}", "the property \"Greek\": only general categories such as L or Nd are known"),
        ("(a)\\1", "a back reference, which is not supported"), ("\\k<a>", "a back reference, which is not supported"),
        ("(?<=a)b", "look-behind, which is not supported"), ("(?<!a)b", "look-behind, which is not supported"),
        ("(?#a)", "a kind of group that ECMA-262 does not have"), ("(?<a", "a group name without its \">\""),
        ("[z-a]", "a range that runs backwards"), ("[a-\\d]", "a range whose end is a class"),
        ("((a{1000}){1000})", "a pattern that is too large once its repetitions are written out"),
    ])
    func `a broken pattern is refused with the reason`(_ pattern: String, _ message: String) {
        #expect(throws: PatternError(message: message)) { try PatternProgram(pattern) }
    }

    @Test
    func `groups nested too deeply are refused, not a crash`() {
        let pattern = String(repeating: "(", count: 10_000) + String(repeating: ")", count: 10_000)
        #expect(throws: PatternError(message: "groups nested too deeply")) { try PatternProgram(pattern) }
    }

    @Test
    func `no pattern hangs`() throws {
        let text = String(repeating: "a", count: 1000)
        #expect(try Self.matches("^(a+)+$", text + "b") == false)
        #expect(try Self.matches("^(a|a|aa)*$", text + "b") == false)
        #expect(try Self.matches("(x+x+)+y", String(repeating: "x", count: 1000)) == false)
    }

    @Test
    func `a match that takes too long is given up`() throws {
        #expect(try Self.matches("a.*b", String(repeating: "a", count: 1000), fuel: 100) == nil)
        #expect(try Self.matches("(?=.*b)a", String(repeating: "a", count: 1000), fuel: 10_000) == nil)
    }
}
