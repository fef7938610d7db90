internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// `ostler sandbox explain` and `ostler sandbox check`.
    @Suite
    struct SandboxExplainTests {
        private func line(_ text: String, _ subject: String, _ value: String) -> String {
            text.split(separator: "\n").map(String.init).first { $0.hasPrefix(subject + " ") && $0.contains(value) }
                ?? ""
        }

        @Test
        func `Every part is told with the place that said it`() async throws {
            try await withTree { tree in
                try tree.directory.write(
                    "home/ostler.yaml",
                    "sandbox:\n  limits: {memory: 2GiB}\nexecutors:\n  command: {blocked_commands: [dd]}\n"
                )
                let options = [
                    "--rw", ".", "--limit", "processes=9", "--block", "rm", "--require", "landlock", "--env", "A=b",
                ]
                let result = try await tree.run(["sandbox", "explain"] + options)
                #expect(result.exitCode == 0, "\(result.complaint)")
                let text = result.text
                #expect(line(text, "limits.memory", "2GiB").contains("ostler.yaml:2:20"), "\(text)")
                #expect(line(text, "limits.processes", "9").hasSuffix("--limit"), "\(text)")
                #expect(line(text, "limits.tmp", "64MiB").hasSuffix("default"), "\(text)")
                #expect(line(text, "rw", tree.home).hasSuffix("--rw"), "\(text)")
                #expect(line(text, "blocked_commands", "dd").contains("ostler.yaml:4:"), "\(text)")
                #expect(line(text, "blocked_commands", "rm").hasSuffix("--block"), "\(text)")
                #expect(line(text, "layer", "landlock").hasSuffix("--require"), "\(text)")
                #expect(line(text, "layer", "seccomp").hasSuffix("profile strict"), "\(text)")
                #expect(line(text, "env", "A=b").hasSuffix("--env"), "\(text)")
            }
        }

        @Test
        func `A command line is resolved and judged`() async throws {
            try await withTree { tree in
                let denied = try await tree.run(["sandbox", "explain", "--block", "rm", "--", "rm", "x"])
                #expect(denied.exitCode == 0)
                #expect(denied.text.contains("rm is /usr/bin/rm\ndenied: command \"rm\""), "\(denied.text)")
                let json = try await tree.run(["sandbox", "explain", "--json", "--", "ls"]).json()
                #expect(json["command"]?["allowed"]?.bool == true)
                #expect(json["command"]?["path"]?.string == "/usr/bin/ls")
                try expectSnapshot(json.shape().joined(separator: "\n") + "\n", "sandbox-explain-json-shape.txt")
            }
        }

        @Test(.sandboxed)
        func `Each layer is tried, and what is required and cannot be had fails the check`() async throws {
            try await withTree { tree in
                let good = try await tree.run(["sandbox", "check"])
                #expect([0, 2].contains(good.exitCode), "\(good.text)")
                for layer in ["user_namespace", "seccomp", "init", "landlock"] {
                    #expect(good.text.contains("  \(layer)  ") || good.text.contains("  \(layer) "), "\(good.text)")
                }
                let json = try await tree.run(["sandbox", "check", "--json"]).json()
                #expect((json["checks"]?.array ?? []).count > 23)
                let bad = try await tree.run(["sandbox", "check"], environment: ["OSTLER_LIBEXEC=/nowhere"])
                #expect(bad.exitCode == 5, "\(bad.text)")
                #expect(bad.text.contains("fix: "), "\(bad.text)")
            }
        }
    }
}
