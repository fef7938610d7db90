internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Tries of tasks that are run at once.
    @Suite(.sandboxed, .needs("/usr/bin/python3"))
    struct RetryTests {
        private static let quick: JSONValue = ["attempts": 3, "backoff": "constant", "min": "1ms", "max": "5ms"]

        @Test
        func `Work that fails is tried as often as was asked, if doing it again is safe`() async throws {
            try await withQueue { rig in
                let tasks = [
                    QueueRig.mark("safe", ["exit_code": 3], members: ["retry": Self.quick]),
                    QueueRig.mark("unsafe", executor: "mark-once", ["exit_code": 3], members: ["retry": Self.quick]),
                    QueueRig.mark("off", ["exit_code": 3], members: ["retry": .null]),
                    QueueRig.mark("inherits", ["exit_code": 3]),
                    QueueRig.mark("good", members: ["retry": Self.quick]),
                    QueueRig.mark(
                        "guard",
                        executor: "mark-once",
                        members: ["retry": Self.quick, "guards": ["onlyif": "no-such-program"]]
                    ),
                ]
                try rig.tree.directory.write("home/project/tasks.jsonl", tasks.map { $0.text + "\n" }.joined())
                let finished = try await rig.run(["run", "--file", "tasks.jsonl", "--retry", "2:constant:1ms:1ms"])
                #expect(finished.exitCode == 2, "\(finished.complaint)")
                let attempts = try finished.results().map { ($0["id"]?.string ?? "", $0["attempts"]?.int) }
                // What the command line says holds for all, but for those that want no second try.
                let expected: [String: Int64] = [
                    "safe": 2, "unsafe": 1, "off": 1, "inherits": 2, "good": 1, "guard": 2,
                ]
                for (id, count) in attempts { #expect(count == expected[id], "\(id)") }
                #expect(attempts.count == expected.count)
                #expect(try rig.marks() == ["safe": 2, "unsafe": 1, "off": 1, "inherits": 2, "good": 1])
                let alone = try await rig.run(["run", "--file", "tasks.jsonl"])
                let first = try alone.results().first { $0["id"]?.string == "safe" }
                #expect(first?["attempts"]?.int == 3 && first?["outcome"]?.string == "failed", "\(alone.text)")
            }
        }

        @Test
        func `What is wrong is never tried again`() async throws {
            try await withTree { tree in
                let refused = try await tree.run(["run", "command", "--retry", "5", "--payload", "{}", "--json"])
                #expect(refused.exitCode == 3)
                #expect(try refused.json()["attempts"]?.int == 1)
                #expect(!refused.complaint.contains("again in"))
                let wrong = try await tree.run(["run", "command", "--retry", "0", "--", "true"])
                #expect(wrong.exitCode == 3 && wrong.complaint.contains("--retry 0: write it as 3"))
            }
        }
    }
}
