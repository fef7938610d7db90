internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// A plan asks the guards and tells what they decide.
    @Suite(.sandboxed)
    struct PlanDecisionTests {
        private static let rows: [(guards: JSONValue, effect: String, by: String?, text: String)] = [
            ([:], "would_execute", nil, "would run"),
            (["creates": "/usr/bin/env"], "stable", "creates", "would not run: /usr/bin/env exists (creates)"),
            (["creates": "/nowhere"], "would_execute", nil, "would run"),
            (["onlyif": "false"], "stable", "onlyif", "would not run: its command did not end with 0 (onlyif)"),
            (["unless": "true"], "stable", "unless", "would not run: its command ended with 0 (unless)"),
            (["onlyif": "true", "unless": "false"], "would_execute", nil, "would run"),
            (
                ["refresh_only": true], "stable", "refresh_only",
                "would not run: nothing that it is subscribed to has changed (refresh_only)"
            ),
            (
                ["control": ["if": false], "onlyif": "nobody-has-this"], "skipped", "control",
                "would not run: its control says so (control)"
            ),
        ]

        private static func line(_ id: String, _ guards: JSONValue) -> String {
            let task: JSONValue = [
                "id": .string(id), "executor": "command",
                "payload": ["command": "touch", "args": [.string("ran-\(id)")]], "guards": guards,
            ]
            return task.text + "\n"
        }

        @Test
        func `Each guard decides as it would decide of a run, and nothing is run`() async throws {
            try await withTree { tree in
                try tree.directory.makeDirectory("home/work")
                let lines = Self.rows.enumerated().map { Self.line("t\($0)", $1.guards) }.joined()
                try tree.directory.write("home/tasks.jsonl", lines)
                let words = ["plan", "--file", "tasks.jsonl", "--workdir", "work"]
                let json = try await tree.run(words + ["--json"])
                #expect(json.exitCode == 0, "\(json.complaint)")
                for (plan, row) in zip(try json.results(), Self.rows) {
                    #expect(plan["decision"]?["effect"]?.string == row.effect, "\(plan["decision"]?.text ?? "")")
                    #expect(plan["decision"]?["by"]?.string == row.by)
                }
                let text = try await tree.run(words)
                #expect(text.lines.filter { $0.hasPrefix("decision ") } == Self.rows.map { "decision  " + $0.text })
                #expect(namesOfDirectory(tree.directory.file("home/work")) == [])
            }
        }

        @Test
        func `A plan of a file tells what would come of one task for the next`() async throws {
            try await withTree { tree in
                let lines = [
                    Self.line("made", ["creates": "/usr/bin/env"]), Self.line("missing", [:]),
                    Self.line("quiet", ["refresh_only": true, "subscribe": ["task#made"]]),
                    Self.line("moved", ["creates": "/usr", "subscribe": ["task#missing"], "alias": "too"]),
                    Self.line("broken", ["onlyif": "nobody-has-this"]),
                    Self.line("after", ["require": ["task#broken"]]),
                    Self.line("last", ["require": ["task#too"]]),
                ]
                try tree.directory.write("home/tasks.jsonl", lines.joined())
                let json = try await tree.run(["plan", "--file", "tasks.jsonl", "--json"])
                #expect(json.exitCode == 2)
                let decisions = try json.results().map { $0["decision"]?["effect"]?.string }
                #expect(
                    decisions == [
                        "stable", "would_execute", "stable", "would_execute", "failed", "skipped", "would_execute",
                    ]
                )
                let broken = try json.results()[4]["decision"]
                #expect(broken?["error"]?["code"]?.string == "guard_not_started")
                let moved = try json.results()[3]["decision"]
                #expect(moved?["detail"]?.string == "Would have executed via subscribe")
            }
        }

        @Test
        func `A guard that cannot be asked fails the plan`() async throws {
            try await withTree { tree in
                let plan = try await tree.run(["plan", "command", "--onlyif", "nobody-has-this", "--", "true"])
                #expect(plan.exitCode == 1)
                #expect(plan.lines.contains { $0.hasPrefix("decision  cannot be told: the guard") }, "\(plan.text)")
            }
        }

        private static func request(
            _ name: String,
            _ id: String,
            _ guards: JSONValue,
            _ command: String = "true"
        ) -> String {
            let request: JSONValue = [
                "protocol": .string("io.ostler.v1.task.\(name).request"), "id": .string(id), "type": "command",
                "properties": ["payload": ["command": .string(command), "args": ["300"]], "guards": guards],
            ]
            return request.text + "\n"
        }

        private static func cancel(_ id: String) -> String {
            #"{"protocol":"io.ostler.v1.task.cancel.request","properties":{"id":"\#(id)"}}"# + "\n"
        }

        @Test
        func `The API plans likewise, whatever else waits, and can be told to stop`() async throws {
            try await withTree { tree in
                let finished = try await onThread {
                    let child = try tree.start(["api", "--jobs", "1"], input: .open)
                    child.write(Self.request("run", "long", [:], "sleep"))
                    child.write(Self.request("plan", "quick", ["control": ["if": false]]))
                    child.write(
                        Self.request("plan", "asks", ["creates": "/usr"])
                            + Self.request("plan", "dropped", ["creates": "/"])
                    )
                    eventuallyOnThread("the plan that asks nobody") {
                        child.serve(20)
                        return child.hasWritten(#""id":"quick""#)
                    }
                    child.write(Self.cancel("dropped") + Self.cancel("long"))
                    return child.finish()
                }
                #expect(finished.exitCode == 0, "\(finished.complaint)")
                let answers = Dictionary(try finished.results().map { ($0["id"]?.string ?? "", $0) }) { first, _ in
                    first
                }
                #expect(answers["quick"]?["result"]?["decision"]?["by"]?.string == "control")
                #expect(answers["asks"]?["result"]?["decision"]?["by"]?.string == "creates")
                #expect(answers["dropped"]?["error"]?["code"]?.string == "cancelled")
                #expect(answers["long"]?["result"]?["outcome"]?.string == "cancelled")
            }
        }
    }
}
