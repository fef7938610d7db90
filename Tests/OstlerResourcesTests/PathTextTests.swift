import OstlerResources
import Testing

@Suite struct PathTextTests {
    @Test(arguments: [
        ("/", "/"), ("/a", "/a"), ("/a/", "/a"), ("//a///b", "/a/b"), ("/a/./b", "/a/b"), ("/a/../b", "/b"),
        ("/../../a", "/a"), ("/a/b/../..", "/"), ("/a/...", "/a/..."),
    ])
    func `A path has one shortest form`(_ text: String, _ path: String) {
        #expect(PathText.normalized(text) == path)
    }

    @Test(arguments: ["", "a", "./a", "../a", "/a\0b"])
    func `What is not absolute has none`(_ text: String) {
        #expect(PathText.normalized(text) == nil)
    }

    @Test(arguments: [("/a/b", "/a"), ("/a", "/"), ("a/b", "a"), ("a", ".")])
    func `A path lies in a directory`(_ path: String, _ directory: String) {
        #expect(PathText.directory(of: path) == directory)
    }

    @Test func `A slash is a slash whatever comes after it`() {
        #expect(PathText.normalized("/a/\u{301}b/") == "/a/\u{301}b")
        #expect(PathText.directory(of: "/a/\u{301}b") == "/a")
    }

    @Test func `All that is above a path ends with the root`() {
        #expect(PathText.ancestors(of: "/a/b/c") == ["/a/b", "/a", "/"])
        #expect(PathText.ancestors(of: "/") == [])
    }

    @Test(arguments: [("/d", "a", "/d/a"), ("/", "a", "/a"), ("/d", "/a", "/a"), (".", "a", "./a")])
    func `A relative path begins in a directory`(_ directory: String, _ path: String, _ joined: String) {
        #expect(PathText.joined(directory, path) == joined)
    }
}
