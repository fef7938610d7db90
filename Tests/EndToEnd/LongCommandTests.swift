internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Command lines longer than the kernel, or Ostler, passes on.
    @Suite(.sandboxed)
    struct LongCommandTests {
        private static func task(_ id: String, _ arguments: [String]) -> String {
            let payload: JSONValue = ["command": "echo", "args": .array(arguments.map { .string($0) })]
            let task: JSONValue = ["id": .string(id), "executor": "command", "payload": payload]
            return task.text + "\n"
        }

        @Test(arguments: [
            ("many words", Array(repeating: "a", count: 40_000)),
            ("a long word", [String(repeating: "a", count: 140_000)]),
        ])
        func `It fails by itself, and those after it are none the worse`(_ what: String, _ words: [String]) async throws
        {
            try await withTree { tree in
                let lines = [Self.task("long", words), Self.task("short", ["hello"]), Self.task("last", ["bye"])]
                try tree.directory.write("home/tasks.jsonl", lines.joined())
                let run = try await tree.run(["run", "--file", "tasks.jsonl", "--jobs", "1", "--ordered"])
                let results = try run.results()
                #expect(results.first?["error"]?["code"] == "arguments_too_long", "\(run.complaint)")
                #expect(results.map { $0["outcome"] } == ["failed", "succeeded", "succeeded"], "\(run.complaint)")
                let alone = try await tree.run(["sandbox", "run", "--", "true"])
                #expect(alone.exitCode == 0, "\(alone.complaint)")
            }
        }
    }
}
