internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// What is refused before it is accepted, and how.
    @Suite
    struct SubmitTests {
        @Test(arguments: [
            (["submit"], "name an executor, or give --file"),
            (["submit", "--file", "f", "--key", "k"], "--key is for one task"),
            (["submit", "--keep-going", "command"], "--keep-going belongs to --file"),
            (["submit", "command", "--workdir", "."], "unknown option --workdir"),
            (["submit", "command", "--retry", "0"], "--retry 0: write it as 3"),
            (["submit", "--file", "nowhere.jsonl"], "--file nowhere.jsonl: No such file"),
            (["tasks", "logs", "1", "2", "--after", "5"], "write SEQ for one task, TASK:SEQ for one of several"),
            (["tasks", "logs", "1", "--after", "2:5"], "write SEQ for one task"),
            (["tasks", "logs", "1", "--stream", "both"], "--stream takes stdout or stderr"),
            (["tasks", "cancel"], "TASK is missing"),
            (["queue", "pause", "two words"], "QUEUE must be 1 to 100"),
            (["history", "diff", "1"], "OTHER is missing"),
            (["history", "diff", "1", "1"], "a task is not compared with itself"),
            (["history", "list", "--state", "ready"], "what is not done is no history"),
            (["gc", "--plan", "--vacuum"], "--plan changes nothing"),
            (["gc", "--size", "big"], "--size: "),
            (["explain", "--file", "f", "command"], "--file brings its own executors"),
        ])
        func `A command line that is wrong is told, and no store is made`(words: [String], message: String) async throws
        {
            try await withTree { tree in
                let result = try await tree.run(words)
                #expect(result.exitCode == 3 && result.text == "")
                #expect(result.complaint.contains(message), "\(result.complaint)")
                #expect(!namesOfDirectory(tree.home).contains(".local"))
            }
        }

        @Test
        func `A task that policy denies is refused with the rule, and explained without being kept`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", "executors: {command: {blocked_commands: [rm]}}\n".utf8)
                let refused = try await tree.run(["submit", "command", "--", "rm", "x"])
                #expect(refused.exitCode == 3 && refused.text == "")
                #expect(refused.complaint.contains("[command_denied"))
                let json = try await tree.run(["submit", "command", "--json", "--", "rm", "x"]).json()
                #expect(json["outcome"]?.string == "denied")
                #expect(json["error"]?["pointer"]?.string == "/payload/command")
                let told = try await tree.run(["explain", "command", "--", "rm", "x"])
                #expect(told.exitCode == 0)
                #expect(told.text.contains("is blocked [command_denied]"), "\(told.text)")
                #expect(told.text.contains("take it out of blocked_commands"))
                #expect(!namesOfDirectory(tree.home).contains(".local"))
            }
        }

        @Test
        func `A full queue is explained with its bound`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", "store: {capacity: 1}\n".utf8)
                _ = try await tree.run(["submit", "command", "--", "true"])
                let told = try await tree.run(["explain", "command", "--json", "--", "true"]).json()
                #expect(told["accepted"]?.bool == false)
                #expect(told["cause"]?["code"]?.string == "queue_full")
                let text = try await tree.run(["explain", "command", "--", "true"]).text
                #expect(text.contains("waiting in the queue default: 1 of 1"), "\(text)")
            }
        }

        @Test
        func `A task waits as long as the configuration says, unless it says itself`() async throws {
            try await withTree { tree in
                func timeout(_ options: [String]) async throws -> String? {
                    let words = ["submit", "command"] + options + ["--", "true"]
                    let number = try #require(try await tree.run(words).lines.first)
                    let show = try await tree.run(["tasks", "show", number, "--json"]).json()
                    return show["spec"]?["timeout"]?.string
                }
                #expect(try await timeout([]) == "30s")
                #expect(try await timeout(["--timeout", "2h"]) == "2h")
                try tree.directory.write("home/ostler.yaml", "tasks: {timeout: 5m, queued_timeout: none}\n".utf8)
                #expect(try await timeout([]) == "5m")
                try tree.directory.write("home/ostler.yaml", "tasks: {queued_timeout: none}\n".utf8)
                #expect(try await timeout([]) == nil)
            }
        }

        @Test
        func `A task whose limit is null keeps that in the queue`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", "tasks: {timeout: 5m, run_timeout: 5m}\n".utf8)
                let line = #"{"executor":"command","payload":{"command":"true"},"timeout":null,"run_timeout":null}"#
                try tree.directory.write("home/tasks.jsonl", line + "\n")
                let number = try #require(try await tree.run(["submit", "--file", "tasks.jsonl"]).lines.first)
                let show = try await tree.run(["tasks", "show", number, "--json"]).json()
                #expect(show["spec"]?["timeout"] == .null && show["spec"]?["run_timeout"] == .null, "\(show.text)")
            }
        }

        @Test
        func `A file with members for a queue can be validated and planned, but not run`() async throws {
            try await withTree { tree in
                let line = #"{"executor":"command","payload":{"command":"true"},"ttl":"1h"}"# + "\n"
                try tree.directory.write("home/tasks.jsonl", line.utf8)
                #expect(try await tree.run(["validate", "--file", "tasks.jsonl"]).exitCode == 0)
                #expect(try await tree.run(["plan", "--file", "tasks.jsonl"]).exitCode == 0)
                let run = try await tree.run(["run", "--file", "tasks.jsonl"])
                #expect(run.exitCode == 3 && run.complaint.contains("[queue_member at /ttl]"))
                #expect(run.complaint.contains("hand it to `ostler submit`"))
            }
        }
    }
}
