import OstlerJSON
import Testing

@Suite
struct JSONPointerTests {
    @Test
    func `a pointer grows by members and elements`() {
        #expect(JSONPointer.root.description == "")
        #expect(JSONPointer.root.member("payload").member("args").element(0).description == "/payload/args/0")
        #expect(JSONPointer("/a").element(12) == JSONPointer("/a/12"))
    }

    @Test(arguments: [
        ("plain", "plain"), ("", ""), ("a/b", "a~1b"), ("a~b", "a~0b"), ("~1", "~01"), ("/~", "~1~0"), ("é/", "é~1"),
        ("m n", "m n"), ("\"", "\""),
    ])
    func `tilde and slash in a key are escaped`(_ key: String, _ expected: String) {
        #expect(JSONPointer.escape(key) == expected)
        #expect(JSONPointer.root.member(key).description == "/" + expected)
    }

    @Test(
        arguments: [
            ("", ""), ("/env/PATH", "env.PATH"), ("/0/file/0/~1tmp~1w~1a/content", #"0.file.0."/tmp/w/a".content"#),
            ("/a.b/c~0d", #""a.b".c~d"#), ("/a b/", "\"a b\".\"\""), ("/a\u{1B}/b", #""a\u001b".b"#),
        ]
    )
    func `In a sentence its parts are keys as they were written`(_ pointer: String, _ words: String) {
        #expect(JSONPointer(pointer).dotted == words)
    }
}
