import Glibc
import OstlerApply
import OstlerProtocol
import OstlerResources
import OstlerTestSupport
import Testing

@Suite struct RootedFilesTests {
    private func file(_ path: String, _ content: String?, ensure: FileResource.Ensure = .present) -> FileResource {
        FileResource(path: path, ensure: ensure, content: content.map(FileResource.Content.text))
    }

    @Test func `a file is made, found right, and made right again`() throws {
        try withTemporaryDirectory { root in
            let files = try RootedFiles(root.path)
            var wanted = file("/a.conf", "one\ntwo\n")
            wanted.mode = 0o640
            #expect(try files.inspect(wanted, withDiff: false).differences == ["absent"])
            try files.make(wanted)
            #expect(try files.inspect(wanted, withDiff: false).differences == [])
            #expect(try String(decoding: root.read("a.conf"), as: UTF8.self) == "one\ntwo\n")
            #expect(chmod(root.path + "/a.conf", 0o600) == 0)
            #expect(try files.inspect(wanted, withDiff: false).differences == ["mode 0600 -> 0640"])
            try files.make(wanted)
            let other = file("/a.conf", "one\n2\n")
            let found = try files.inspect(other, withDiff: true)
            #expect(found.differences == ["content"])
            #expect(found.diff == "--- /a.conf\n+++ /a.conf\n@@ -1,2 +1,2 @@\n one\n-two\n+2\n")
            try files.make(other)
            var status = stat()
            #expect(stat(root.path + "/a.conf", &status) == 0 && status.st_mode & 0o7777 == 0o640)
        }
    }

    @Test func `no link leads out of the root`() throws {
        try withTemporaryDirectory { outside in
            try withTemporaryDirectory { root in
                let files = try RootedFiles(root.path)
                #expect(symlink(outside.path, root.path + "/away") == 0)
                #expect(symlink("../../../../../../etc", root.path + "/up") == 0)
                #expect(try !files.exists("/up/passwd"))
                let failure = #expect(throws: Failure.self) { try files.make(file("/away/x", "x")) }
                #expect(failure?.code == "no_directory")
                #expect(access(outside.path + "/x", F_OK) != 0)
            }
        }
    }

    /// To Swift a slash and an accent behind it are one character.
    @Test func `a name that begins with an accent leads out of the root no more than another one`() throws {
        try withTemporaryDirectory { outside in
            try withTemporaryDirectory { root in
                let files = try RootedFiles(root.path)
                #expect(symlink(outside.path, root.path + "/away") == 0)
                let name = "\u{301}f"
                try outside.write(name, "theirs")
                for ensure in [FileResource.Ensure.present, .directory] {
                    let failure = #expect(throws: Failure.self) {
                        try files.make(file("/away/" + name, ensure == .present ? "x" : nil, ensure: ensure))
                    }
                    #expect(failure?.code == "no_directory")
                }
                try files.make(file("/away/" + name, nil, ensure: .absent))
                #expect(try outside.read(name) == Array("theirs".utf8))
                try files.make(file("/" + name, "mine"))
                #expect(try root.read(name) == Array("mine".utf8))
            }
        }
    }

    @Test(arguments: [false, true]) func `a source that is no file is refused`(rooted: Bool) throws {
        try withTemporaryDirectory { root in
            let files = try RootedFiles(root.path)
            let pipe = root.path + "/pipe"
            #expect(mkfifo(pipe, 0o600) == 0)
            try root.write("conf", "old")
            let content = rooted ? FileResource.Content.rootedSource("/pipe") : .source(pipe)
            let wanted = FileResource(path: "/conf", ensure: .present, content: content)
            let failure = #expect(throws: Failure.self) { try files.make(wanted) }
            #expect(failure?.code == "source_unavailable")
            #expect(try root.read("conf") == Array("old".utf8))
        }
    }

    @Test(arguments: [
        ("/d/f", "/d/f", "/d/f", []), ("/link/f", "/d/f", "/d/f", ["/link"]), ("/link", "/link", "/d", []),
        ("/d/up/link", "/link", "/d", ["/d/up"]), ("/none/f", "/none/f", "/none/f", []), ("/", "/", "/", []),
        ("/gone", "/gone", "/d/none", []), ("/d/up/gone", "/gone", "/d/none", ["/d/up"]),
    ])
    func `a path is told by the links on it, below the root`(
        _ path: String,
        _ place: String,
        _ end: String,
        _ links: [String]
    ) throws {
        try withTemporaryDirectory { root in
            try root.makeDirectory("d")
            #expect(symlink("d", root.path + "/link") == 0)
            #expect(symlink("../..", root.path + "/d/up") == 0)
            #expect(symlink("/d/none", root.path + "/gone") == 0)
            let resolved = try RootedFiles(root.path).resolve(path)
            #expect(resolved.place == .init(place, links: links))
            #expect(resolved.end.path == end)
        }
    }

    @Test func `what links that go round lead to cannot be told, and is not called absent`() throws {
        try withTemporaryDirectory { root in
            let files = try RootedFiles(root.path)
            #expect(symlink("loop", root.path + "/loop") == 0)
            for path in ["/loop", "/loop/x", "/" + String(repeating: "x", count: 300)] {
                let failure = #expect(throws: Failure.self) { try files.exists(path) }
                #expect(failure?.code == "file_unavailable")
            }
            let failure = #expect(throws: Failure.self) { try files.make(file("/loop/x", "x")) }
            #expect(failure?.code == "file_unavailable")
        }
    }

    @Test func `a link in the place of a file is replaced, and what it points to is left alone`() throws {
        try withTemporaryDirectory { root in
            let files = try RootedFiles(root.path)
            try files.make(file("/target", "old"))
            #expect(symlink("target", root.path + "/link") == 0)
            #expect(try files.inspect(file("/link", "new"), withDiff: false).differences == ["not a file"])
            try files.make(file("/link", "new"))
            #expect(try String(decoding: root.read("target"), as: UTF8.self) == "old")
            #expect(try String(decoding: root.read("link"), as: UTF8.self) == "new")
        }
    }

    @Test func `what an interrupted run left behind is taken away by the next`() throws {
        try withTemporaryDirectory { root in
            let files = try RootedFiles(root.path)
            try files.make(file("/.a.ostler-new", "half"))
            try files.make(file("/a", "whole"))
            #expect(access(root.path + "/.a.ostler-new", F_OK) != 0)
            #expect(try String(decoding: root.read("a"), as: UTF8.self) == "whole")
        }
    }

    @Test func `of many who write one file at once each puts a whole one into place`() async throws {
        try await withTemporaryDirectory { root in
            let files = try RootedFiles(root.path)
            let name = "/" + String(repeating: "\u{1F469}\u{200D}\u{1F680}", count: 20)
            let size = 300_000
            try await withThrowingTaskGroup { group in
                for letter in "abcdefgh" {
                    group.addTask {
                        for _ in 0..<5 { try files.make(file(name, String(repeating: letter, count: size))) }
                    }
                }
                try await group.waitForAll()
            }
            let bytes = try root.read(String(name.dropFirst()))
            #expect(bytes.count == size && Set(bytes).count == 1)
            #expect(namesOfDirectory(root.path).count == 1)
        }
    }

    @Test func `accounts are read anew when they have changed`() throws {
        try withTemporaryDirectory { root in
            let files = try RootedFiles(root.path)
            try files.make(file("/etc", nil, ensure: .directory))
            try files.make(file("/etc/passwd", "root:x:0:0::/:/bin/sh\nann:x:\(geteuid()):0::/:/bin/sh\n"))
            var wanted = file("/a", "x")
            wanted.owner = "ann"
            try files.make(wanted)
            #expect(try files.inspect(wanted, withDiff: false).differences.isEmpty)
            wanted.owner = "bob"
            for path in ["/a", "/new"] {
                wanted.path = path
                let failure = #expect(throws: Failure.self) { try files.inspect(wanted, withDiff: false) }
                #expect(failure?.code == "unknown_account")
            }
            try files.make(file("/etc/passwd", "bob:x:\(geteuid() + 7):0::/:/bin/sh\n"))
            let found = try files.inspect(wanted, withDiff: false)
            #expect(found.differences == ["absent"])
        }
    }

    @Test func `a directory is made and removed when it is empty`() throws {
        try withTemporaryDirectory { root in
            let files = try RootedFiles(root.path)
            try files.make(file("/d", nil, ensure: .directory))
            try files.make(file("/d/x", nil))
            let failure = #expect(throws: Failure.self) { try files.make(file("/d", nil, ensure: .absent)) }
            #expect(failure?.code == "not_removed")
            try files.make(file("/d/x", nil, ensure: .absent))
            try files.make(file("/d", nil, ensure: .absent))
            #expect(try !files.exists("/d"))
        }
    }

    @Test func `what is sensitive shows no lines`() throws {
        try withTemporaryDirectory { root in
            let files = try RootedFiles(root.path)
            var secret = file("/key", "hunter2")
            secret.isSensitive = true
            let diff = try files.inspect(secret, withDiff: true).diff
            #expect(diff?.contains("hunter2") == false)
        }
    }

    @Test(arguments: [
        (FileResource.Ensure.present, "is_directory"), (.directory, "not_a_directory"),
    ])
    func `nothing is deleted that is not named`(_ ensure: FileResource.Ensure, _ code: String) throws {
        try withTemporaryDirectory { root in
            let files = try RootedFiles(root.path)
            try files.make(file("/x", nil, ensure: ensure == .present ? .directory : .present))
            let failure = #expect(throws: Failure.self) { try files.make(file("/x", nil, ensure: ensure)) }
            #expect(failure?.code == code || failure?.code == "file_unavailable")
        }
    }
}
