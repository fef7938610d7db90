import Glibc
import OstlerApply
import OstlerProtocol
import OstlerResources
import OstlerTestSupport
import Testing

/// What is there against what is to be there.
@Suite struct FileStateTests {
    /// What stands at a path before.
    enum Before: Sendable, CaseIterable {
        case nothing
        case file
        case directory
        case link
        case pipe

        func make(in root: TemporaryDirectory) throws {
            switch self {
            case .nothing: break
            case .file: try root.write("x", "old")
            case .directory: try root.makeDirectory("x")
            // To nowhere: what it would lead to must not matter.
            case .link: try root.link("x", to: "gone")
            case .pipe: #expect(mkfifo(root.file("x"), 0o600) == 0)
            }
        }
    }

    private func wanted(_ ensure: FileResource.Ensure) -> FileResource {
        FileResource(path: "/x", ensure: ensure, content: ensure == .present ? .text("new") : nil)
    }

    @Test(arguments: [
        (FileResource.Ensure.present, Before.nothing, "absent"), (.present, .file, "content"),
        (.present, .link, "not a file"), (.present, .pipe, "not a file"), (.directory, .nothing, "absent"),
        (.directory, .directory, ""), (.absent, .nothing, ""), (.absent, .file, "exists"),
        (.absent, .directory, "exists"), (.absent, .link, "exists"), (.absent, .pipe, "exists"),
    ])
    func `Each difference has its word, and is gone when it is made`(
        _ ensure: FileResource.Ensure,
        _ before: Before,
        _ word: String
    ) throws {
        try withTemporaryDirectory { root in
            try before.make(in: root)
            let files = try RootedFiles(root.path)
            let file = wanted(ensure)
            #expect(try files.inspect(file, withDiff: false).differences == (word.isEmpty ? [] : [word]))
            try files.make(file)
            #expect(try files.inspect(file, withDiff: false).differences == [])
            #expect(namesOfDirectory(root.path) == (ensure == .absent ? [] : ["x"]))
        }
    }

    @Test(arguments: [
        (FileResource.Ensure.present, Before.directory, "is_directory"), (.directory, .file, "not_a_directory"),
        (.directory, .link, "not_a_directory"), (.directory, .pipe, "not_a_directory"),
    ])
    func `What stands in the way is refused when it is looked at`(
        _ ensure: FileResource.Ensure,
        _ before: Before,
        _ code: String
    ) throws {
        try withTemporaryDirectory { root in
            try before.make(in: root)
            let files = try RootedFiles(root.path)
            let failure = #expect(throws: Failure.self) { try files.inspect(wanted(ensure), withDiff: true) }
            #expect(failure?.code == code)
            #expect(namesOfDirectory(root.path) == ["x"])
        }
    }

    @Test func `Without the directory above it a file is absent, and cannot be made but removed`() throws {
        try withTemporaryDirectory { root in
            let files = try RootedFiles(root.path)
            var file = FileResource(path: "/no/x", content: .text("a\n"))
            let found = try files.inspect(file, withDiff: true)
            #expect(found.differences == ["absent"] && !found.hasParent)
            #expect(found.diff?.hasSuffix("+a\n") == true)
            let failure = #expect(throws: Failure.self) { try files.make(file) }
            #expect(failure?.code == "no_directory")
            (file.ensure, file.content) = (.absent, nil)
            #expect(try files.inspect(file, withDiff: false).differences == [])
            try files.make(file)
        }
    }

    @Test func `Without a word of content what is there stays, and a missing file is made empty`() throws {
        try withTemporaryDirectory { root in
            try root.write("there", "kept")
            let files = try RootedFiles(root.path)
            for name in ["there", "new"] { try files.make(FileResource(path: "/" + name)) }
            #expect(try root.read("there") == Array("kept".utf8))
            #expect(try root.read("new") == [])
        }
    }

    /// A umask must take nothing away: the modes are those of the reference.
    @Test(arguments: [(FileResource.Ensure.present, 0o644), (.directory, 0o755)] as [(FileResource.Ensure, mode_t)])
    func `What is new has the default mode, and what is there keeps its own`(
        _ ensure: FileResource.Ensure,
        _ mode: mode_t
    ) throws {
        try withTemporaryDirectory { root in
            let files = try RootedFiles(root.path)
            try files.make(wanted(ensure))
            #expect(try bits(root.file("x")) == mode)
            #expect(chmod(root.file("x"), 0o710) == 0)
            var file = wanted(ensure)
            if ensure == .present { file.content = .text("another") }
            try files.make(file)
            #expect(try bits(root.file("x")) == 0o710)
        }
    }

    private func bits(_ path: String) throws -> mode_t {
        var status = stat()
        try #require(lstat(path, &status) == 0)
        return status.st_mode & 0o7777
    }

    // MARK: Accounts and sources

    @Test func `Accounts are those of the root, by name or by number`() throws {
        try withTemporaryDirectory { root in
            // One line is too short, one has no number; neither is in the way.
            try root.write("etc/passwd", "x\nbad:x:none\nbad:x:4001:1::/:/bin/sh\nme:x:\(geteuid()):0::/:/bin/sh\n")
            try root.write("x", "new")
            let files = try RootedFiles(root.path)
            var file = wanted(.present)
            file.owner = "me"
            #expect(try files.inspect(file, withDiff: false).differences == [])
            file.owner = "bad"
            #expect(try files.inspect(file, withDiff: false).differences == ["owner \(geteuid()) -> 4001"])
            file.owner = "4002"
            #expect(try files.inspect(file, withDiff: false).differences == ["owner \(geteuid()) -> 4002"])
            // The machine has a root; this root has none.
            file.owner = "root"
            let failure = #expect(throws: Failure.self) { try files.inspect(file, withDiff: false) }
            #expect(failure?.code == "unknown_account")
            #expect(failure?.message == "there is no user \"root\" in /etc/passwd")
        }
    }

    @Test func `A source is a file of the machine and not of the root`() throws {
        try withTemporaryDirectory { machine in
            try withTemporaryDirectory { root in
                let source = try machine.write("source", "theirs")
                let files = try RootedFiles(root.path)
                let file = FileResource(path: "/x", content: .source(source))
                try files.make(file)
                #expect(try root.read("x") == Array("theirs".utf8))
                #expect(unlink(source) == 0)
                let failure = #expect(throws: Failure.self) { try files.inspect(file, withDiff: false) }
                #expect(failure?.code == "source_unavailable")
            }
        }
    }

    @Test func `A root that cannot be had is told so`() throws {
        try withTemporaryDirectory { root in
            try root.write("file", "")
            for name in ["gone", "file"] {
                let failure = #expect(throws: Failure.self) { _ = try RootedFiles(root.file(name)) }
                #expect(failure?.code == "root_unavailable")
            }
        }
    }

    @Test func `A name as long as names can be is made whole`() throws {
        try withTemporaryDirectory { root in
            let name = String(repeating: "n", count: 255)
            let files = try RootedFiles(root.path)
            try files.make(FileResource(path: "/" + name, content: .text("x")))
            #expect(namesOfDirectory(root.path) == [name])
        }
    }
}
