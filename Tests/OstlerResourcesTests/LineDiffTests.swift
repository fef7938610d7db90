import OstlerResources
import Testing

@Suite struct LineDiffTests {
    private func diff(_ old: String, _ new: String) -> [String] {
        let shown = LineDiff.text(Array(old.utf8), Array(new.utf8), path: "/f")
        return shown.utf8.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self) }
    }

    @Test func `What is the same shows nothing but the names`() {
        #expect(diff("a\nb\n", "a\nb\n") == ["--- /f", "+++ /f"])
        #expect(diff("", "") == ["--- /f", "+++ /f"])
    }

    @Test func `A changed line shows once as it was and once as it is`() {
        #expect(diff("a\nb\nc\n", "a\nx\nc\n") == ["--- /f", "+++ /f", "@@ -1,3 +1,3 @@", " a", "-b", "+x", " c"])
    }

    @Test(arguments: [
        ("", "a\n", ["@@ -0,0 +1,1 @@", "+a"]), ("a\n", "", ["@@ -1,1 +0,0 @@", "-a"]),
        ("a\n", "a\nb\n", ["@@ -1,1 +1,2 @@", " a", "+b"]), ("a\nb\n", "b\n", ["@@ -1,2 +1,1 @@", "-a", " b"]),
    ])
    func `Lines come and go`(_ old: String, _ new: String, _ hunk: [String]) {
        #expect(Array(diff(old, new).dropFirst(2)) == hunk)
    }

    @Test func `Changes far apart have a stretch each, with three lines around them`() {
        let old = (1...30).map(String.init)
        var new = old
        new[4] = "five"
        new[24] = "twenty-five"
        let shown = diff(old.joined(separator: "\n") + "\n", new.joined(separator: "\n") + "\n")
        #expect(shown.filter { $0.hasPrefix("@@") } == ["@@ -2,7 +2,7 @@", "@@ -22,7 +22,7 @@"])
        #expect(shown.filter { $0.hasPrefix("+") && !$0.hasPrefix("+++") } == ["+five", "+twenty-five"])
        #expect(shown.filter { $0.hasPrefix(" ") }.count == 12)
    }

    @Test func `What is no text is only named`() {
        #expect(LineDiff.text([0xFF, 0xFE], Array("a".utf8), path: "/f") == "(/f is not text)\n")
        #expect(LineDiff.text([0], [], path: "/f") == "(/f is not text)\n")
    }

    @Test func `Bytes are compared, not what they look like`() {
        #expect(diff("a\r\nb\r\n", "a\r\nc\r\n") == ["--- /f", "+++ /f", "@@ -1,2 +1,2 @@", " a\r", "-b\r", "+c\r"])
        #expect(diff("\u{E9}\n", "e\u{301}\n").count == 5)
    }

    @Test func `A line without an end is another one`() {
        let end = "\\ No newline at end of file"
        #expect(diff("a\nb", "a\nb\n") == ["--- /f", "+++ /f", "@@ -1,2 +1,2 @@", " a", "-b", end, "+b"])
        #expect(diff("a", "b") == ["--- /f", "+++ /f", "@@ -1,1 +1,1 @@", "-a", end, "+b", end])
    }

    @Test func `Long texts are not compared line with line`() {
        let old = (0..<3000).map { "old \($0)" }.joined(separator: "\n")
        let new = (0..<3000).map { "new \($0)" }.joined(separator: "\n")
        let shown = diff(old, new)
        #expect(shown.count { $0.hasPrefix("-old") } == 3000)
        #expect(shown.count { $0.hasPrefix("+new") } == 3000)
    }
}
