internal import Glibc
internal import OstlerJSON
internal import OstlerStore
internal import OstlerTasks
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Each way in which a task can end, brought about for real, and what `explain` tells of it.
    @Suite(.sandboxed)
    struct FateRunTests {
        /// What is to be told of a task.
        private struct Fate {
            let task: JSONValue
            let outcome: Outcome
            /// Parts of what is told to people, the cause first.
            let words: [String]

            init(_ outcome: Outcome, _ task: JSONValue, _ words: String...) {
                (self.task, self.outcome, self.words) = (task, outcome, words)
            }
        }

        private static func command(_ name: String, _ argv: [String], _ members: [String: JSONValue]) -> JSONValue {
            var task = QueueRig.command(name, argv).object ?? JSONObject()
            for (key, value) in members { task[key] = value }
            return .object(task)
        }

        private static let quick: JSONValue = ["attempts": 2, "min": "10ms", "max": "10ms"]

        private static let fates = [
            Fate(
                .failed,
                QueueRig.mark("retried", ["exit_code": 3], members: ["retry": quick]),
                "the work ended with exit code 3; not tried again, since all tries have been made",
                "after 2 attempts",
                "tried again at"
            ),
            Fate(
                .timeout,
                // It counts from when an executor has it: before that, nothing could be left of it.
                command("late", ["sleep", "600"], ["run_timeout": "400ms"]),
                "[run_timeout]",
                "nothing of it is left",
                "not tried again, since nobody asked for another try"
            ),
            Fate(
                .limit,
                command(
                    "hungry",
                    ["python3", "-c", "x = bytearray(300 << 20); print(len(x))"],
                    ["sandbox": ["limits": ["memory": "48MiB"]]]
                ),
                "[limit_memory]",
                "reached memory: "
            ),
            Fate(
                .expired,
                command("old", ["true"], ["ttl": "1ms"]),
                "1ms were over before it began: no worker had claimed it"
            ),
            Fate(
                .dependencyFailed,
                command("after", ["true"], ["after": ["late"]]),
                "task 2, which it waits for, ended timeout"
            ),
            Fate(
                .executorCrash,
                QueueRig.mark("crash", ["crash": true], members: ["retry": quick]),
                "it brought down what ran it too often, and is set aside",
                "after 3 attempts"
            ),
            Fate(
                .denied,
                command("touch", ["touch", "x"], [:]),
                "is blocked [command_denied]",
                "policy denies it on the worker"
            ),
            Fate(
                .succeeded,
                QueueRig.mark("fine", [:]),
                "its executor said that it had succeeded"
            ),
        ]

        private func explain(_ rig: QueueRig, _ task: TaskID) async throws -> String {
            let told = try await rig.ask(["explain", "\(task)"])
            try #require(told.exitCode == 0, "\(told.complaint)")
            #expect(told.lines.count <= 24, "it does not fit on a screen:\n\(told.text)")
            return told.text
        }

        @Test
        func `What was retried, denied, timed out, starved, crashed, expired or depended tells its cause`() async throws
        {
            try await withQueue { rig in
                let tasks = try await rig.submit(Self.fates.map(\.task))
                // What was allowed when it was submitted is not when it is run.
                let config = "sandbox: {profile: workspace}\nexecutors: {command: {blocked_commands: [touch]}}\n"
                try rig.tree.directory.write("home/config.yaml", config.utf8)
                // One at a time: a plugin that crashes over a task may have read another one as well, which then has one
                // attempt more than is told here.
                let worker = try await rig.run(["worker", "--until-idle", "--quiet", "--slots", "1"])
                #expect(worker.exitCode == 0, "\(worker.complaint)")
                #expect(try rig.outcomes(of: tasks) == Self.fates.map(\.outcome))
                for (task, fate) in zip(tasks, Self.fates) {
                    let text = try await explain(rig, task)
                    for words in fate.words { #expect(text.contains(words), "\(words) is not told:\n\(text)") }
                    let json = try await rig.ask(["explain", "\(task)", "--json"]).json()
                    #expect(json["task"]?["outcome"]?.string == fate.outcome.rawValue)
                    #expect(json["timeline"]?.array?.last?["phase"]?.string == "outcome", "\(text)")
                }
                let wait = try await rig.ask(["tasks", "wait", "--json"] + tasks.map(\.description))
                #expect(wait.exitCode == 2)
                #expect(try wait.results().map { $0["outcome"]?.string } == Self.fates.map(\.outcome.rawValue))
            }
        }

        @Test
        func `A task whose worker was killed tells that nobody knows how far it came`() async throws {
            let marker = Marker()
            try await withQueue { rig in
                let tasks = try await rig.submit([QueueRig.command("long", ["sleep", marker.seconds])])
                try await onThread {
                    let first = try rig.worker()
                    try rig.waitUntilRunning(tasks[0], serving: [first])
                    #expect(marker.waitFor(1))
                    first.send(SIGKILL)
                    _ = first.finish()
                    let second = try rig.worker()
                    try rig.waitUntilDone(tasks, serving: [second])
                    second.send(SIGTERM)
                    _ = second.finish()
                }
                let text = try await explain(rig, tasks[0])
                #expect(text.contains("worker 1 was gone while it ran, and nobody knows how far it came"), "\(text)")
                #expect(text.contains("its executor is not said to be safe to repeat"), "\(text)")
                #expect(text.contains("nothing is left of what it had started"), "\(text)")
            }
        }

        @Test
        func `A task that is cancelled while it runs ends with proof`() async throws {
            let marker = Marker()
            try await withQueue { rig in
                let tasks = try await rig.submit([QueueRig.command("long", ["sleep", marker.seconds])])
                let worker = try rig.start(["worker", "--quiet"])
                try rig.waitUntilRunning(tasks[0], serving: [worker])
                #expect(marker.waitFor(1))
                let cancel = try await rig.ask(["tasks", "cancel", "1", "--wait", "--json"])
                #expect(cancel.exitCode == 0, "\(cancel.complaint)")
                #expect(try cancel.json().text == #"{"task":1,"outcome":"cancelled","proof":"nothing_left"}"#)
                #expect(marker.processes.isEmpty)
                let text = try await explain(rig, tasks[0])
                #expect(text.contains("cancelled it while it ran; nothing of it is left"), "\(text)")
                worker.send(SIGTERM)
                #expect(worker.finish().exitCode == 0)
            }
        }
    }
}
