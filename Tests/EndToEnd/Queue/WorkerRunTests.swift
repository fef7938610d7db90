internal import Glibc
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// What a worker makes of single tasks, and what it tells of them.
    @Suite(.sandboxed)
    struct WorkerRunTests {
        @Test func `Output is in the store while its task runs`() async throws {
            let marker = Marker()
            let script = "echo first; sleep \(marker.seconds)"
            try await withQueueOnThread([QueueRig.command("slow", ["sh", "-c", script])]) { rig, tasks in
                let worker = try rig.worker()
                try eventuallyOnThread("the first line") {
                    worker.serve(2)
                    return try rig.store.log(of: tasks[0], after: 0, limit: 10).first?.chunk
                        == LogChunk(stream: "stdout", bytes: Array("first\n".utf8))
                }
                #expect(try rig.store.details(of: tasks[0]).summary.state == .running(.started))
                _ = try rig.store.cancel(tasks[0], by: "test", at: 1)
                try rig.waitUntilDone(tasks, serving: [worker])
                #expect(try rig.store.log(of: tasks[0], after: 0, limit: 10).count == 1, "a line was kept twice")
                worker.send(SIGTERM)
                #expect(worker.finish().exitCode == 0)
            }
        }

        @Test func `What is no longer allowed when it is begun is denied, and nothing of it runs`() async throws {
            try await withQueue { rig in
                let tasks = try await rig.submit([QueueRig.command("blocked", ["touch", "made"]), QueueRig.mark("m")])
                let rules = "sandbox: {profile: workspace}\nexecutors: {command: {blocked_commands: [touch]}}\n"
                try rig.tree.directory.write("home/config.yaml", rules)
                let worker = try await rig.run(["worker", "--until-idle"])
                #expect(worker.exitCode == 0, "\(worker.complaint)")
                #expect(try rig.outcomes(of: tasks) == [.denied, .succeeded])
                #expect(access(rig.project + "/made", F_OK) != 0)
                let route = try rig.events(of: tasks[0]).first { $0.kind == .note && $0.word == "route" }
                #expect(try JSONValue(parsing: try #require(route?.detail))["policy"]?.string == "denied")
                let attempt = try #require(try rig.store.details(of: tasks[0]).attempts.first)
                #expect(attempt.outcome == .denied)
            }
        }

        @Test func `A worker leaves what it has no executor for to others`() async throws {
            try await withQueue { rig in
                let tasks = try await rig.submit([QueueRig.mark("m"), QueueRig.command("c", ["true"])])
                let bare = rig.tree.command(["worker", "--until-idle", "--store", rig.storePath])
                let without = try await rig.tree.run(bare)
                #expect(without.exitCode == 0, "\(without.complaint)")
                #expect(try rig.outcomes(of: tasks) == [nil, .succeeded])
                _ = try await rig.run(["worker", "--until-idle"])
                #expect(try rig.outcomes(of: tasks) == [.succeeded, .succeeded])
            }
        }

        @Test func `The highest priority goes first, then who came first, and dependents wait`() async throws {
            try await withQueue { rig in
                let tasks = try await rig.submit([
                    QueueRig.mark("low", members: ["priority": .number(.int(-5))]),
                    QueueRig.mark("last", members: ["after": ["low"]]), QueueRig.mark("first of equals"),
                    QueueRig.mark("second of equals"),
                    QueueRig.mark("high", members: ["priority": .number(.int(5))]),
                ])
                _ = try await rig.run(["worker", "--until-idle", "--slots", "1"])
                #expect(try Set(rig.outcomes(of: tasks)) == [.succeeded])
                let lines = String(decoding: try contents(ofFile: rig.ledger), as: UTF8.self).split(separator: "\n")
                #expect(lines == ["high", "first of equals", "second of equals", "low", "last"])
            }
        }

        @Test func `A worker whose launcher is killed tells the truth and goes on with another`() async throws {
            let marker = Marker()
            // The first attempt at it does not end by itself; the second does at once.
            let again = QueueRig.mark("again", ["seconds": 600, "slow": 1])
            let tasks = [QueueRig.command("hit", ["sleep", marker.seconds]), again]
            try await withQueueOnThread(tasks) { rig, tasks in
                let worker = try rig.worker(["--slots", "2"])
                #expect(marker.waitFor(1))
                try eventuallyOnThread("the mark") { try rig.marks() == ["again": 1] }
                let launcher = try #require(Family(of: worker.process, rig.tree).process(.launcher))
                #expect(kill(launcher, SIGKILL) == 0)
                try rig.waitUntilDone(tasks, serving: [worker])
                #expect(try rig.outcomes(of: tasks) == [.sandboxError, .succeeded])
                #expect(marker.processes.isEmpty)
                let attempts = try rig.store.details(of: tasks[1]).attempts
                try #require(attempts.count == 2, "\(attempts)")
                let first = attempts[0].outcome
                #expect(first == .sandboxError || first == .executorCrash, "\(attempts)")
                #expect(attempts[1].outcome == .succeeded, "\(attempts)")
                #expect(try rig.marks() == ["again": 2])
                let roots = attempts.compactMap { $0.identities.last?.pid }
                #expect(roots.count == 2 && roots.first == launcher && roots.last != launcher, "\(attempts)")
                worker.send(SIGTERM)
                #expect(worker.finish().exitCode == 0)
            }
        }

        @Test func `What happens is told as an object a line`() async throws {
            try await withQueue { rig in
                let retry: JSONValue = ["attempts": 2, "min": "1ms", "max": "1ms"]
                let tasks = try await rig.submit([
                    QueueRig.mark("good"), QueueRig.mark("bad", ["exit_code": 1], members: ["retry": retry]),
                ])
                let worker = try await rig.run(["worker", "--until-idle", "--json", "--slots", "1"])
                let events = try worker.results()
                #expect(events.allSatisfy { $0["time_ms"] != nil })
                let told = events.map { event in
                    [
                        event["event"]?.string, event["task"]?.text, event["settlement"]?.string,
                        event["outcome"]?.string,
                    ]
                    .map { $0 ?? "-" }.joined(separator: " ")
                }
                let (good, bad) = (tasks[0], tasks[1])
                #expect(
                    told == [
                        "registered - - -", "settled \(good) ended succeeded", "settled \(bad) retries -",
                        "settled \(bad) ended failed",
                    ],
                    "\(told)"
                )
                #expect(worker.complaint.contains("2 tasks: 1 failed, 1 succeeded"), "\(worker.complaint)")
            }
        }

        @Test func `A worker that cannot begin says why`() async throws {
            try await withQueue { rig in
                let nowhere = try await rig.run(["worker", "--until-idle", "--store", "/no/such/place/tasks.db"])
                #expect(nowhere.exitCode == 5 || nowhere.exitCode == 3)
                #expect(nowhere.complaint.contains("[store_unreachable]"), "\(nowhere.complaint)")
                let wrong = try await rig.run(["worker", "--slots", "0"])
                #expect(wrong.exitCode == 3)
            }
        }
    }
}
