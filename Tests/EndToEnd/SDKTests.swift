internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// The SDKs: their own tests, the recorded sessions that all of them share, and their examples under the real host.
    @Suite
    struct SDKTests {
        struct Example: CustomTestStringConvertible, Sendable {
            let sdk: String
            let name: String
            /// What the plugin's `lib` holds, below the SDK's directory.
            let library: String
            var testDescription: String { "\(sdk): \(name)" }

            static let hellos = [
                Example(sdk: "python", name: "hello", library: "src/ostler_plugin"),
                Example(sdk: "sh", name: "hello", library: "ostler-plugin.bash"),
            ]
            static let runners = [Example(sdk: "python", name: "runner", library: "src/ostler_plugin")]

            /// Puts example and SDK together, as an author does, and answers the plugin's directory.
            func assemble(_ tree: InstalledTree) async throws -> String {
                let source = Surroundings.packageRoot() + "/sdk/" + sdk
                let directory = tree.directory.file("\(sdk)-\(name)")
                for words in [
                    ["-R", source + "/examples/" + name, directory],
                    ["-R", source + "/" + library, directory + "/lib/"],
                ] {
                    if words[2].hasSuffix("/lib/") { try tree.directory.makeDirectory("\(sdk)-\(name)/lib") }
                    let copied = try await tree.run(Child.Command("/bin/cp", words))
                    try #require(copied.exitCode == 0, "\(copied.complaint)")
                }
                let closed = try await tree.run(Child.Command("/bin/chmod", ["-R", "go-w", directory]))
                try #require(closed.exitCode == 0, "\(closed.complaint)")
                return directory
            }
        }

        @Test
        func `The tests of the Python SDK pass`() async throws {
            try await withTree { tree in
                let sdk = Surroundings.packageRoot() + "/sdk/python"
                var command = Child.Command(
                    "/usr/bin/python3",
                    ["-B", "-m", "unittest", "discover", "--start-directory", "."]
                )
                command.directory = sdk + "/tests"
                command.environment = ["PYTHONPATH=" + sdk + "/src", "PATH=/usr/bin:/bin"]
                let finished = try await tree.run(command, within: .seconds(120))
                #expect(finished.exitCode == 0, "\(finished.complaint)")
                #expect(finished.complaint.contains("\nRan ") && !finished.complaint.contains("Ran 0 tests"))
            }
        }

        @Test(.needs("/usr/bin/jq"), arguments: Example.hellos)
        func `A hello goes through the recorded sessions`(_ example: Example) async throws {
            try await withTree { tree in
                let plugin = try await example.assemble(tree)
                let transcripts = Surroundings.packageRoot() + "/sdk/transcripts"
                let script = "exec \(transcripts)/play \(transcripts)/*.jsonl -- \(plugin)/bin/hello"
                var command = Child.Command("/bin/sh", ["-c", script])
                command.environment = ["PATH=/usr/bin:/bin", "LANG=C.UTF-8"]
                let finished = try await tree.run(command, within: .seconds(120))
                #expect(finished.exitCode == 0, "\(finished.text)")
                #expect(finished.lines.last == "13 of 13 sessions went as recorded")
            }
        }

        @Test
        func `A session that goes otherwise than recorded is told with its place`() async throws {
            try await withTree { tree in
                let transcripts = Surroundings.packageRoot() + "/sdk/transcripts"
                let words = [transcripts + "/one-task.jsonl", "--", "/bin/cat"]
                let finished = try await tree.run(Child.Command(transcripts + "/play", words))
                #expect(finished.exitCode == 1)
                #expect(finished.lines.first?.contains("one-task.jsonl:2: expected") == true, "\(finished.text)")
            }
        }

        @Test(.sandboxed, .needs("/usr/bin/jq"), arguments: Example.hellos)
        func `A hello works in its sandbox`(_ example: Example) async throws {
            try await withTree { tree in
                let options = ["run", "hello", "--plugin-path", try await example.assemble(tree)]
                let twice = try await tree.run(options + ["--name", "Ada", "--times", "2"])
                #expect(twice.exitCode == 0, "\(twice.complaint)")
                #expect(twice.text == "hello Ada\nhello Ada\n")
                let nobody = try await tree.run(options + ["--name", "nobody", "--json"])
                #expect(nobody.exitCode == 1)
                #expect(try nobody.json()["error"]?["code"]?.string == "nobody")
                #expect(try nobody.json()["error"]?["pointer"]?.string == "/payload/name")
                let slow = try await tree.run(
                    options + ["--name", "Ada", "--pause", "3600", "--timeout", "2s", "--json"]
                )
                #expect(slow.exitCode == 4, "\(slow.complaint)")
                #expect(try slow.json()["output"]?["text"]?.string == "hello Ada\n")
            }
        }

        @Test(.sandboxed, arguments: Example.runners)
        func `A plugin has commands run beside it`(_ example: Example) async throws {
            try await withTree { tree in
                let options = [
                    "run", "runner", "--plugin-path", try await example.assemble(tree), "--json", "--payload",
                ]
                let script = #"{"argv":["sh","-c","cat; echo err >&2; exit 7"]}"#
                let failed = try await tree.run(options + [script], input: .text("from outside\n"))
                #expect(try failed.json()["exit_code"]?.int == 7)
                #expect(try failed.json()["output"]?["text"]?.string == "from outside\n")
                #expect(try failed.json()["stderr"]?["text"]?.string == "err\n")
                let killed = try await tree.run(options + [#"{"argv":["sh","-c","kill -9 $$"]}"#])
                #expect(try killed.json()["signal"]?.int == 9)
                let missing = try await tree.run(options + [#"{"argv":["no-such-program"]}"#])
                #expect(try missing.json()["error"]?["code"]?.string == "command_not_found")
                let slow = try await tree.run(options + [#"{"argv":["sleep","3600"]}"#, "--timeout", "1s"])
                #expect(slow.exitCode == 4)
                #expect(try slow.json()["cancel"]?["survivors"]?.string == "none")
            }
        }
    }
}
