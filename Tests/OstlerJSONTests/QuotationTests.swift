import OstlerJSON
import Testing

@Suite
struct QuotationTests {
    @Test(
        arguments: [
            ("", #""""#), ("abc", #""abc""#), (#"a"b\c"#, #""a\"b\\c""#), ("é😀", #""é😀""#),
            ("a\nb\r\t", #""a\nb\r\t""#),
            ("\u{1B}[31m", #""\u001b[31m""#), ("\u{7F}\u{9B}", #""\u007f\u009b""#), ("a\u{202E}b", #""a\u202eb""#),
            ("\u{2028}\u{FEFF}", #""\u2028\ufeff""#),
        ] as [(String, String)]
    )
    func `text is quoted without what a terminal would obey`(text: String, quoted: String) {
        #expect(Quotation.text(text) == quoted)
    }

    @Test
    func `long text is cut, however few characters a person would count`() {
        #expect(Quotation.text(String(repeating: "x", count: 40)).count == 42)
        #expect(Quotation.text(String(repeating: "x", count: 41)) == "\"" + String(repeating: "x", count: 40) + "…\"")
        // One character to the eye, a mebibyte in memory.
        let tower = "a" + String(repeating: "\u{301}", count: 1 << 19)
        #expect(Quotation.text(tower).utf8.count < 100)
        #expect(Quotation.bare(tower, longest: 5).unicodeScalars.count == 6)
    }

    @Test
    func `bare text keeps its quotes`() {
        #expect(Quotation.bare("/a\"b\\c\n") == "/a\"b\\c\\n")
    }

    @Test(
        arguments: [
            (0, 1, 1), (3, 1, 4), (4, 2, 1), (6, 2, 2), (7, 2, 3), (9, 3, 1), (11, 3, 3), (100, 3, 3), (-1, 1, 1),
        ] as [(Int, Int, Int)]
    )
    func `a place is counted in lines and characters`(offset: Int, line: Int, column: Int) {
        // The first letter of the second line has two bytes.
        let position = TextPosition(of: offset, in: Array("abc\nébc\nde".utf8))
        #expect(position.line == line)
        #expect(position.column == column)
    }
}

@Suite
struct ExactKeyTests {
    private static let composed = "\u{E9}"
    private static let decomposed = "e\u{301}"

    @Test(arguments: [2, 11, 12, 13, 40])
    func `keys that look alike are different members, in small objects and in large ones`(count: Int) throws {
        var members = (0..<(count - 2)).map { "\"k\($0)\":\($0)" }
        members.insert("\"\(Self.composed)\":-1", at: members.count / 2)
        members.append("\"\(Self.decomposed)\":-2")
        let object = try #require(try JSONValue(parsing: "{" + members.joined(separator: ",") + "}").object)
        #expect(object.count == count)
        #expect(object[Self.composed]?.int == -1)
        #expect(object[Self.decomposed]?.int == -2)
        var changed = object
        changed[Self.decomposed] = 7
        #expect(changed[Self.composed]?.int == -1)
        #expect(changed.count == count)
        changed[Self.composed] = nil
        #expect(changed[Self.decomposed]?.int == 7)
        #expect(changed != object)
    }

    @Test
    func `thousands of spellings of one name are told apart quickly`() throws {
        // Marks of different classes may stand in any order: all of these are one String.
        let marks = ["\u{301}", "\u{323}", "\u{327}", "\u{315}", "\u{31B}", "\u{345}", "\u{338}"]
        var spellings: [String] = [""]
        for mark in marks {
            spellings = spellings.flatMap { text in
                (0...text.unicodeScalars.count).map { place in
                    var scalars = Array(text.unicodeScalars)
                    scalars.insert(contentsOf: mark.unicodeScalars, at: place)
                    return String(String.UnicodeScalarView(scalars))
                }
            }
        }
        #expect(spellings.count == 5040)
        let text = "{" + spellings.enumerated().map { "\"a\($0.element)\":\($0.offset)" }.joined(separator: ",") + "}"
        let object = try #require(try JSONValue(parsing: text).object)
        for (number, spelling) in spellings.enumerated() { #expect(object["a" + spelling]?.int == Int64(number)) }
    }
}

@Suite
struct NestingTests {
    @Test(
        arguments: [
            ("1", 0), ("[]", 1), ("{\"a\":[{}]}", 3), ("[\"[[[\"]", 1), ("[\"\\\"[\"]", 1), ("[\"\\\\\",[]]", 2),
            ("[[],[[]],[]]", 3),
        ] as [(String, Int)]
    )
    func `nesting is counted outside of strings`(json: String, depth: Int) {
        #expect(Array(json.utf8).withUnsafeBufferPointer(JSONReader.nesting) == depth)
    }
}
