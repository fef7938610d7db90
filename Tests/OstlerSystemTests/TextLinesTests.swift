import OstlerSystem
import Testing

@Suite struct TextLinesTests {
    @Test(arguments: [
        ("", []), ("\n\n", []), ("a", ["a"]), ("a\nb\n", ["a", "b"]), ("a\r\nb\r\n\r\n", ["a", "b"]),
        ("a\rb\n\u{301}c", ["a\rb", "\u{301}c"]),
    ])
    func `Lines end as programs end them`(text: String, lines: [String]) {
        #expect(text.textLines.map { Array($0.utf8) } == lines.map { Array($0.utf8) })
    }
}
