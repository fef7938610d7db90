import OstlerSystem
import Testing

@Suite struct PathPartsTests {
    @Test(arguments: [
        ("", []), ("/", []), ("a", ["a"]), ("/a//b/", ["a", "b"]), ("/a/\u{301}b", ["a", "\u{301}b"]),
        ("/\u{301}/..", ["\u{301}", ".."]), ("a/\u{200D}/b", ["a", "\u{200D}", "b"]),
    ])
    func `A path has the parts that the kernel sees`(path: String, parts: [String]) {
        #expect(path.pathParts.map { Array($0.utf8) } == parts.map { Array($0.utf8) })
    }

    @Test(arguments: [("/\u{301}a", true, "", false), ("a/\u{301}", false, "a", false), ("/a/", true, "/a", true)])
    func `An accent takes no slash away`(path: String, isAbsolute: Bool, directory: String, ends: Bool) {
        #expect(path.isAbsolutePath == isAbsolute)
        #expect(path.endsWithSlash == ends)
        #expect(path.lastSlash.map { String(path[..<$0]) } == directory)
        #expect(path.firstSlash != nil)
    }
}
