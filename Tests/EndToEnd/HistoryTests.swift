internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// What was run is kept if that is wanted, compared, and removed when it need not be kept.
    @Suite(.sandboxed)
    struct HistoryTests {
        private func run(_ tree: InstalledTree, _ script: String, _ options: [String] = []) async throws -> Finished {
            try await tree.run(["run", "command", "--record-history"] + options + ["--", "sh", "-c", script])
        }

        private func list(_ tree: InstalledTree, _ filter: [String] = []) async throws -> [JSONValue] {
            try await tree.run(["history", "list", "--json"] + filter).json()["tasks"]?.array ?? []
        }

        @Test
        func `A run is kept with its result if that is wanted`() async throws {
            try await withTree { tree in
                _ = try await tree.run(["run", "command", "--", "true"])
                #expect(try await list(tree).isEmpty)
                #expect(try await run(tree, "echo hi; exit 3", ["--id", "mine", "--label", "team=x"]).exitCode == 1)
                let kept = try #require(try await list(tree).first)
                #expect(kept["id"]?.string == "mine" && kept["outcome"]?.string == "failed")
                let show = try await tree.run(["history", "show", "1", "--json"]).json()
                #expect(show["result"]?["output"]?["text"]?.string == "hi\n")
                #expect(show["result"]?["exit_code"]?.int == 3)
                #expect(show["labels"]?.text == #"{"team":"x"}"#)
                #expect(try await list(tree, ["--outcome", "succeeded"]).isEmpty)
                let table = try await tree.run(["history", "list"])
                #expect(table.lines.count == 2 && table.lines[1].contains("failed"))
                let why = try await tree.run(["explain", "1"]).text
                #expect(why.contains("exit code 3"), "\(why)")
            }
        }

        @Test
        func `A file of tasks is kept by a key of the configuration`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", "store: {record_runs: true}\n".utf8)
                let line = #"{"executor":"command","payload":{"command":"true"}}"# + "\n"
                try tree.directory.write("home/tasks.jsonl", String(repeating: line, count: 120).utf8)
                let result = try await tree.run(["run", "--file", "tasks.jsonl", "--quiet"])
                #expect(result.exitCode == 0, "\(result.complaint)")
                let kept = try await list(tree, ["--limit", "200"])
                #expect(kept.count == 120)
                #expect(Set(kept.compactMap { $0["id"]?.string }).count == 120)
            }
        }

        @Test
        func `Where a run cannot be kept nothing is run`() async throws {
            try await withTree { tree in
                let result = try await run(tree, "echo hi", ["--store", "no/tasks.db"])
                #expect(result.exitCode == 5 && result.text == "")
                #expect(result.complaint.contains("[store_unreachable]"))
            }
        }

        @Test
        func `Two runs are compared by what they were and what came of them`() async throws {
            try await withTree { tree in
                _ = try await run(tree, "echo one")
                _ = try await run(tree, "echo one")
                _ = try await run(tree, "echo two; exit 1")
                let same = try await tree.run(["history", "diff", "1", "2"])
                #expect(same.exitCode == 0 && same.text == "", "\(same.text)")
                let other = try await tree.run(["history", "diff", "1", "3"])
                #expect(other.exitCode == 1)
                #expect(other.lines.contains(#"/outcome: "succeeded" -> "failed""#), "\(other.text)")
                #expect(other.lines.contains(#"/result/output/text: "one\n" -> "two\n""#), "\(other.text)")
                let json = try await tree.run(["history", "diff", "1", "3", "--json"]).json()
                let outcome = json["differences"]?.array?.first { $0["pointer"]?.string == "/outcome" }
                #expect(outcome?["left"]?.string == "succeeded" && outcome?["right"]?.string == "failed")
                #expect(try await tree.run(["history", "diff", "1", "9"]).exitCode == 3)
            }
        }

        @Test
        func `What need not be kept is told, then removed`() async throws {
            try await withTree { tree in
                for _ in 1...3 { _ = try await run(tree, "true") }
                _ = try await tree.run(["submit", "command", "--", "true"])
                let plan = try await tree.run(["gc", "--plan", "--count", "1"])
                #expect(plan.text.hasPrefix("would be removed: 2 tasks (2 by count)"), "\(plan.text)")
                #expect(try await list(tree).count == 3)
                let done = try await tree.run(["gc", "--count", "1", "--vacuum", "--json"]).json()
                #expect(done["tasks"]?["count"]?.int == 2 && done["kept_tasks"]?.int == 1)
                #expect(done["removed"]?.bool == true)
                #expect(try await list(tree).compactMap { $0["task"]?.int } == [3])
                let waiting = try await tree.run(["tasks", "list", "--state", "ready", "--json"]).json()
                #expect(waiting["tasks"]?.array?.count == 1)
                #expect(try await tree.run(["gc"]).text.hasPrefix("removed: 0 tasks, "))
                try tree.directory.write("home/ostler.yaml", "store: {retention: {age: 1ms}}\n".utf8)
                #expect(try await tree.run(["gc", "--age", "none"]).text.hasPrefix("removed: 0 tasks"))
                #expect(try await tree.run(["gc"]).text.hasPrefix("removed: 1 tasks (1 by age)"))
            }
        }
    }
}
