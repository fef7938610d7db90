internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// What is told on stderr: how much of it, and in which form.
    @Suite
    struct LogTests {
        /// The lines of stderr, each of which must be an object.
        private func entries(_ finished: Finished) throws -> [JSONValue] {
            try finished.complaint.split(separator: "\n").map { line in
                try #require(try? JSONValue(parsing: String(line)), "\(line)")
            }
        }

        @Test(.sandboxed)
        func `As JSON each line is an object with time, level and the ids of run and task`() async throws {
            try await withTree { tree in
                let lines = (1...3).map {
                    #"{"id":"n\#($0)","executor":"command","payload":{"command":"true"}}"# + "\n"
                }
                try tree.directory.write("home/tasks.jsonl", lines.joined())
                let options = ["--file", "tasks.jsonl", "--log-format", "json", "--log-level=debug"]
                let result = try await tree.run(["run"] + options)
                #expect(result.exitCode == 0, "\(result.complaint)")
                let entries = try entries(result)
                let runs = Set(try result.results().compactMap { $0["run_id"]?.string })
                #expect(Set(entries.compactMap { $0["run_id"]?.string }) == runs)
                #expect(runs.count == 1)
                #expect(Set(entries.compactMap { $0["task"]?.string }) == ["n1", "n2", "n3"])
                #expect(entries.allSatisfy { ["debug", "info"].contains($0["level"]?.string) })
                let times = entries.compactMap { $0["timestamp"]?.string }
                #expect(times.count == entries.count)
                #expect(times == times.sorted())
                #expect(times.allSatisfy { $0.hasSuffix("Z") && $0.count == 24 }, "\(times)")
                #expect(entries.contains { $0["plugin"]?.string == "command" })
                #expect(entries.last?["message"]?.string == "3 tasks: 3 succeeded")
            }
        }

        @Test(.sandboxed)
        func `Of a file's tasks each that failed is told, as it would be by itself`() async throws {
            try await withTree { tree in
                let payloads = [
                    #""command":"true""#, #""command":"sh","args":["-c","exit 7"]"#, #""command":"nosuch""#,
                ]
                let lines = zip(1..., payloads).map {
                    #"{"id":"n\#($0)","executor":"command","payload":{\#($1)}}"# + "\n"
                }
                try tree.directory.write("home/tasks.jsonl", lines.joined())
                let words = ["run", "--file", "tasks.jsonl"]
                let result = try await tree.run(words + ["--log-format", "json"])
                let told = try entries(result).filter { $0["task"] != nil }.sorted {
                    ($0["task"]?.string ?? "") < ($1["task"]?.string ?? "")
                }
                #expect(told.map { $0["task"] } == ["n2", "n3"])
                #expect(told.map { $0["level"] } == ["info", "error"])
                #expect(told.map { $0["phase"] } == ["execute", "execute"])
                #expect(told.first?["message"] == "failed: exit code 7")
                #expect(told.last?["code"] == "command_not_found", "\(result.complaint)")
                let quiet = try await tree.run(words + ["--quiet"])
                #expect(!quiet.complaint.contains("exit code 7") && quiet.complaint.contains("nosuch"))
            }
        }

        @Test
        func `An error as JSON carries code, pointer and hint`() async throws {
            try await withTree { tree in
                let refused = try await tree.run(["run", "comand", "--log-format=json", "--", "ls"])
                #expect(refused.exitCode == 3)
                let entry = try #require(try entries(refused).last)
                #expect(entry["level"]?.string == "error")
                #expect(entry["code"]?.string == "unknown_executor")
                #expect(entry["pointer"]?.string == "/executor")
                #expect(entry["hint"]?.string?.contains("command") == true)
                let usage = try await tree.run(["run", "command", "--log-format", "json", "--timeout", "soon"])
                #expect(try entries(usage).map { $0["code"]?.string } == ["usage"])
                let byEnvironment = try await tree.run(["tasks", "shw"], environment: ["OSTLER_LOG_FORMAT=json"])
                #expect(try entries(byEnvironment).map { $0["code"]?.string } == ["usage"])
                try tree.directory.write("home/ostler.yaml", "log: {format: json}\nx: 1\n")
                let config = try await tree.run(["plugin", "list"], environment: ["OSTLER_LOG_FORMAT=json"])
                #expect(try entries(config).map { $0["code"]?.string } == ["unknown_key"])
            }
        }

        @Test
        func `A manifest that is refused is told by its parts, as other failures are`() async throws {
            try await withTree { tree in
                let apply = ["apply", "-", "--log-format", "json"]
                let refused = try await tree.run(apply, input: .text("- file:\n    - /x: {contents: a}\n"))
                #expect(refused.exitCode == 3)
                let entry = try #require(try entries(refused).first)
                #expect(entry["level"] == "error" && entry["phase"] == "check", "\(entry.text)")
                #expect(entry["place"] == "-:2:12" && entry["pointer"] == "/0/file/0/~1x/contents", "\(entry.text)")
                #expect(entry["hint"] == "did you mean \"content\"?")
                #expect(entry["message"] == "unknown key \"contents\" in 0.file.0.\"/x\"")
                let plain = try await tree.run(["apply", "-"], input: .text("- fil: []\n"))
                #expect(plain.complaint.hasPrefix("ostler: -:1:3: unknown kind of resource"), "\(plain.complaint)")
            }
        }

        @Test(.sandboxed, arguments: ["json", "text"])
        func `A resource that failed is in the log, whatever stands on stdout`(_ form: String) async throws {
            try await withTree { tree in
                let text = """
                    - exec:
                        - bad: {command: "false"}
                        - odd: {command: "sh -c 'exit 3'", creates: \(tree.home)}
                        - late: {command: "sh -c 'echo > \(tree.home)/made; exit 3'", creates: \(tree.home)/made}
                    """
                let options = ["apply", "-", "--json", "--log-format", form]
                let finished = try await tree.run(options, input: .text(text))
                #expect(finished.exitCode == 2, "\(finished.complaint)")
                guard form == "json" else {
                    return #expect(finished.complaint.contains("ERROR [apply/execute/exec#bad] -:2:7: "))
                }
                let told = try entries(finished)
                #expect(told.map { $0["level"] } == ["error", "warn"], "\(finished.complaint)")
                #expect(told.map { $0["task"] } == ["exec#bad", "exec#late"])
                #expect(told.map { $0["component"] } == ["exec#bad", "exec#late"])
                #expect(told.first?["code"] == "desired_state_failed" && told.first?["place"] == "-:2:7")
            }
        }

        @Test
        func `The level says how much is told, and the file may set it`() async throws {
            try await withTree { tree in
                let valid = ["validate", "command", "--", "ls"]
                #expect(try await tree.run(valid).complaint == "ostler: valid\n")
                #expect(
                    try await tree.run(["validate", "--log-level", "error", "command", "--", "ls"]).complaint == ""
                )
                let debug = try await tree.run(["validate", "command", "--log-level=debug", "--", "ls"])
                #expect(debug.complaint.hasPrefix("ostler: debug: configuration: no file, defaults\n"))
                #expect(debug.complaint.contains("ostler: debug: found in \(tree.plugin)\n"), "\(debug.complaint)")
                try tree.directory.write("home/ostler.yaml", "log: {level: error}\n")
                #expect(try await tree.run(valid).complaint == "")
                #expect(
                    try await tree.run(valid, environment: ["OSTLER_LOG_LEVEL=info"]).complaint == "ostler: valid\n"
                )
            }
        }

        @Test(arguments: [
            (["--log-level", "loud"], [], "--log-level 'loud': write error or warning or info or debug"),
            (["--log-format", "xml"], [], "--log-format 'xml': write plain or text or json"),
            ([], ["OSTLER_LOG_LEVEL=loud"], "$OSTLER_LOG_LEVEL 'loud': write error or warning or info or debug"),
            ([], ["OSTLER_LOG_FORMAT=xml"], "$OSTLER_LOG_FORMAT 'xml': write plain or text or json"),
        ])
        func `A level or form that is not known is refused`(
            options: [String],
            environment: [String],
            message: String
        ) async throws {
            try await withTree { tree in
                let result = try await tree.run(["plugin", "list"] + options, environment: environment)
                #expect(result.exitCode == 3)
                #expect(result.complaint.hasPrefix("ostler: " + message), "\(result.complaint)")
                #expect(result.text == "")
            }
        }

        /// Command lines that log, by themselves or since they go wrong.
        private static let lines: [[String]] = [
            ["run", "command", "--", "sh", "-c", "exit 3"], ["run", "command", "--", "no-such-program"],
            ["run", "comand", "--", "ls"], ["run", "--file", "bad.jsonl"], ["run", "command", "--timeout", "soon"],
            ["run", "command", "--trace-file", "spans", "--timings", "--", "true"],
            ["validate", "command", "--", "ls"],
            ["submit", "command", "--", "true"], ["worker", "--until-idle"], ["plugin", "list"],
            ["tasks", "show", "99"], ["config", "check", "--config", "bad.yaml"],
        ]

        @Test(.sandboxed, arguments: lines)
        func `As JSON each line of any command is what the published schema says`(words: [String]) async throws {
            try await withTree { tree in
                try tree.directory.write("home/bad.jsonl", "{}\n")
                try tree.directory.write("home/bad.yaml", "x: 1\n")
                let options = ["--log-format", "json", "--log-level", "debug"]
                let place = words.firstIndex(of: "--") ?? words.count
                let result = try await tree.run(words[..<place] + options + words[place...])
                let lines = result.complaint.split(separator: "\n").map(String.init)
                #expect(!lines.isEmpty)
                for line in lines { try Sinks.expect(line, fits: "log-line") }
                let action = words.prefix { !$0.hasPrefix("-") }.prefix(
                    ["plugin", "tasks", "config"].contains(words[0]) ? 2 : 1
                )
                let actions = Set(try entries(result).compactMap { $0["action"]?.string })
                #expect(actions == [action.joined(separator: " ")])
            }
        }

        @Test(.sandboxed)
        func `As text each line has time, level and what it is about`() async throws {
            try await withTree { tree in
                let form =
                    #/[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:]{8}Z (ERROR|WARN|INFO|DEBUG) \[[^/]+\/[a-z]+\/[^\]]+\] [^\n]+/#
                let options = ["--log-format", "text", "--log-level", "debug"]
                let good = try await tree.run(["run", "command"] + options + ["--", "true"])
                let bad = try await tree.run(["run", "comand"] + options + ["--", "ls"])
                let lines = (good.complaint + bad.complaint).split(separator: "\n")
                #expect(lines.count >= 4)
                for line in lines { #expect(line.wholeMatch(of: form) != nil, "\(line)") }
                #expect(good.complaint.contains("DEBUG [run/start/command] found in "), "\(good.complaint)")
                let refusal = "ERROR [run/check/ostler] unknown executor type: comand [unknown_executor at /executor]"
                #expect(bad.complaint.contains(refusal) && bad.complaint.contains(" (hint: "), "\(bad.complaint)")
            }
        }

        @Test func `warn is another word for warning`() async throws {
            try await withTree { tree in
                let words = ["validate", "--log-level", "warn", "command", "--", "ls"]
                let result = try await tree.run(words)
                #expect(result.exitCode == 0 && result.complaint == "")
                try tree.directory.write("home/ostler.yaml", "log: {level: warn}\n")
                #expect(try await tree.run(["validate", "command", "--", "ls"]).complaint == "")
            }
        }
    }
}
