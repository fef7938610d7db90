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
}
