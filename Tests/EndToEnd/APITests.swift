internal import Glibc
internal import OstlerJSON
internal import OstlerSystem
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// `ostler api`: requests by lines, answers by ids.
    @Suite(.sandboxed)
    struct APITests {
        private static func request(
            _ name: String,
            _ id: String,
            type: String? = nil,
            _ properties: JSONValue? = nil
        ) -> String {
            var object = JSONObject([("protocol", .string("io.ostler.v1.\(name).request")), ("id", .string(id))])
            if let type { object["type"] = .string(type) }
            if let properties { object["properties"] = properties }
            return JSONValue.object(object).text + "\n"
        }

        private static func run(_ id: String, _ argv: [String], guards: JSONValue? = nil) -> String {
            let words = argv.dropFirst().map { JSONValue.string($0) }
            let payload: JSONValue = ["command": .string(argv[0]), "args": .array(words)]
            var properties = JSONObject([("payload", payload)])
            if let guards { properties["guards"] = guards }
            return request("task.run", id, type: "command", .object(properties))
        }

        private func answers(_ finished: Finished) throws -> [String: JSONValue] {
            Dictionary(try finished.results().map { ($0["id"]?.string ?? "", $0) }) { first, _ in first }
        }

        private func ask(_ tree: InstalledTree, _ lines: String, _ options: [String] = []) async throws -> (
            finished: Finished, answers: [String: JSONValue]
        ) {
            let finished = try await tree.run(["api"] + options, input: .text(lines))
            return (finished, try answers(finished))
        }

        @Test
        func `All that is asked before the end of the input is answered by id`() async throws {
            try await withTree { tree in
                let lines = (1...12).map { Self.run("n\($0)", ["sh", "-c", "echo \($0); exit \($0 % 3)"]) }.joined()
                let (finished, answers) = try await ask(tree, lines, ["--jobs", "3"])
                #expect(finished.exitCode == 0 && finished.complaint == "", "\(finished.complaint)")
                #expect(answers.count == 12 && finished.lines.count == 12)
                for number in 1...12 {
                    let answer = answers["n\(number)"]
                    #expect(answer?["protocol"]?.string == "io.ostler.v1.task.run.response")
                    #expect(answer?["result"]?["output"]?["text"]?.string == "\(number)\n")
                    #expect(answer?["result"]?["outcome"]?.string == (number % 3 == 0 ? "succeeded" : "failed"))
                }
            }
        }

        private static let badLines: [(line: String, id: String, code: String, message: String)] = [
            ("{", "line-1", "invalid_json", "not JSON"),
            ("[]", "line-2", "not_an_object", "a request is a JSON object"),
            ("{}", "line-3", "invalid_protocol", "invalid protocol \"\""),
            (#"{"protocol":"x","id":"p"}"#, "p", "invalid_protocol", "invalid protocol \"x\""),
            (#"{"protocol":7,"id":"q"}"#, "q", "wrong_type", "protocol must be a string"),
            (#"{"id":"r","protocoll":"x"}"#, "r", "unknown_member", "did you mean \"protocol\"?"),
            (#"{"protocol":"io.ostler.v1.task.run.request","id":"s"}"#, "s", "missing_type", "missing type in request"),
            (
                #"{"protocol":"io.ostler.v1.task.plan.request","id":"t","type":"command"}"#, "t", "missing_properties",
                "missing properties in request"
            ),
            (
                #"{"protocol":"io.ostler.v1.task.cancel.request","id":"u"}"#, "u", "missing_properties",
                "missing properties"
            ),
            (
                #"{"protocol":"io.ostler.v1.task.cancel.request","id":"v","properties":{}}"#, "v", "missing_member",
                "properties.id is missing"
            ),
            (
                #"{"protocol":"io.ostler.v1.task.status.request","id":"w","properties":{"it":1}}"#, "w",
                "unknown_member",
                "unknown member \"it\" of properties"
            ),
            (
                #"{"protocol":"io.ostler.v1.task.run.request","id":"x","type":"command","properties":{"executor":"command"}}"#,
                "x", "ambiguous_member", "properties has no executor: it stands in the request itself, as type"
            ),
            (
                #"{"protocol":"io.ostler.v1.task.run.request","id":"y","type":"command","properties":{ }}"#, "y",
                "missing_member", "payload is missing"
            ),
            (
                #"{"protocol":"io.ostler.v1.task.run.request","id":"z","type":"command","properties":"#
                    + #"{"payload":{"command":"true"},"guards":{"require":["task#a"]}}}"#,
                "z", "unknown_reference", "a request has no other tasks"
            ),
            (#"{"protocol":"x","id":"","type":"\u0000"}"#, "line-15", "invalid_id", "an id has 1 to 200 bytes"),
            (String(repeating: "x", count: (1 << 20) + 1), "line-16", "line_too_long", "a request has at most"),
            ("\u{0}\u{1B}[2J", "line-17", "invalid_json", "not JSON"),
        ]

        @Test
        func `No line ends it, and each wrong one is told what is wrong`() async throws {
            try await withTree { tree in
                let lines = Self.badLines.map { $0.line + "\n" }.joined() + "\n  \n" + Self.run("good", ["echo", "x"])
                let (finished, answers) = try await ask(tree, lines)
                #expect(finished.exitCode == 0)
                #expect(answers.count == Self.badLines.count + 1)
                for bad in Self.badLines {
                    let told = answers[bad.id]
                    #expect(told?["error"]?["code"]?.string == bad.code, "\(bad.id): \(told?.text ?? "no answer")")
                    #expect(told?["error"]?["message"]?.string?.contains(bad.message) == true, "\(told?.text ?? "")")
                    #expect(told?["result"] == nil)
                }
                #expect(answers["good"]?["result"]?["output"]?["text"]?.string == "x\n")
            }
        }

        @Test
        func `Pointers lead into the request, whatever becomes of it`() async throws {
            try await withTree { tree in
                let guards: JSONValue = ["payload": ["command": "true"], "guards": ["subscribe": ["task#b"]]]
                let known: JSONValue = ["payload": ["command": "true"]]
                let lines = [
                    Self.request("task.run", "/properties/foo", type: "command", ["foo": 1]),
                    Self.request("task.plan", "/properties/payload", type: "command", [:]),
                    Self.request("task.run", "/properties/guards/subscribe/0", type: "command", guards),
                    Self.request("task.run", "/type", type: "nope", known),
                    Self.request("task.run", "/properties/payload/x", type: "command", ["payload": ["x": 1]]),
                ]
                let (_, answers) = try await ask(tree, lines.joined())
                #expect(answers.count == lines.count)
                for (id, answer) in answers {
                    let error = answer["error"] ?? answer["result"]?["error"]
                    #expect(error?["pointer"]?.string == id, "\(answer.text)")
                }
                let validate = Self.request("task.validate", "v", type: "nope", known)
                let problem = try await ask(tree, validate).answers["v"]?["result"]?["problems"]?.array?.first
                #expect(problem?["pointer"] == "/type")
            }
        }

        @Test
        func `What needs no task is answered at once, and what is refused is a result`() async throws {
            try await withTree { tree in
                let command: JSONValue = ["payload": ["command": "true"]]
                let wide: JSONValue = ["payload": ["command": "true"], "sandbox": ["profile": "host"]]
                let lines = [
                    Self.request("task.validate", "valid", type: "command", command),
                    Self.request("task.validate", "invalid", type: "command", ["payload": [:]]),
                    Self.request("task.plan", "plan", type: "command", command),
                    Self.request("task.run", "unknown", type: "comand", command),
                    Self.request("task.run", "wide", type: "command", wide),
                    Self.request("executor.health", "health"),
                    Self.request("task.status", "status"),
                ]
                let (finished, answers) = try await ask(tree, lines.joined())
                #expect(finished.exitCode == 0, "\(finished.complaint)")
                #expect(answers["valid"]?["result"]?["valid"]?.bool == true)
                #expect(answers["invalid"]?["result"]?["valid"]?.bool == false)
                #expect(answers["plan"]?["result"]?["sandbox"]?["profile"]?.string == "strict")
                #expect(answers["unknown"]?["result"]?["outcome"]?.string == "invalid")
                #expect(answers["wide"]?["result"]?["outcome"]?.string == "denied")
                #expect(answers["health"]?["result"]?["command"]?["status"]?.string == "healthy")
                #expect(answers["status"]?["result"]?["running"]?.array != nil)
            }
        }

        @Test
        func `Nothing is executed if that was asked for`() async throws {
            try await withTree { tree in
                let (_, answers) = try await ask(tree, Self.run("a", ["touch", "x"]), ["--noop"])
                #expect(answers["a"]?["result"]?["guard"]?["detail"]?.string == "Would have executed")
            }
        }

        @Test
        func `A task is seen, can be cancelled, and holds up no question`() async throws {
            try await withTree { tree in
                let finished = try await onThread {
                    let child = try tree.start(["api", "--jobs", "1"], input: .open)
                    child.write(Self.run("long", ["sleep", "300"]) + Self.run("next", ["echo", "next"]))
                    child.write(Self.run("dropped", ["echo", "dropped"]) + Self.run("long", ["true"]))
                    var asked = 0
                    eventuallyOnThread("the task as running") {
                        asked += 1
                        child.write(Self.request("task.status", "s\(asked)", ["id": "long"]))
                        child.serve(20)
                        return child.hasWritten(#""state":"running""#)
                    }
                    child.write(Self.request("task.status", "all"))
                    child.write(Self.request("task.cancel", "c1", ["id": "dropped"]))
                    child.write(Self.request("task.cancel", "c2", ["id": "long"]))
                    child.write(Self.request("task.cancel", "c3", ["id": "nobody"]))
                    return child.finish()
                }
                #expect(finished.exitCode == 0, "\(finished.complaint)")
                let all = try finished.results()
                let answers = try answers(finished)
                #expect(answers["all"]?["result"]?.text == #"{"running":["long"],"waiting":["next","dropped"]}"#)
                #expect(answers["c1"]?["result"]?["was"]?.string == "waiting")
                #expect(answers["c2"]?["result"]?["was"]?.string == "running")
                #expect(answers["c3"]?["result"]?["was"]?.string == "unknown")
                #expect(answers["dropped"]?["result"]?["outcome"]?.string == "cancelled")
                #expect(answers["next"]?["result"]?["output"]?["text"]?.string == "next\n")
                let long = all.filter { $0["id"]?.string == "long" }
                #expect(long.compactMap { $0["error"]?["code"]?.string } == ["duplicate_id"])
                #expect(long.compactMap { $0["result"]?["outcome"]?.string } == ["cancelled"])
                #expect(long.last?["result"]?["cancel"]?["survivors"]?.string == "none")
            }
        }

        @Test
        func `A cancel is heard that comes together with its task`() async throws {
            try await withTree { tree in
                let lines = Self.run("a", ["sleep", "300"]) + Self.request("task.cancel", "c", ["id": "a"])
                let (finished, answers) = try await ask(tree, lines)
                #expect(finished.exitCode == 0, "\(finished.complaint)")
                #expect(answers["c"]?["result"]?["was"]?.string == "running")
                #expect(answers["a"]?["result"]?["outcome"]?.string == "cancelled")
            }
        }

        @Test(.needs("/usr/bin/python3"))
        func `A cancel is heard between two tries, and each try says which one it is`() async throws {
            try await withQueue { rig in
                let retry: JSONValue = ["attempts": 3, "backoff": "constant", "min": "1ms", "max": "1ms"]
                let slow: JSONValue = ["attempts": 9, "backoff": "constant", "min": "300s", "max": "300s"]
                @Sendable func request(_ id: String, _ payload: JSONValue, _ retry: JSONValue) -> String {
                    Self.request("task.run", id, type: "mark", ["payload": payload, "retry": retry])
                }
                let finished = try await onThread {
                    var command = rig.command(["api"])
                    command.input = .open
                    let child = try Child(command)
                    child.write(request("third", ["mark": "third", "fail": 2], retry))
                    child.write(request("slow", ["mark": "slow", "fail": 9], slow))
                    eventuallyOnThread("the first try of both, and the third of one") {
                        child.serve(20)
                        return child.hasWritten(#""id":"third""#) && child.errors.contains("in try 1 of 9")
                    }
                    child.write(Self.request("task.cancel", "c", ["id": "slow"]))
                    return child.finish()
                }
                #expect(finished.exitCode == 0, "\(finished.complaint)")
                let answers = try answers(finished)
                #expect(answers["c"]?["result"]?["was"]?.string == "running")
                #expect(answers["slow"]?["result"]?["attempts"]?.int == 1)
                #expect(answers["third"]?["result"]?["outcome"]?.string == "succeeded")
                #expect(answers["third"]?["result"]?["attempts"]?.int == 3)
                #expect(try rig.marks() == ["third": 3, "slow": 1])
            }
        }

        @Test
        func `When nobody reads the answers any more, nothing more is done`() async throws {
            try await withTree { tree in
                let finished = try await onThread {
                    let pipe = try Pipe.make()
                    var command = tree.command(["api", "--jobs", "1"])
                    command.input = .open
                    command.descriptors.stdout = pipe.write
                    let child = try Child(command)
                    close(pipe.write)
                    close(pipe.read)
                    child.write(Self.request("task.status", "s") + Self.run("a", ["sleep", "300"]))
                    return child.finish(keepsInputOpen: true)
                }
                #expect(finished.exitCode == 5, "\(finished.complaint)")
                #expect(finished.complaint.contains("closed by its reader"))
            }
        }

        @Test
        func `A task belongs to the trace of whoever started the session`() async throws {
            try await withTree { tree in
                let parent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
                let script = "echo $TRACEPARENT"
                let finished = try await tree.run(
                    ["api"],
                    environment: ["TRACEPARENT=" + parent],
                    input: .text(Self.run("a", ["sh", "-c", script]))
                )
                #expect(try answers(finished)["a"]?["result"]?["output"]?["text"]?.string == parent + "\n")
            }
        }

        @Test
        func `More than can wait is refused, and what was taken is still answered`() async throws {
            try await withTree { tree in
                let kept = (0..<1005).map { Self.run("k\($0)", ["true"], guards: ["control": ["if": false]]) }.joined()
                let finished = try await onThread {
                    let child = try tree.start(["api", "--jobs", "1"], input: .open)
                    child.write(Self.run("long", ["sleep", "300"]) + kept)
                    eventuallyOnThread("the refusal") {
                        child.serve(20)
                        return child.hasWritten(#""id":"k1004""#)
                    }
                    child.write(Self.request("task.cancel", "c", ["id": "long"]))
                    return child.finish()
                }
                #expect(finished.exitCode == 0, "\(finished.complaint)")
                let answers = try answers(finished)
                #expect(answers.count == 1007)
                let refused = answers.values.filter { $0["error"]?["code"]?.string == "too_many_requests" }
                #expect(refused.count == 5)
                #expect(answers.values.filter { $0["result"]?["outcome"]?.string == "skipped" }.count == 1000)
            }
        }

        @Test
        func `A signal ends what runs, and all of it is answered`() async throws {
            try await withTree { tree in
                let finished = try await onThread {
                    let child = try tree.start(["api", "--jobs", "1"], input: .open)
                    child.write(Self.run("long", ["sleep", "300"]) + Self.run("next", ["true"]))
                    var asked = 0
                    eventuallyOnThread("the task as running") {
                        asked += 1
                        child.write(Self.request("task.status", "s\(asked)", ["id": "long"]))
                        child.serve(20)
                        return child.hasWritten(#""state":"running""#)
                    }
                    child.send(SIGTERM)
                    return child.finish(keepsInputOpen: true)
                }
                #expect(finished.exitCode == 143, "\(finished.complaint)")
                let answers = try answers(finished)
                for id in ["long", "next"] {
                    #expect(answers[id]?["result"]?["outcome"]?.string == "cancelled", "\(id)")
                }
            }
        }
    }
}
