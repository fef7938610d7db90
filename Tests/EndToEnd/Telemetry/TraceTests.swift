internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Whose trace a run belongs to, and what plugins and commands are told of it.
    @Suite(.sandboxed)
    struct TraceTests {
        private static let trace = "0af7651916cd43dd8448eb211c80319c"
        private static let span = "b7ad6b7169203331"
        private static let caller = "00-\(trace)-\(span)-01"

        private static let show = ["sh", "-c", "echo \"$TRACEPARENT $TRACE_ID $SPAN_ID\""]

        @Test func `A command is told the span of the plugin's call, below the caller's span`() async throws {
            try await withTree { tree in
                let sinks = Sinks(tree: tree)
                let words = ["run", "command"] + Sinks.options + ["--"] + Self.show
                let result = try await tree.run(words, environment: ["TRACEPARENT=" + Self.caller])
                #expect(result.exitCode == 0, "\(result.complaint)")
                try sinks.judge(parent: Self.span)
                let spans = try sinks.spans()
                let call = try #require(spans.first { $0["name"] == "plugin call" }?["spanId"]?.string)
                #expect(result.text == "00-\(Self.trace)-\(call)-01 \(Self.trace) \(call)\n")
                #expect(Set(spans.map { $0["traceId"]?.string }) == [Self.trace])
                #expect(spans.last?["parentSpanId"]?.string == Self.span)
                #expect(try sinks.report()["trace_id"]?.string == Self.trace)
            }
        }

        @Test(arguments: [
            (["TRACEPARENT=\(caller)"], [], "\(caller) \(trace) \(span)\n"),
            (["TRACE_ID=\(trace)", "SPAN_ID=\(span)"], [], "\(caller) \(trace) \(span)\n"),
            (
                ["TRACEPARENT=00-11111111111111111111111111111111-2222222222222222-01"], ["--traceparent", caller],
                "\(caller) \(trace) \(span)\n"
            ),
            (["TRACEPARENT=\(caller)"], ["--env", "TRACE_ID=mine"], "\(caller) mine \(span)\n"),
            (["TRACEPARENT=\(caller)"], ["--env-mode", "clean"], "  \n"),
            ([], [], "  \n"),
        ])
        func `Without a file for spans the caller's context is handed on as it is`(
            environment: [String],
            options: [String],
            output: String
        ) async throws {
            try await withTree { tree in
                let words = ["run", "command"] + options + ["--"] + ["/bin/sh"] + Self.show.dropFirst()
                let result = try await tree.run(words, environment: environment)
                #expect(result.text == output, "\(result.complaint)")
            }
        }

        @Test func `What the caller does not want recorded leaves no spans and stays so`() async throws {
            try await withTree { tree in
                let unsampled = "00-\(Self.trace)-\(Self.span)-00"
                let words =
                    ["run", "command", "--trace-file", "spans.jsonl", "--traceparent", unsampled, "--"] + Self.show
                let result = try await tree.run(words)
                #expect(result.text == "\(unsampled) \(Self.trace) \(Self.span)\n", "\(result.complaint)")
                #expect(try Sinks(tree: tree).text("spans.jsonl") == "")
            }
        }

        @Test(arguments: ["x", "00-\(trace)-0000000000000000-01", "00-\(trace.uppercased())-\(span)-01"])
        func `A context that means nothing is passed over, and a new trace begins`(value: String) async throws {
            try await withTree { tree in
                let sinks = Sinks(tree: tree)
                let words = ["run", "command"] + Sinks.options + ["--", "true"]
                let result = try await tree.run(words, environment: ["TRACEPARENT=" + value])
                #expect(result.exitCode == 0)
                #expect(result.complaint.hasPrefix("ostler: warning: TRACEPARENT is no trace context"))
                try sinks.judge()
                #expect(try sinks.spans().first?["traceId"]?.string != Self.trace)
            }
        }

        @Test(arguments: [
            (["TRACEPARENT=\(caller)"], [], span),
            (["TRACE_ID=\(trace)", "SPAN_ID=\(span)"], [], span),
            (["TRACE_ID=\(trace)"], [], nil),
            (["TRACEPARENT=00-11111111111111111111111111111111-2222222222222222-01"], ["--traceparent", caller], span),
        ])
        func `A queue hands the trace of whoever submits on to whoever runs`(
            environment: [String],
            options: [String],
            parent: String?
        ) async throws {
            try await withTree { tree in
                let words = ["submit", "command", "--id", "mine"] + options + ["--"] + Self.show
                let submitted = try await tree.run(words, environment: environment)
                #expect(submitted.exitCode == 0, "\(submitted.complaint)")
                let worker = try await tree.run(["worker", "--until-idle", "--trace-file", "spans.jsonl"])
                #expect(worker.exitCode == 0, "\(worker.complaint)")
                let spans = try Sinks(tree: tree).spans()
                let task = try #require(spans.first { $0["name"] == "task" })
                #expect(task["traceId"]?.string == Self.trace)
                if let parent { #expect(task["parentSpanId"]?.string == parent) }
                #expect(task.attribute("ostler.task") == "mine")
                #expect(task.attribute("ostler.wire_id") == "1.1")
                let attempt = try #require(spans.first { $0["name"] == "attempt" })
                #expect(attempt["parentSpanId"]?.string == task["spanId"]?.string)
                #expect(attempt.attribute("ostler.attempt") == "1")
                let call = try #require(spans.first { $0["name"] == "plugin call" }?["spanId"]?.string)
                let told = try await tree.run(["tasks", "logs", "1"])
                #expect(told.text == "00-\(Self.trace)-\(call)-01 \(Self.trace) \(call)\n", "\(told.complaint)")
            }
        }

        @Test func `A worker that keeps no spans hands on what was submitted, and each attempt is told`() async throws {
            try await withTree { tree in
                let fails = ["--", "sh", "-c", "echo $TRACEPARENT; exit 1"]
                let words = ["submit", "command", "--retry", "2", "--traceparent", Self.caller]
                #expect(try await tree.run(words + fails).exitCode == 0)
                #expect(try await tree.run(["submit", "command", "--"] + Self.show).exitCode == 0)
                #expect(try await tree.run(["worker", "--until-idle"]).exitCode == 0)
                let told = try await tree.run(["tasks", "logs", "1"])
                #expect(Set(told.lines) == [Self.caller], "\(told.text)")
                #expect(try await tree.run(["tasks", "logs", "2"]).text == "  \n")
            }
        }

        @Test func `A task may name its own span, and one that is none is refused`() async throws {
            try await withTree { tree in
                func task(_ traceparent: String) -> String {
                    let task: JSONValue = [
                        "executor": "command", "traceparent": .string(traceparent),
                        "payload": ["command": "sh", "args": ["-c", "echo $TRACEPARENT"]],
                    ]
                    return task.text + "\n"
                }
                let words = [
                    "run", "--file", "-", "--traceparent", "00-11111111111111111111111111111111-2222222222222222-01",
                ]
                let own = try await tree.run(words, input: .text(task(Self.caller)))
                #expect(try own.results().first?["output"]?["text"]?.string == Self.caller + "\n", "\(own.text)")
                let wrong = try await tree.run(["run", "--file", "-"], input: .text(task("00-x")))
                #expect(wrong.exitCode == 3, "\(wrong.text)")
                let error = try wrong.results().first?["error"]
                #expect(error?["code"]?.string == "invalid_traceparent")
                #expect(error?["pointer"]?.string == "/traceparent")
            }
        }

        private static let teller = """
            #!/usr/bin/python3
            import json, sys

            for line in sys.stdin:
                message = json.loads(line)
                result = {}
                if message["method"] == "initialize":
                    result = {"protocol": 0, "name": "teller", "executors": ["teller"]}
                elif message["method"] == "execute":
                    task = message["params"]
                    told = [task.get("traceparent"), task.get("env", {}).get("TRACEPARENT")]
                    result = {"task": task["task"], "outcome": "succeeded", "exit_code": 0, "result": told}
                print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)

            """

        @Test func `A plugin is told the same context, and of none if there is none`() async throws {
            try await withTree { tree in
                let manifest = """
                    name: teller
                    version: 1.0.0
                    protocol: {min: 0, max: 0}
                    kind: process
                    entry: {command: [bin/teller]}
                    executors: [{name: teller, payload: {type: object}}]

                    """
                try tree.directory.write("home/teller/plugin.yaml", manifest)
                try tree.directory.script("home/teller/bin/teller", Self.teller)
                let words = ["run", "teller", "--plugin-path", "teller", "--json"]
                let without = try await tree.run(words).json()
                #expect(without["result"] == [.null, .null])
                let with = try await tree.run(words + ["--trace-file", "spans.jsonl"]).json()
                let call = try Sinks(tree: tree).spans().first { $0["name"] == "plugin call" }
                let ids = [call?["traceId"]?.string ?? "", call?["spanId"]?.string ?? ""]
                let context = JSONValue.string("00-\(ids[0])-\(ids[1])-01")
                #expect(with["result"] == [context, context])
            }
        }
    }
}
