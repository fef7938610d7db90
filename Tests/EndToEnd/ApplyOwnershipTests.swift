internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Owners, groups and modes of files where an ordinary user applies them.
    @Suite(.asRoot)
    struct ApplyOwnershipTests {
        private static let user: UInt32 = 12345

        @Test func `Who may not give a file to its owner of before leaves it no rights of his`() async throws {
            try await withTree(user: Int32(Self.user)) { tree in
                let path = tree.home + "/tool"
                try tree.directory.write("home/tool", "old", mode: 0o755)
                #expect(chown(path, 0, 0) == 0 && chmod(path, 0o6755) == 0)
                let run = try await tree.run(["apply", "-"], input: .text("- file: [{\(path): {content: new}}]\n"))
                #expect(run.exitCode == 0, "\(run.complaint)")
                let status = try status(of: path)
                #expect(status.st_uid == Self.user && status.st_gid == Self.user)
                #expect(status.st_mode & 0o7777 == 0o755)
                #expect(try contents(ofFile: path) == Array("new".utf8))
            }
        }

        @Test(arguments: ["owner: root", "group: root"])
        func `What he may not give away is refused, and the file stays as it was`(asked: String) async throws {
            try await withTree(user: Int32(Self.user)) { tree in
                let path = tree.home + "/conf"
                try tree.directory.write("home/conf", "old")
                #expect(chown(path, Self.user, Self.user) == 0)
                let manifest = "- file: [{\(path): {content: new, \(asked)}}]\n"
                let run = try await tree.run(["apply", "-", "--json"], input: .text(manifest))
                #expect(run.exitCode == 1, "\(run.complaint)")
                let error = try run.results().first?["error"]
                #expect(error?["code"] == "file_unavailable" && error?["hint"] != nil, "\(run.text)")
                #expect(try contents(ofFile: path) == Array("old".utf8))
                #expect(try status(of: path).st_uid == Self.user)
                #expect(namesOfDirectory(tree.home).filter { $0.hasSuffix(".ostler-new") } == [])
            }
        }

        @Test func `Each of owner and group is looked at and kept by itself`() async throws {
            try await withTree(user: Int32(Self.user)) { tree in
                let path = tree.home + "/conf"
                try tree.directory.write("home/conf", "old")
                #expect(chown(path, 0, Self.user) == 0 && chmod(path, 0o664) == 0)
                let manifest = "- file: [{\(path): {content: new, group: '\(Self.user)'}}]\n"
                let run = try await tree.run(["apply", "-"], input: .text(manifest))
                #expect(run.exitCode == 0, "\(run.complaint)")
                let changed = try status(of: path)
                #expect(changed.st_uid == Self.user && changed.st_gid == Self.user && changed.st_mode & 0o7777 == 0o664)
                let again = try await tree.run(["apply", "-", "--json"], input: .text(manifest))
                #expect(try again.results().first?["state"] == "stable", "\(again.text)")
            }
        }

        private func status(of path: String) throws -> stat {
            var status = stat()
            try #require(lstat(path, &status) == 0, "\(path)")
            return status
        }
    }
}
