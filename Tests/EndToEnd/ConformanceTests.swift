internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// `ostler plugin test` as people use it, and every plugin of this repository by it.
    @Suite(.serialized)
    struct ConformanceTests {
        @Test(.sandboxed, .needs("/usr/bin/jq"), arguments: RepositoryPlugin.all)
        func `every plugin of this repository passes strictly`(_ plugin: RepositoryPlugin) async throws {
            try await withTree { tree in
                let directory = try await plugin.assemble(tree)
                let words = ["plugin", "test", directory, "--strict", "--load", "20", "--patience", "30s"]
                let finished = try await tree.run(words, within: .seconds(600))
                #expect(finished.exitCode == 0, "\(finished.text)\n\(finished.complaint)")
            }
        }

        @Test func `no plugin of this repository is forgotten`() {
            let examples = [
                "c": ["hello", "runner"], "foreign": ["crypto", "libc", "libm", "sqlite", "zlib"],
                "library": ["c", "cxx", "rust", "swift"], "python": ["hello", "runner", "workshop"],
                "sh": ["hello", "runner"],
                "swift": ["hello", "runner"],
            ]
            let paths = examples.flatMap { sdk, names in names.map { "sdk/\(sdk)/examples/\($0)" } }
            #expect(Set(RepositoryPlugin.all.map(\.path)) == Set(paths + ["Plugins/command"]))
        }

        @Test(.sandboxed, arguments: ["--json", "--tap", "--junit"])
        func `a report for programs tells what failed, and the exit code does too`(format: String) async throws {
            try await withTree { tree in
                let directory = try Self.install("M13-method", tree)
                let words = ["plugin", "test", directory, format, "--filter", "M13*", "--filter", "M44*"]
                let finished = try await tree.run(words)
                #expect(finished.exitCode == 1, "\(finished.complaint)")
                switch format {
                case "--json":
                    let report = try finished.json()
                    #expect(report["passes"]?.bool == false)
                    #expect(report["checks"]?.array?.map { $0["verdict"]?.string } == ["failed", "not_applicable"])
                    #expect(report["checks"]?.array?.first?["must"]?.number?.exactInteger == 13)
                case "--tap":
                    #expect(finished.lines.prefix(2) == ["TAP version 13", "1..2"])
                    #expect(finished.lines.contains { $0.hasPrefix("not ok 1 - M13-method ") })
                    #expect(
                        finished.lines.contains { $0.hasPrefix("ok 2 - M44-descriptors ") && $0.contains("# SKIP") }
                    )
                default:
                    var parse = Child.Command("/usr/bin/python3", ["-c", Self.junitFacts])
                    parse.input = .text(finished.text)
                    #expect(try await tree.run(parse).lines == ["2 1 0 1", "failed", "skipped"])
                }
            }
        }

        private static let junitFacts = """
            import sys, xml.etree.ElementTree as tree
            suite = tree.fromstring(sys.stdin.buffer.read())
            print(*(suite.get(name) for name in ("tests", "failures", "errors", "skipped")))
            print(*(child.get("type") or child.tag for case in suite for child in case), sep="\\n")
            """

        @Test(.sandboxed) func `what cannot be tried fails under strict only`() async throws {
            try await withTree { tree in
                let directory = try Self.install("none", tree, without: "timeout")
                let words = ["plugin", "test", directory, "--filter", "M14*"]
                let lenient = try await tree.run(words)
                #expect(lenient.exitCode == 0, "\(lenient.text)")
                #expect(lenient.text.contains("no example lasts"))
                #expect(try await tree.run(words + ["--strict"]).exitCode == 1)
            }
        }

        @Test(arguments: [
            ([String](), "which plugin?"), (["missing"], "/missing: the directory does not exist"),
            (["--list", "--filter", "X*"], "no check fits"), (["--list", "--tap", "--json"], "exclude each other"),
            (["--list", "--load", "0"], "--load"), (["--list", "--patience", "x"], "--patience"),
        ])
        func `a wrong command line is told`(words: [String], text: String) async throws {
            try await withTree { tree in
                let finished = try await tree.run(["plugin", "test"] + words)
                #expect(finished.exitCode == 3)
                #expect(finished.complaint.contains(text), "\(finished.complaint)")
            }
        }

        @Test func `the list of checks starts no plugin`() async throws {
            try await withTree { tree in
                let finished = try await tree.run(["plugin", "test", "--list", "--filter", "M13*"])
                #expect(finished.exitCode == 0)
                #expect(
                    finished.lines.count == 2 && finished.lines[1].hasPrefix("M13-method  must "),
                    "\(finished.text)"
                )
            }
        }

        /// The plugin of the kit's own tests.
        /// - Parameter without: examples whose line holds this are left out.
        private static func install(_ argument: String, _ tree: InstalledTree, without: String? = nil) throws -> String
        {
            let source = Surroundings.packageRoot() + "/Tests/Fixtures/plugins/twin/"
            var manifest = String(decoding: try contents(ofFile: source + "plugin.yaml"), as: UTF8.self)
                .replacing("plugin.py, none]", with: "plugin.py, \(argument)]")
            if let without {
                manifest = manifest.split(separator: "\n", omittingEmptySubsequences: false)
                    .filter { !$0.contains(without) || $0.contains("start_timeout") }.joined(separator: "\n")
            }
            try tree.directory.write("home/twin/plugin.yaml", manifest)
            try tree.directory.write("home/twin/plugin.py", try contents(ofFile: source + "plugin.py"))
            return tree.directory.file("home/twin")
        }
    }
}

/// A directory of this repository that has a plugin.yaml for users: an example of an SDK, or a plugin that is shipped.
struct RepositoryPlugin: CustomTestStringConvertible, Sendable {
    /// Below the root: `sdk/python/examples/hello`.
    let path: String

    var testDescription: String { path }

    static let all: [RepositoryPlugin] = {
        let root = Surroundings.packageRoot()
        let examples = namesOfDirectory(root + "/sdk").flatMap { sdk in
            namesOfDirectory("\(root)/sdk/\(sdk)/examples").map { "sdk/\(sdk)/examples/\($0)" }
        }
        let shipped = namesOfDirectory(root + "/Plugins").map { "Plugins/\($0)" }
        return (examples + shipped).filter { access("\(root)/\($0)/plugin.yaml", F_OK) == 0 }.sorted().map {
            RepositoryPlugin(path: $0)
        }
    }()

    /// Puts the plugin together as its author does, and answers its directory.
    func assemble(_ tree: InstalledTree) async throws -> String {
        let parts = path.split(separator: "/").map(String.init)
        if path == "Plugins/command" { return tree.plugin }
        if parts[1] == "foreign" {
            // No code of its own: the directory is the plugin.
            try tree.directory.makeDirectory("foreign")
            let directory = tree.directory.file("foreign/" + parts[3])
            let source = Surroundings.packageRoot() + "/" + path
            for command in [("/bin/cp", ["-R", source, directory]), ("/bin/chmod", ["-R", "go-w", directory])] {
                #expect(try await tree.run(Child.Command(command.0, command.1)).exitCode == 0)
            }
            return directory
        }
        if parts[1] == "library" { return try await build(tree, parts[3]) }
        let examples =
            EndToEnd.SDKTests.Example.hellos + EndToEnd.SDKTests.Example.runners + [EndToEnd.SDKTests.Example.workshop]
        let example = examples.first { $0.sdk == parts[1] && $0.name == parts[3] }
        return try await #require(example, "nobody has said how \(path) is put together")
            .assemble(tree, isChecked: false)
    }

    /// Puts a library where its manifest has it, built by the example's own script.
    private func build(_ tree: InstalledTree, _ language: String) async throws -> String {
        let manifest = try contents(ofFile: Surroundings.packageRoot() + "/" + path + "/plugin.yaml")
        try tree.directory.write("library/plugin.yaml", manifest)
        let library = try await onThread { try SharedObject.example(language) }
        try tree.directory.write("library/lib/libhello.so", library)
        return tree.directory.file("library")
    }
}
