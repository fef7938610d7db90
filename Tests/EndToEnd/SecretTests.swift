internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Secrets by the command line: they reach the command and nothing that is told.
    @Suite(.serialized, .sandboxed)
    struct SecretTests {
        private static let value = "s3cr3t-P4ssw0rd"
        private static let encoded = "czNjcjN0LVA0c3N3MHJk"

        private func withSecret(user: Int32? = nil, _ body: (InstalledTree) async throws -> Void) async throws {
            try await withTree(user: user) { tree in
                let path = try tree.directory.write("home/password", Self.value + "\n")
                if let user { chown(path, uid_t(user), gid_t(user)) }
                try tree.directory.write("home/ostler.yaml", "secrets: {db: {file: \(path)}, token: {env: TOKEN}}\n")
                try await body(tree)
            }
        }

        /// Whether anything that came out gives the secret away.
        private static func expectNone(_ finished: Finished, sourceLocation: SourceLocation = #_sourceLocation) {
            for text in [finished.text, finished.complaint] {
                #expect(!text.contains(value) && !text.contains(encoded), "\(text)", sourceLocation: sourceLocation)
            }
        }

        @Test(.asRoot, arguments: [nil, 12345] as [Int32?])
        func `A secret is read by the command and masked in every form of output`(_ user: Int32?) async throws {
            try await withSecret(user: user) { tree in
                let script = "wc -c < /run/secrets/db; cat /run/secrets/db; base64 /run/secrets/db >&2; exit 1"
                for options in [[], ["--json"], ["--events"], ["--log-level", "debug"], ["--log-format", "json"]] {
                    let finished = try await tree.task(["sh", "-c", script], options: options + ["--secret", "db"])
                    #expect(finished.exitCode == 1, "\(finished.complaint)")
                    Self.expectNone(finished)
                    #expect((finished.text + finished.complaint).contains("[secret db]"))
                    #expect(finished.text.contains("16"), "\(finished.text)")
                }
            }
        }

        @Test func `A secret comes into a variable if it is asked for`() async throws {
            try await withSecret { tree in
                let words = [
                    "run", "command", "--secret", "token=API_TOKEN", "--", "sh", "-c", "echo ${#API_TOKEN} $API_TOKEN",
                ]
                let finished = try await tree.run(words, environment: ["TOKEN=" + Self.value])
                #expect(finished.text == "15 [secret token]\n", "\(finished.complaint)")
                let missing = try await tree.run(words)
                #expect(missing.exitCode == 5)
                #expect(missing.complaint.contains("the secret token cannot be had: the variable TOKEN is not set"))
            }
        }

        @Test func `No command line and no environment of another process shows it`() async throws {
            try await withSecret { tree in
                try await onThread {
                    let script = "cat /run/secrets/db >/dev/null; echo ready; exec sleep 1000"
                    let options = ["--secret", "db", "--secret", "db=PASSWORD"]
                    let child = try tree.start(["run", "command"] + options + ["--", "sh", "-c", script])
                    // The shell that has said so becomes `sleep` only then.
                    eventuallyOnThread(within: .seconds(30), "the command that sleeps") {
                        child.serve(5)
                        let members = Family(of: child.process, tree).members
                        let isSleeping = members.contains { $0.program == "sleep" }
                        return isSleeping && child.output == "ready\n" || child.hasEnded
                    }
                    #expect(child.output == "ready\n", "\(child.errors)")
                    let family = Family(of: child.process, tree)
                    #expect(family.members.count >= 4, "\(family)")
                    for member in family.members {
                        for file in ["cmdline", "environ"] {
                            let path = "/proc/\(member.process)/\(file)"
                            let text = String(decoding: (try? contents(ofFile: path)) ?? [], as: UTF8.self)
                            let isOwn = file == "environ" && member.program == "sleep"
                            #expect(text.contains(Self.value) == isOwn, "\(member.program) \(file)")
                        }
                    }
                    kill(child.process, SIGTERM)
                    #expect(!child.finish().isOverdue)
                }
            }
        }

        @Test func `Tasks of a file ask for their own, and nothing runs if one cannot be had`() async throws {
            try await withSecret { tree in
                func line(_ id: String, _ secrets: String) -> String {
                    #"{"id":"\#(id)","executor":"command","secrets":\#(secrets),"payload":{"command":"sh","args":["-c","cat /run/secrets/* 2>&1; echo $T"]}}"#
                        + "\n"
                }
                try tree.directory.write("home/good.jsonl", line("a", #"["db"]"#) + line("b", "[]"))
                let good = try await tree.run(["run", "--file", "good.jsonl"])
                Self.expectNone(good)
                let results = try good.results()
                #expect(results.first { $0["id"] == "a" }?["output"]?["text"] == "[secret db]\n\n", "\(good.text)")
                #expect(results.first { $0["id"] == "b" }?["output"]?["text"]?.string?.contains("No such file") == true)
                let other = #"[{"name":"token","as":"env","variable":"T"}]"#
                try tree.directory.write("home/bad.jsonl", line("a", #"["db"]"#) + line("b", other))
                let bad = try await tree.run(["run", "--file", "bad.jsonl"])
                #expect(bad.exitCode == 3 && bad.text == "", "\(bad.text)")
                #expect(bad.complaint.contains("bad.jsonl:2: the secret token cannot be had"), "\(bad.complaint)")
                let some = try await tree.run(["run", "--file", "bad.jsonl", "--keep-going"])
                let outcomes = try some.results().map { $0["outcome"]?.string ?? "" }.sorted()
                #expect(outcomes == ["infra", "succeeded"], "\(some.text)")
            }
        }

        @Test func `A plan names secrets and reads none`() async throws {
            try await withSecret { tree in
                let finished = try await tree.run([
                    "plan", "command", "--secret", "db", "--secret", "token=T", "--", "true",
                ])
                #expect(finished.exitCode == 0, "\(finished.complaint)")
                #expect(finished.text.contains("secret db as /run/secrets/db"), "\(finished.text)")
                #expect(finished.text.contains("secret token as $T"))
                Self.expectNone(finished)
            }
        }
    }
}
