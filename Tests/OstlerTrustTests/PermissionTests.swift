import Testing

@testable import OstlerTrust

@Suite struct PermissionTests {
    @Test(arguments: ["launch", "network:loopback", "program:git", "file:/etc/a b:ro", "file:/x:y:rw", "secret:db"])
    func `a permission is read as it is written`(text: String) throws {
        #expect(try Permission(parsing: text).text == text)
    }

    @Test(arguments: [
        "", "launch:", "network:host", "program:", "file:etc:ro", "file:/etc", "file:/etc:rx", "secret", "x",
    ])
    func `other words are refused`(text: String) {
        #expect(throws: TrustError.self) { try Permission(parsing: text) }
    }

    @Test func `writing covers reading of the same path, and nothing else`() {
        let granted = Permissions([.file("/a", isWritable: true), .launch])
        #expect(Permissions([.file("/a", isWritable: false), .launch]).beyond(granted).isEmpty)
        let wanted = Permissions([.file("/a/b", isWritable: false), .loopback])
        #expect(wanted.beyond(granted) == wanted.all)
        #expect(wanted.limited(to: granted).isEmpty)
    }

    @Test func `of a path that was asked for to write and granted to read, the reading is left`() {
        let granted = Permissions([.file("/a", isWritable: false)])
        let needs = Permissions([.file("/a", isWritable: true), .secret("db")])
        #expect(needs.limited(to: granted) == granted)
        #expect(needs.beyond(granted) == needs.all)
    }
}
