internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// `plan` and `validate` take files and pipes as `run` does.
    @Suite
    struct PlanFileTests {
        private static let tasks = """
            {"id":"a","executor":"command","payload":{"command":"echo","args":["x"]},"timeout":"3s"}

            {"executor":"command","payload":{"command":"ls"}}

            """
        private static let wrong = #"{"id":"a","executor":"command","payload":{}}"# + "\n"

        @Test
        func `Each task of a file has its plan, in the file's order`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/tasks.jsonl", Self.tasks)
                let json = try await tree.run(["plan", "--file", "tasks.jsonl", "--json"])
                #expect(json.exitCode == 0, "\(json.complaint)")
                let plans = try json.results()
                #expect(plans.map { $0["task"]?.string } == ["a", "line-3"])
                #expect(plans.map { $0["argv"]?.array?.first?.string } == ["/usr/bin/echo", "/usr/bin/ls"])
                let text = try await tree.run(["plan", "--file", "tasks.jsonl", "--timeout", "9s"])
                #expect(text.lines.filter { $0.hasPrefix("task ") } == ["task      a", "task      line-3"])
                #expect(text.lines.filter { $0.hasPrefix("timeout ") } == ["timeout   9s", "timeout   9s"])
            }
        }

        @Test(arguments: ["plan", "validate"])
        func `One wrong line of a file refuses the file`(command: String) async throws {
            try await withTree { tree in
                try tree.directory.write("home/tasks.jsonl", Self.tasks + Self.wrong)
                let result = try await tree.run([command, "--file", "tasks.jsonl"])
                #expect(result.exitCode == 3)
                #expect(result.text == "")
                #expect(result.complaint.contains("tasks.jsonl:4: "), "\(result.complaint)")
                #expect(result.complaint.contains("tasks.jsonl:4: the id \"a\" occurs twice, first in line 1"))
            }
        }

        @Test
        func `A pipe is planned line by line`() async throws {
            try await withTree { tree in
                let mixed = try await tree.run(["plan", "--file", "-", "--json"], input: .text("{}\n" + Self.tasks))
                #expect(mixed.exitCode == 2)
                #expect(try mixed.results().count == 2)
                #expect(mixed.complaint.contains("stdin:1: "), "\(mixed.complaint)")
                let refused = try await tree.run(["plan", "--file", "-"], input: .text("{}\n"))
                #expect(refused.exitCode == 3)
                #expect(refused.text == "")
                #expect(try await tree.run(["plan", "--file", "-"], input: .text("\n")).exitCode == 0)
            }
        }

        @Test(arguments: [("plan", 2), ("validate", 3)])
        func `An id that a pipe brings twice is found`(command: String, exitCode: Int32) async throws {
            try await withTree { tree in
                let line = #"{"id":"a","executor":"command","payload":{"command":"ls"}}"# + "\n"
                let result = try await tree.run([command, "--file", "-"], input: .text(line + line))
                #expect(result.exitCode == exitCode)
                #expect(result.complaint.contains("stdin:2: the id \"a\" occurs twice, first in line 1"))
            }
        }
    }
}
