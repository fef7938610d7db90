internal import Glibc
internal import OstlerJSON
internal import OstlerStore
internal import OstlerTasks
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Guards of tasks, whoever executes them.
    @Suite(.sandboxed, .needs("/usr/bin/python3"))
    struct GuardTests {
        private func line(_ id: String, _ executor: String, _ payload: JSONValue, _ guards: JSONValue) -> String {
            (["id": .string(id), "executor": .string(executor), "payload": payload, "guards": guards] as JSONValue).text
                + "\n"
        }

        private func run(_ tree: InstalledTree, _ lines: [String], _ options: [String] = []) async throws -> (
            finished: Finished, results: [String: JSONValue]
        ) {
            try tree.directory.write("home/tasks.jsonl", lines.joined())
            let words = ["run", "--plugin-path", "plugins", "--file", "tasks.jsonl"] + options
            let finished = try await tree.run(words)
            let results = try finished.results().map { ($0["id"]?.string ?? "", $0) }
            return (finished, Dictionary(results) { first, _ in first })
        }

        @Test
        func `The same guards decide the same for a command, a function of C and a plugin in Python`() async throws {
            try await withTree { tree in
                try GuardedExecutor.install(tree)
                for executor in GuardedExecutor.all {
                    let lines = GuardRow.all.enumerated().map { line("\($0)", executor.name, executor.good, $1.guards) }
                    let (finished, results) = try await run(tree, lines, ["--jobs", "4"])
                    #expect(finished.exitCode == 2, "\(finished.complaint)")
                    for (index, row) in GuardRow.all.enumerated() {
                        let result = results["\(index)"]
                        let told = "\(executor.name) \(row.guards.text): \(result?.text ?? "no result")"
                        #expect(result?["outcome"]?.string == row.outcome, "\(told)")
                        #expect(result?["guard"]?["effect"]?.string == row.effect, "\(told)")
                        #expect(result?["guard"]?["by"]?.string == row.by, "\(told)")
                        #expect(result?["error"]?["code"]?.string == row.code, "\(told)")
                        let ran = row.effect == nil && row.code?.hasPrefix("guard") != true
                        #expect(result?["changed"]?.bool == ran, "\(told)")
                        #expect((result?["isolation"] != nil) == ran, "\(told)")
                    }
                }
            }
        }

        @Test
        func `Exit codes are judged alike whoever executes`() async throws {
            try await withTree { tree in
                try GuardedExecutor.install(tree)
                for executor in GuardedExecutor.all {
                    let (finished, results) = try await run(
                        tree,
                        [
                            line("listed", executor.name, executor.bad, ["returns": [0, 1]]),
                            line("not-listed", executor.name, executor.bad, ["returns": [0, 2]]),
                            line("not-created", executor.name, executor.bad, ["creates": "/usr/no/such"]),
                        ]
                    )
                    #expect(finished.exitCode == 2)
                    #expect(results["listed"]?["outcome"]?.string == "succeeded", "\(executor.name) \(finished.text)")
                    #expect(results["listed"]?["exit_code"]?.int == 1)
                    #expect(results["listed"]?["guard"]?["by"]?.string == "returns")
                    for name in ["not-listed", "not-created"] {
                        #expect(results[name]?["outcome"]?.string == "failed", "\(executor.name) \(finished.text)")
                        #expect(results[name]?["exit_code"]?.int == 1)
                    }
                }
            }
        }

        // MARK: Tasks that name each other

        private static let chain: [(id: String, executor: Int, isGood: Bool, guards: JSONValue, state: String)] = [
            ("first", 0, true, ["alias": "one"], "ran"),
            ("kept", 2, true, ["creates": "/usr"], "stable"),
            (
                "by-change", 1, true,
                ["refresh_only": true, "subscribe": ["task#kept", "task#one"], "creates": "/usr"], "ran"
            ),
            ("by-nothing", 2, true, ["refresh_only": true, "subscribe": ["task#kept"]], "stable"),
            ("broken", 0, false, [:], "failed"),
            ("needs-broken", 1, true, ["require": ["task#first", "task#broken"]], "skipped"),
            ("needs-skipped", 2, true, ["require": ["task#needs-broken"]], "skipped"),
            ("gated", 2, true, ["control": ["unless": true]], "skipped"),
            ("needs-gated", 0, true, ["require": ["task#gated"]], "ran"),
            ("after-broken", 2, true, ["refresh_only": true, "subscribe": ["task#broken"]], "stable"),
            ("chained", 0, true, ["refresh_only": true, "subscribe": ["task#by-change"]], "ran"),
        ]

        private func state(_ result: JSONValue?) -> String {
            let outcome = result?["outcome"]?.string ?? "nothing"
            switch result?["guard"]?["effect"]?.string {
            case nil, "executed": return outcome == "succeeded" ? "ran" : outcome
            case "would_execute": return "ran"
            case let effect?: return effect
            }
        }

        @Test(arguments: ["1", "7"])
        func `Tasks listen to those before them, however many run at once`(_ jobs: String) async throws {
            try await withTree { tree in
                try GuardedExecutor.install(tree)
                let lines = Self.chain.map { task in
                    let executor = GuardedExecutor.all[task.executor]
                    return line(task.id, executor.name, task.isGood ? executor.good : executor.bad, task.guards)
                }
                for options in [[], ["--keep-going"]] {
                    let (finished, results) = try await run(tree, lines, ["--jobs", jobs] + options)
                    #expect(finished.exitCode == 2, "\(finished.complaint)")
                    for task in Self.chain {
                        #expect(state(results[task.id]) == task.state, "\(task.id): \(results[task.id]?.text ?? "")")
                    }
                    #expect(results["by-change"]?["guard"]?["detail"]?.string == "task#one changed")
                    #expect(results["needs-broken"]?["guard"]?["detail"]?.string == "unmet: task#broken")
                }
            }
        }

        @Test(
            arguments: [
                (
                    [["require": ["task#absent"]]], "no task of this file is \"task#absent\"",
                    "unknown_reference at /guards/require/0"
                ),
                ([["subscribe": ["file#/etc/x"]]], "no task of this file is \"file#/etc/x\"", "unknown_reference"),
                (
                    [["subscribe": ["task#t0"]]], "\"task#t0\" is this task itself",
                    "later_reference at /guards/subscribe/0"
                ),
                ([["require": ["task#t1"]], [:]], "\"task#t1\" comes later, in line 2", "later_reference"),
                ([["subscribe": ["task#late"]], ["alias": "late"]], "comes later, in line 2", "later_reference"),
                ([["alias": "x"], ["alias": "x"]], "the name \"x\" occurs twice, first in line 1", "duplicate_id"),
                ([["alias": "t1"], [:]], "the name \"t1\" occurs twice, first in line 1", "duplicate_id"),
            ] as [([JSONValue], String, String)]
        )
        func `What cannot be named is refused before anything runs`(
            _ guards: [JSONValue],
            _ message: String,
            _ code: String
        ) async throws {
            try await withTree { tree in
                try GuardedExecutor.install(tree)
                let lines = guards.enumerated().map { line("t\($0)", "command", ["command": "true"], $1) }
                let (finished, results) = try await run(tree, lines)
                #expect(finished.exitCode == 3 && results.isEmpty)
                #expect(finished.complaint.contains(message), "\(finished.complaint)")
                #expect(finished.complaint.contains("[" + code), "\(finished.complaint)")
                let valid = try await tree.run(["validate", "--file", "-"], input: .text(lines.joined()))
                #expect(valid.exitCode == 3 && valid.complaint.contains(message), "\(valid.complaint)")
            }
        }

        // MARK: Nothing executed

        @Test
        func `A run without effects says what the real one does`() async throws {
            try await withTree { tree in
                try GuardedExecutor.install(tree)
                let lines = Self.chain.filter {
                    $0.state != "failed" && !$0.id.contains("broken") && $0.id != "needs-skipped"
                }
                .map {
                    line($0.id, GuardedExecutor.all[$0.executor].name, GuardedExecutor.all[$0.executor].good, $0.guards)
                }
                let (noop, foreseen) = try await run(tree, lines, ["--noop"])
                #expect(noop.exitCode == 0, "\(noop.complaint)")
                let (real, results) = try await run(tree, lines)
                #expect(real.exitCode == 0)
                #expect(foreseen.count == lines.count && results.count == lines.count)
                for (id, result) in results {
                    #expect(state(foreseen[id]) == state(result), "\(id)")
                    #expect(foreseen[id]?["changed"] == result["changed"], "\(id)")
                    #expect(foreseen[id]?["isolation"] == nil)
                }
                #expect(foreseen["first"]?["guard"]?["detail"]?.string == "Would have executed")
                #expect(foreseen["by-change"]?["guard"]?["detail"]?.string == "Would have executed via subscribe")
            }
        }

        @Test
        func `One task says on stderr what kept it`() async throws {
            try await withTree { tree in
                let kept = try await tree.task(["touch", "x"], options: ["--creates", "/usr"])
                #expect(kept.exitCode == 0 && kept.complaint == "ostler: stable: /usr exists (creates)\n")
                let noop = try await tree.task(["touch", "x"], options: ["--noop"])
                #expect(noop.exitCode == 0 && noop.complaint == "ostler: Would have executed\n")
                let returns = try await tree.task(["sh", "-c", "exit 3"], options: ["--returns", "0,3"])
                #expect(returns.exitCode == 0 && returns.complaint == "")
                let passed = ["--returns", "0,3", "--exit-code", "task"]
                #expect(try await tree.task(["sh", "-c", "exit 3"], options: passed).exitCode == 3)
                let missed = try await tree.task(["sh", "-c", "exit 4"], options: ["--returns", "0,3"])
                let why = "failed to reach desired state: exit code 4: exit code 4 not in allowed returns [0, 3]"
                #expect(missed.exitCode == 1 && missed.complaint.contains(why), "\(missed.complaint)")
                let words = ["plan", "command", "--creates", "/usr", "--onlyif", "test -f x", "--", "true"]
                let plan = try await tree.run(words)
                #expect(plan.text.contains("\nguard     creates /usr\nguard     onlyif test -f x\n"), "\(plan.text)")
                let wrong = try await tree.task(["true"], options: ["--onlyif", "test 'x"])
                #expect(wrong.exitCode == 3 && wrong.complaint.contains("Unterminated single-quoted string"))
            }
        }

        // MARK: In a queue

        @Test
        func `A queue keeps guards and honours them`() async throws {
            try await withQueue { rig in
                try rig.tree.directory.write("home/project/there", "")
                let there = rig.project + "/there"
                let tasks = try await rig.submit([
                    QueueRig.mark("kept", members: ["guards": ["creates": .string(there)]]),
                    QueueRig.mark("ran", members: ["guards": ["creates": .string(there + "-not")]]),
                    QueueRig.mark("asked", members: ["guards": ["onlyif": ["test", "-f", .string(there)]]]),
                    QueueRig.mark("code", ["exit_code": 3], members: ["guards": ["returns": [3]]]),
                    QueueRig.mark("broken", members: ["guards": ["unless": "no-such-program"], "retry": 2]),
                ])
                let worker = try await rig.run(["worker", "--until-idle"])
                #expect(worker.exitCode == 0, "\(worker.complaint)")
                #expect(try rig.outcomes(of: tasks) == [.succeeded, .succeeded, .succeeded, .succeeded, .failed])
                #expect(try rig.marks() == ["ran": 1, "asked": 1, "code": 1])
                let told = try await rig.run(["explain", "1"])
                #expect(told.text.contains("stable: \(there) exists (creates)"), "\(told.text)")
                let kept = try rig.store.details(of: tasks[0])
                #expect(try JSONValue(parsing: kept.document)["guards"]?["creates"]?.string == there)
                #expect(try JSONValue(parsing: #require(kept.result))["guard"]?["effect"]?.string == "stable")
                // What had no effect yet is tried again, as it was asked for.
                #expect(try rig.store.details(of: tasks[4]).summary.attempt == 2)
            }
        }

        @Test
        func `A queue does not take what it could not keep`() async throws {
            try await withQueue { rig in
                let lines = [QueueRig.mark("a"), QueueRig.mark("b", members: ["guards": ["subscribe": ["task#a"]]])]
                try rig.tree.directory.write("home/project/batch.jsonl", lines.map { $0.text + "\n" }.joined())
                let refused = try await rig.run(["submit", "--file", "batch.jsonl"])
                #expect(refused.exitCode == 3)
                #expect(refused.complaint.contains("tasks of a queue do not name each other in guards"))
                #expect(refused.complaint.contains("use `after`"), "\(refused.complaint)")
            }
        }
    }
}
