internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// The queue as the command line shows and steers it, without anybody who works at it.
    @Suite
    struct QueueCommandTests {
        /// Submits a task that would succeed.
        /// - Returns: its number.
        @discardableResult
        private func submit(_ tree: InstalledTree, _ options: [String] = []) async throws -> String {
            let result = try await tree.run(["submit", "command"] + options + ["--", "true"])
            try #require(result.exitCode == 0, "\(result.complaint)")
            return try #require(result.lines.first)
        }

        private func states(_ tree: InstalledTree, _ filter: [String] = []) async throws -> [String] {
            let list = try await tree.run(["tasks", "list", "--json"] + filter).json()
            return (list["tasks"]?.array ?? []).map { task in
                "\(task["task"]?.int ?? 0) \(task["outcome"]?.string ?? task["state"]?.string ?? "")"
            }
        }

        @Test
        func `What is submitted is accepted once, and only its owner can read the store`() async throws {
            try await withTree { tree in
                #expect(try await submit(tree) == "1")
                #expect(try await submit(tree, ["--key", "k"]) == "2")
                #expect(try await submit(tree, ["--key", "k"]) == "2")
                let other = try await tree.run(["submit", "command", "--key", "k", "--", "false"])
                #expect(other.exitCode == 3)
                #expect(other.complaint.contains("[idempotency_conflict]"))
                #expect(try await states(tree) == ["2 ready", "1 ready"])
                var status = stat()
                let state = tree.home + "/.local/state"
                for (path, mode) in [("/ostler", 0o700), ("/ostler/tasks.db", 0o600)] {
                    #expect(stat(state + path, &status) == 0 && Int(status.st_mode & 0o777) == mode, "\(path)")
                }
            }
        }

        @Test
        func `A batch is accepted as a whole, and its tasks wait for each other`() async throws {
            try await withTree { tree in
                let first = #"{"id":"a","executor":"command","payload":{"command":"true"}}"#
                let second = #"{"id":"b","executor":"command","payload":{"command":"true"},"after":["a"],"priority":3}"#
                let wrong = #"{"id":"c","executor":"command","payload":{"command":"true"},"after":["d"]}"#
                try tree.directory.write("home/good.jsonl", (first + "\n" + second + "\n").utf8)
                try tree.directory.write("home/bad.jsonl", (first + "\n" + wrong + "\n" + second + "\n").utf8)
                let refused = try await tree.run(["submit", "--file", "bad.jsonl"])
                #expect(refused.exitCode == 3)
                #expect(refused.complaint.contains("bad.jsonl:2: no task before this one has the id \"d\""))
                #expect(try await states(tree) == [])
                #expect(try await tree.run(["submit", "--file", "good.jsonl"]).lines == ["1", "2"])
                let show = try await tree.run(["tasks", "show", "2", "--json"]).json()
                #expect(show["after"]?.array?.map(\.int) == [1])
                #expect(show["state"]?.string == "blocked")
                #expect(show["priority"]?.int == 3)
                let partly = try await tree.run(
                    ["submit", "--file", "-", "--keep-going", "--json"],
                    input: .text(first + "\n" + wrong + "\nnonsense\n" + second)
                )
                #expect(partly.exitCode == 2)
                let accepted = try partly.results().filter { $0["task"] != nil }
                #expect(accepted.map { $0["id"]?.string } == ["a", "b"])
            }
        }

        @Test
        func `What options say of the queue is kept with the task`() async throws {
            try await withTree { tree in
                let options = [
                    "--id", "build", "--queue", "nightly", "--priority", "7", "--not-before", "1h", "--ttl", "2h",
                    "--needs", "gpu", "--retry", "4:linear:2s:8s", "--label", "team=web", "--profile", "strict",
                ]
                try await submit(tree, options)
                let show = try await tree.run(["tasks", "show", "1", "--json"]).json()
                #expect(show["id"]?.string == "build" && show["queue"]?.string == "nightly")
                #expect(show["priority"]?.int == 7)
                #expect(show["needs"]?.array?.map(\.string) == ["gpu"])
                #expect(show["labels"]?.text == #"{"team":"web"}"#)
                #expect(show["retry"]?.text == #"{"attempts":4,"backoff":"linear","min":"2s","max":"8s"}"#)
                let submitted = try #require(show["submitted_ms"]?.int)
                #expect(show["available_ms"]?.int == submitted + 3_600_000)
                #expect(show["expires_ms"]?.int == submitted + 7_200_000)
                #expect(show["spec"]?["sandbox"]?["profile"]?.string == "strict")
                // What the queue was told is no part of what the executor gets.
                #expect(show["spec"]?["queue"] == nil)
            }
        }

        @Test
        func `A full queue refuses, and nothing is left behind`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", "store: {capacity: 1}\n".utf8)
                try await submit(tree)
                let refused = try await tree.run(["submit", "command", "--", "true"])
                #expect(refused.exitCode == 75)
                #expect(refused.text == "")
                #expect(refused.complaint.contains("[queue_full]"))
                #expect(try await states(tree) == ["1 ready"])
                try await submit(tree, ["--queue", "other"])
            }
        }

        @Test
        func `Lists are narrowed, and go on where they ended`() async throws {
            try await withTree { tree in
                try await submit(tree, ["--label", "n=1"])
                try await submit(tree, ["--queue", "q", "--id", "named"])
                try await submit(tree, ["--after", "1"])
                _ = try await tree.run(["tasks", "cancel", "1"])
                #expect(try await states(tree, ["--outcome", "cancelled"]) == ["1 cancelled"])
                #expect(try await states(tree, ["--state", "done"]) == ["3 dependency_failed", "1 cancelled"])
                #expect(try await states(tree, ["--label", "n=1"]) == ["1 cancelled"])
                #expect(try await states(tree, ["--queue", "q", "--executor", "command"]) == ["2 ready"])
                #expect(try await states(tree, ["--id", "named", "--since", "1h"]) == ["2 ready"])
                #expect(try await states(tree, ["--before", "2026-01-01T00:00:00Z"]) == [])
                let page = try await tree.run(["tasks", "list", "--json", "--limit", "2"]).json()
                let next = try #require(page["next"]?.int)
                #expect(try await states(tree, ["--after", "\(next)"]) == ["1 cancelled"])
                let table = try await tree.run(["tasks", "list", "--limit", "1"])
                #expect(table.lines.count == 2 && table.complaint.contains("--after 3"))
            }
        }

        @Test
        func `What waits is cancelled at once, and what failed is tried again or removed`() async throws {
            try await withTree { tree in
                try await submit(tree)
                try await submit(tree)
                let cancelled = try await tree.run(["tasks", "cancel", "1", "9", "--json"])
                #expect(cancelled.exitCode == 2)
                #expect(try cancelled.json().text == #"{"task":1,"outcome":"cancelled","proof":"never_ran"}"#)
                #expect(cancelled.complaint.contains("there is no task 9"))
                #expect(try await tree.run(["tasks", "wait", "1"]).text == "1 cancelled\n")
                #expect(try await tree.run(["tasks", "wait", "1"]).exitCode == 1)
                #expect(try await tree.run(["tasks", "wait", "1", "2", "--timeout", "50ms"]).exitCode == 75)
                #expect(try await tree.run(["tasks", "retry", "2"]).complaint.contains("[not_done]"))
                #expect(try await tree.run(["tasks", "rm", "1", "2"]).complaint.contains("[not_done]"))
                #expect(try await states(tree) == ["2 ready", "1 cancelled"])
                #expect(try await tree.run(["tasks", "retry", "1"]).exitCode == 0)
                #expect(try await states(tree) == ["2 ready", "1 ready"])
                _ = try await tree.run(["tasks", "cancel", "1"])
                #expect(try await tree.run(["tasks", "rm", "1"]).exitCode == 0)
                #expect(try await states(tree) == ["2 ready"])
            }
        }

        @Test
        func `A queue is paused and counted`() async throws {
            try await withTree { tree in
                try await submit(tree, ["--queue", "q"])
                try await submit(tree, ["--queue", "q", "--not-before", "1h"])
                try await submit(tree, ["--queue", "q", "--after", "1"])
                #expect(try await tree.run(["queue", "pause", "q"]).exitCode == 0)
                let paused = try await tree.run(["queue", "stats", "--json"]).json()
                let queue = try #require(paused["queues"]?.array?.first { $0["queue"]?.string == "q" })
                #expect(queue["paused"]?.bool == true)
                #expect(["ready", "delayed", "blocked", "running"].map { queue[$0]?.int } == [1, 1, 1, 0])
                #expect(paused["workers"]?.array?.isEmpty == true)
                let why = try await tree.run(["explain", "1"])
                #expect(why.text.contains("the queue q is paused"))
                #expect(try await tree.run(["queue", "resume", "q"]).exitCode == 0)
                #expect(try await tree.run(["explain", "1"]).text.contains("no worker is running"))
                #expect(try await tree.run(["queue", "stats"]).lines.first?.hasPrefix("QUEUE") == true)
            }
        }

        @Test
        func `Looking at a store that is not there makes none`() async throws {
            try await withTree { tree in
                #expect(try await states(tree) == [])
                #expect(access(tree.home + "/.local", F_OK) != 0)
                let shown = try await tree.run(["tasks", "show", "1"])
                #expect(shown.exitCode == 3 && shown.complaint.contains("[unknown_task]"))
            }
        }

        @Test
        func `The store is where option, variable, configuration and default say, in this order`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", "store: {path: ~/config.db}\n".utf8)
                let variable = ["OSTLER_STORE=" + tree.home + "/variable.db"]
                let words = ["submit", "command", "--store", "option.db", "--", "true"]
                _ = try await tree.run(words, environment: variable)
                #expect(namesOfDirectory(tree.home).contains("option.db"))
                _ = try await tree.run(["submit", "command", "--", "true"], environment: variable)
                #expect(namesOfDirectory(tree.home).contains("variable.db"))
                try await submit(tree)
                #expect(namesOfDirectory(tree.home).contains("config.db"))
                #expect(access(tree.home + "/.local", F_OK) != 0)
                let shown = try await tree.run(["config", "show"], environment: variable).text
                #expect(shown.contains("store.path") && shown.contains("$OSTLER_STORE"))
            }
        }
    }
}
