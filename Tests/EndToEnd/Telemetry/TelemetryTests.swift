internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Reports and metrics of real runs.
    @Suite(.sandboxed)
    struct TelemetryTests {
        private static func line(_ id: String, _ argv: [String]) -> String {
            let arguments = argv.dropFirst().map { JSONValue.string($0).text }.joined(separator: ",")
            return #"{"id":"\#(id)","executor":"command","payload":{"command":"\#(argv[0])","args":[\#(arguments)]}}"#
                + "\n"
        }

        private static let tasks =
            line("good", ["true"]) + line("bad", ["sh", "-c", "echo why >&2; exit 3"])
            + line("none", ["no-such-program"])
            + line("also good", ["echo", "x"])

        @Test func `A file of tasks leaves a report, metrics and spans, and only results on stdout`() async throws {
            try await withTree { tree in
                let sinks = Sinks(tree: tree)
                try tree.directory.write("home/tasks.jsonl", Self.tasks)
                let result = try await tree.run(["run", "--file", "tasks.jsonl", "--ordered"] + Sinks.options)
                #expect(result.exitCode == 2, "\(result.complaint)")
                #expect(try result.results().map { $0["id"]?.string } == ["good", "bad", "none", "also good"])
                try sinks.judge()

                let report = try sinks.report()
                #expect(report["summary"]?["status"] == "partial")
                #expect(report["metrics"]?["outcomes"] == ["succeeded": 2, "failed": 2])
                #expect(report["metrics"]?["states"] == ["failed": 2, "changed": 2])
                let failures = report["failures"]?.array ?? []
                let bad = try #require(failures.first { $0["component"] == "bad" })
                #expect(bad["reason"] == "failed: exit code 3" && bad["diagnostics"] == ["why"])
                let missing = try #require(failures.first { $0["component"] == "none" })
                #expect(missing["error"]?["code"] == "command_not_found")
                #expect(report["recommendations"]?.array?.map { $0["text"] } == [missing["error"]?["hint"]])

                let labels = #"{action="run",kind="command""#
                #expect(try sinks.metric("ostler_tasks_total\(labels),outcome=\"succeeded\"}") == "2")
                #expect(try sinks.metric("ostler_events_total\(labels),state=\"changed\"}") == "2")
                #expect(try sinks.metric("ostler_events_total\(labels),state=\"failed\"}") == "2")
                #expect(try sinks.metric("executor_action_duration_seconds_count\(labels)}") == "4")
                #expect(try sinks.metric(#"executor_errors_total{action="run",type="command_not_found"}"#) == "1")
                #expect(try sinks.metric(#"executor_action_status{action="run",status="partial"}"#) == "1")
                let health = #"executor_component_health{action="run",kind="executor",component="command"}"#
                #expect(try sinks.metric(health) == "1")
                #expect(namesOfDirectory(tree.home).allSatisfy { !$0.hasSuffix(".new") })

                let spans = try sinks.spans()
                let counts = Dictionary(grouping: spans) { $0["name"]?.string ?? "" }.mapValues(\.count)
                #expect(counts == ["ostler run": 1, "task": 4, "attempt": 4, "plugin call": 4, "sandbox": 3])
                let task = spans.first { $0.attribute("ostler.task") == "none" }
                #expect(task?["status"]?["code"]?.int == 2 && task?.attribute("error.type") == "command_not_found")
            }
        }

        @Test func `The report of one task stands on stderr, behind what the task wrote`() async throws {
            try await withTree { tree in
                let result = try await tree.task(["echo", "hello"], options: ["--report", "text"])
                #expect(result.text == "hello\n")
                #expect(result.complaint.hasPrefix("run: success, 1 component in "), "\(result.complaint)")
                #expect(result.complaint.contains("\n  changed    t1 (command), succeeded, healthy, "))
                let refused = try await tree.run([
                    "run", "comand", "--report", "json:refused.json", "--report", "json", "--", "ls",
                ])
                #expect(refused.exitCode == 3)
                let document = refused.complaint.split(separator: "\n").last.map(String.init) ?? ""
                try Sinks.expect(document, fits: "report")
                #expect(try JSONValue(parsing: document)["summary"]?["status"] == "invalid")
            }
        }

        @Test func `Metrics of a command line that is wrong say so`() async throws {
            try await withTree { tree in
                let words = ["run", "command", "--metrics-file", "run.prom", "--no-such-member", "1"]
                let result = try await tree.run(words)
                #expect(result.exitCode == 3, "\(result.complaint)")
                let status = #"executor_action_status{action="run",status="#
                #expect(try Sinks(tree: tree).metric(status + "\"invalid\"}") == "1")
                #expect(try Sinks(tree: tree).metric(status + "\"running\"}") == "0")
            }
        }

        @Test func `A file that is refused is reported line by line, and nothing has run`() async throws {
            try await withTree { tree in
                let sinks = Sinks(tree: tree)
                try tree.directory.write("home/tasks.jsonl", Self.line("a", ["true"]) + "{}\n[\n")
                let result = try await tree.run(["run", "--file", "tasks.jsonl"] + Sinks.options)
                #expect(result.exitCode == 3 && result.text == "")
                try sinks.judge()
                let components = try sinks.report()["components"]?.array ?? []
                #expect(components.map { $0["outcome"] } == ["invalid", "invalid"])
                #expect(components.first?["name"]?.string == "tasks.jsonl:2")
                #expect(try sinks.spans().map { $0["name"]?.string } == ["ostler run"])
            }
        }

        @Test(
            arguments: [
                ([], ["changed": 1, "refreshed": 1, "stable": 1]), (["--noop"], ["noop": 2, "stable": 1]),
            ] as [([String], JSONValue)]
        )
        func `What guards made of a task is what it is counted as`(options: [String], states: JSONValue) async throws {
            try await withTree { tree in
                let sinks = Sinks(tree: tree)
                let listens = #"{"subscribe":["task#a"],"refresh_only":true}"#
                let lines = [("a", "{}"), ("b", listens), ("c", #"{"creates":"/usr"}"#)].map { id, guards in
                    #"{"id":"\#(id)","executor":"command","payload":{"command":"true"},"guards":\#(guards)}"# + "\n"
                }
                try tree.directory.write("home/tasks.jsonl", lines.joined())
                let result = try await tree.run(["run", "--file", "tasks.jsonl"] + options + Sinks.options)
                #expect(result.exitCode == 0, "\(result.complaint)")
                try sinks.judge()
                #expect(try sinks.report()["metrics"]?["states"] == states)
            }
        }

        @Test(arguments: [
            ["--report", "junit:no/such/report.xml"], ["--metrics-file", "no/such.prom"],
            ["--trace-file", "no/such.jsonl"],
            ["--metrics-file", "."],
        ])
        func `What could not be kept is not begun`(options: [String]) async throws {
            try await withTree { tree in
                let result = try await tree.task(["echo", "ran"], options: options)
                #expect(result.exitCode == 5 && result.text == "", "\(result.text)")
                #expect(result.complaint.contains("[file_unwritable]"), "\(result.complaint)")
            }
        }

        @Test(arguments: [
            ("xml", "--report 'xml': write text or json or markdown or junit"),
            ("junit:", "--report 'junit:': there is no file behind the colon"),
        ])
        func `A form that is not known is refused`(form: String, message: String) async throws {
            try await withTree { tree in
                let result = try await tree.task(["true"], options: ["--report", form])
                #expect(result.exitCode == 3 && result.complaint.hasPrefix("ostler: " + message), "\(result.complaint)")
            }
        }

        @Test(
            arguments: [
                ["--report", "json:tasks.jsonl"], ["--metrics-file", "./tasks.jsonl"], ["--trace-file", "tasks.jsonl"],
                ["--record", "tasks.jsonl"], ["--report", "text:ostler.yaml"], ["--report", "text:-"],
                ["--metrics-file", "-"], ["--record", "r", "--report", "text:r"],
            ]
        )
        func `What is read is not overwritten`(options: [String]) async throws {
            try await withTree { tree in
                let line = Self.line("a", ["touch", "made"])
                try tree.directory.write("home/tasks.jsonl", line)
                try tree.directory.write("home/ostler.yaml", "{}\n")
                let run = ["run", "--file", "tasks.jsonl"]
                let result = try await tree.run(run + options)
                #expect(result.exitCode == 3 && result.lines.isEmpty, "\(result.complaint)")
                #expect(result.complaint.contains(options.contains { $0.hasSuffix("-") } ? "no file" : "are one file"))
                #expect(try String(decoding: tree.directory.read("home/tasks.jsonl"), as: UTF8.self) == line)
                #expect(Set(namesOfDirectory(tree.home)) == ["tasks.jsonl", "ostler.yaml"])
            }
        }

        @Test(arguments: ["site.yaml", "more/part.yaml"])
        func `A report does not overwrite a manifest, nor one that is included`(_ path: String) async throws {
            try await withTree { tree in
                try tree.directory.write("home/site.yaml", "- apply: [{more/part.yaml: }]\n")
                try tree.directory.write("home/more/part.yaml", "- file: [{\(tree.home)/made: }]\n")
                let result = try await tree.run(["apply", "site.yaml", "--report", "json:\(tree.home)/\(path)"])
                #expect(result.exitCode == 3 && result.complaint.contains("which would be overwritten"))
                #expect(result.complaint.contains("the manifest \(path) and --report"), "\(result.complaint)")
                #expect(Set(namesOfDirectory(tree.home)) == ["site.yaml", "more"])
            }
        }

        @Test func `A link to a file stays one, and a pipe is written to`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/real.prom", "old\n")
                try tree.directory.link("home/link.prom", to: "real.prom")
                let options = ["--metrics-file", "link.prom", "--report", "json:/dev/fd/2"]
                let result = try await tree.task(["true"], options: options)
                #expect(result.exitCode == 0)
                try Sinks.expect(result.complaint, fits: "report")
                var status = stat()
                #expect(
                    lstat(tree.directory.file("home/link.prom"), &status) == 0 && status.st_mode & S_IFMT == S_IFLNK
                )
                #expect(try Sinks(tree: tree).text("real.prom").contains("ostler_run_duration_seconds"))
            }
        }

        @Test func `A worker writes its metrics while it works`() async throws {
            try await withQueueOnThread([QueueRig.mark("a")]) { rig, tasks in
                let sinks = Sinks(tree: rig.tree)
                let worker = try rig.worker(["--metrics-file", rig.tree.home + "/run.prom"])
                let status = #"executor_action_status{action="worker",status="running"}"#
                #expect(try sinks.metric(status) == "1")
                try rig.waitUntilDone(tasks, serving: [worker])
                let count = #"ostler_tasks_total{action="worker",kind="mark",outcome="succeeded"}"#
                try eventuallyOnThread(within: .seconds(60), "metrics of the task") {
                    worker.serve(10)
                    return try sinks.metric(count) == "1"
                }
                #expect(!worker.hasEnded)
                #expect(try sinks.metric(status) == "1")
                worker.send(SIGTERM)
                #expect(worker.finish().exitCode == 0)
                #expect(try sinks.metric(status) == "0")
            }
        }

        @Test func `A worker's metrics and spans are those of what it ended`() async throws {
            try await withQueue { rig in
                _ = try await rig.submit([
                    QueueRig.mark("a"), QueueRig.mark("b"), QueueRig.command("c", ["sh", "-c", "exit 3"]),
                ])
                let files = Sinks.options.map { $0.replacing(":", with: ":\(rig.tree.home)/") }.map {
                    $0.hasSuffix(".prom") || $0.hasSuffix(".jsonl") ? rig.tree.home + "/" + $0 : $0
                }
                let worker = try await rig.run(["worker", "--until-idle"] + files)
                #expect(worker.exitCode == 0, "\(worker.complaint)")
                let sinks = Sinks(tree: rig.tree)
                try sinks.judge()
                let labels = #"{action="worker",kind=""#
                #expect(try sinks.metric("ostler_tasks_total\(labels)mark\",outcome=\"succeeded\"}") == "2")
                #expect(try sinks.metric("ostler_tasks_total\(labels)command\",outcome=\"failed\"}") == "1")
                #expect(try sinks.metric(#"executor_action_status{action="worker",status="success"}"#) == "1")
                #expect(try sinks.spans().count { $0["name"]?.string == "task" } == 3)
            }
        }
    }
}
