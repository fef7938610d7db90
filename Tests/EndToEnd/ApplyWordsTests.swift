internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// What an operator is told who applies a manifest, in the words of that command line.
    @Suite(.sandboxed)
    struct ApplyWordsTests {
        private func apply(
            _ tree: InstalledTree,
            _ manifest: String,
            _ options: [String] = [],
            environment: [String] = []
        ) async throws -> Finished {
            try await tree.run(["apply", "-"] + options, environment: environment, input: .text(manifest))
        }

        @Test(arguments: [
            ("no-such-program: {}", "searched along", "/command"), ("/no/such: {}", "does not exist", "/command"),
            ("\"true\": {cwd: /no/such}", "cannot be entered", "/cwd"),
        ])
        func `What is not there is told without a sandbox that nobody asked for`(
            _ resource: String,
            _ words: String,
            _ pointer: String
        ) async throws {
            try await withTree { tree in
                let run = try await apply(tree, "- exec: [{\(resource)}]", ["--json"])
                let error = try run.lines.first.flatMap { try JSONValue(parsing: $0)["error"] }
                #expect(error?["pointer"]?.string == pointer, "\(run.text)")
                #expect(error?.text.contains(words) == true && error?.text.contains("sandbox") == false, "\(run.text)")
            }
        }

        @Test func `Lists of programs want a profile with namespaces, and the hint names the option`() async throws {
            try await withTree { tree in
                try tree.directory.write(
                    "home/ostler.yaml",
                    "executors: {command: {blocked_commands: [/usr/bin/python3]}}\n"
                )
                let run = try await apply(tree, "- exec: [{\"true\": {}}]")
                #expect(run.exitCode == 5)
                #expect((run.text + run.complaint).contains("--sandbox strict"), "\(run.text)\(run.complaint)")
                let strict = try await apply(tree, "- exec: [{\"true\": {}}]", ["--sandbox", "strict"])
                #expect(strict.exitCode == 0, "\(strict.text)\(strict.complaint)")
            }
        }

        @Test func `A profile is told with the option that named it`() async throws {
            try await withTree { tree in
                let wide = "- exec: [{\"true\": {sandbox: {profile: host}}}]"
                let root = try tree.directory.makeDirectory("root")
                for (options, words) in [
                    (["--sandbox", "strict"], "in force (--sandbox)"), (["--root", root], "in force (--root)"),
                ] {
                    let run = try await apply(tree, wide, options)
                    #expect(run.exitCode == 3 && run.complaint.contains(words), "\(run.complaint)")
                }
            }
        }

        @Test func `A second pass that is not made is told`() async throws {
            try await withTree { tree in
                let words = "there is no second pass"
                let bad = try await apply(tree, "- exec: [{\"false\": {}}]", ["--check-idempotent"])
                #expect(bad.exitCode == 1 && bad.complaint.contains(words))
                let good = try await apply(tree, "[]", ["--check-idempotent"])
                #expect(good.exitCode == 0 && !good.complaint.contains(words))
            }
        }

        @Test func `A pipe in the place of a manifest is told where to go`() async throws {
            try await withTree { tree in
                let run = try await tree.run(["apply", "/dev/stdin"], input: .text("[]"))
                #expect(run.exitCode == 3 && run.complaint.contains("`ostler apply -`"), "\(run.complaint)")
                let directory = try await tree.run(["apply", tree.directory.path])
                #expect(directory.exitCode == 3 && !directory.complaint.contains("stdin"), "\(directory.complaint)")
            }
        }

        @Test func `A manifest of the help is one`() async throws {
            try await withTree { tree in
                let help = try await tree.run(["apply", "--help"]).lines
                let example = try #require(help.first { $0.contains("| ostler apply -") })
                let run = try await apply(tree, String(example.split(separator: "'")[1]), ["--noop"])
                #expect(run.exitCode == 0 && run.text.hasPrefix("file#/etc/motd"), "\(run.text)\(run.complaint)")
            }
        }

        @Test func `A request of the help is one`() async throws {
            try await withTree { tree in
                let help = try await tree.run(["api", "--help"]).lines
                let example = try #require(help.first { $0.contains("| ostler api") })
                let request = String(example.split(separator: "'")[1])
                let answer = try await tree.run(["api"], input: .text(request + "\n"))
                #expect(answer.exitCode == 0 && answer.text.contains(#""result""#), "\(answer.text)")
            }
        }

        @Test(arguments: [("seq 1 2000 >&2", "2000"), ("printf 'one\\r\\ntwo\\r\\n' >&2", "two")])
        func `Of a long complaint the last line is told`(script: String, line: String) async throws {
            try await withTree { tree in
                try tree.directory.write("home/complain", script + "; exit 3\n")
                let run = try await apply(tree, "- exec: [{sh \(tree.home)/complain: {}}]", ["--json"])
                let error = try run.lines.first.flatMap { try JSONValue(parsing: $0)["error"] }
                #expect(error?["hint"]?.string == "it said: \(line)", "\(run.text)")
            }
        }

        @Test func `A health check that a signal ends says so`() async throws {
            try await withTree { tree in
                let check = "{name: up, command: \"sh -c 'kill -9 $$'\"}"
                let run = try await apply(tree, "- exec: [{\"true\": {health_checks: [\(check)]}}]")
                #expect(run.text.contains("up: ended by signal 9"), "\(run.text)")
            }
        }
    }
}
