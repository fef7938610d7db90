internal import Glibc
internal import OstlerJSON
internal import OstlerStore
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Who submits and waits gets what `run` would have told, and logs are followed from wherever they were left.
    @Suite(.sandboxed)
    struct WaitTests {
        /// Runs a body while a worker is there.
        private func withWorker(_ body: (QueueRig) async throws -> Void) async throws {
            try await withQueue { rig in
                let worker = try rig.start(["worker", "--quiet"])
                try await body(rig)
                worker.send(SIGTERM)
                #expect(worker.finish().exitCode == 0)
            }
        }

        @Test
        func `One task streams its output, and ends as it would have ended`() async throws {
            try await withWorker { rig in
                let script = "echo out; echo err >&2; exit 3"
                let failed = try await rig.ask(["submit", "--wait", "command", "--", "sh", "-c", script])
                #expect(failed.exitCode == 1)
                #expect(failed.text == "out\n")
                #expect(failed.complaint.contains("err\n") && failed.complaint.contains("failed: exit code 3"))
                #expect(failed.complaint.contains("`ostler explain 1` tells more"))
                let fine = try await rig.ask(["submit", "--wait", "--json", "command", "--", "echo", "x"])
                #expect(fine.exitCode == 0)
                #expect(try fine.json()["output"]?["text"]?.string == "x\n")
                let missing = try await rig.ask(["submit", "--wait", "command", "--", "no-such-program"])
                #expect(missing.exitCode == 1 && missing.complaint.contains("[command_not_found]"))
            }
        }

        @Test
        func `A file of tasks gives a result a line`() async throws {
            try await withWorker { rig in
                let lines = [QueueRig.command("a", ["echo", "1"]), QueueRig.command("b", ["sh", "-c", "exit 2"])]
                let result = try await rig.ask(
                    ["submit", "--wait", "--file", "-"],
                    input: .text(lines.map { $0.text + "\n" }.joined())
                )
                #expect(result.exitCode == 2)
                let outcomes = try result.results().map { "\($0["id"]?.string ?? "") \($0["outcome"]?.string ?? "")" }
                #expect(outcomes.sorted() == ["a succeeded", "b failed"])
            }
        }

        @Test
        func `The logs of several tasks are followed to their ends, and taken up again`() async throws {
            try await withWorker { rig in
                let script = "for n in 1 2 3 4 5; do echo line $n; sleep 0.05; done"
                let tasks = try await rig.submit([
                    QueueRig.command("a", ["sh", "-c", script]), QueueRig.command("b", ["sh", "-c", script]),
                ])
                let names = tasks.map(\.description)
                let followed = try await rig.ask(["tasks", "logs", "--follow"] + names)
                for name in names {
                    let own = followed.lines.filter { $0.hasPrefix("\(name): ") }
                    #expect(own == (1...5).map { "\(name): line \($0)" })
                }
                let pieces = try await rig.ask(["tasks", "logs", "--json", names[0]]).results()
                let text = pieces.compactMap { $0["text"]?.string }.joined()
                #expect(text == (1...5).map { "line \($0)\n" }.joined())
                let last = try #require(pieces.last?["seq"]?.int)
                let nothing = try await rig.ask(["tasks", "logs", "--json", "--after", "\(last)", names[0]])
                #expect(nothing.text == "" && nothing.exitCode == 0)
                let rest = try await rig.ask(["tasks", "logs", "--json", "--after", "\(names[0]):\(last)"] + names)
                #expect(try rest.results().allSatisfy { $0["task"]?.int == 2 })
            }
        }
    }
}

extension QueueRig {
    /// Runs a command that knows store, configuration and plugins by variables, wherever its options end.
    func ask(_ words: [String], input: Child.Input = .empty) async throws -> Finished {
        let home = tree.home
        let variables = [
            "OSTLER_STORE=" + storePath, "OSTLER_CONFIG=\(home)/config.yaml", "OSTLER_PLUGIN_PATH=\(home)/plugins",
        ]
        var command = tree.command(words, environment: variables)
        (command.directory, command.input) = (project, input)
        return try await tree.run(command)
    }
}
