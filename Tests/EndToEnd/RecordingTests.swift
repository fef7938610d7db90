internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// `run --record` and `plugin replay`.
    @Suite(.serialized)
    struct RecordingTests {
        /// A tree with the SDK's hello and a recording of two tasks of it.
        private func withRecording(_ body: (InstalledTree, _ plugin: String, _ file: String) async throws -> Void)
            async throws
        {
            try await withTree { tree in
                let plugin = try await SDKTests.Example.python.assemble(tree)
                let tasks = ["world", "nobody"].map { #"{"executor":"hello","payload":{"name":"\#($0)"}}"# + "\n" }
                try tree.directory.write("home/tasks.jsonl", tasks.joined())
                let words = ["run", "--file", "tasks.jsonl", "--plugin-path", plugin, "--record", "session.jsonl"]
                let run = try await tree.run(words)
                #expect(run.exitCode == 2, "\(run.complaint)")
                try await body(tree, plugin, tree.directory.file("home/session.jsonl"))
            }
        }

        @Test(.sandboxed) func `a recording replays with the plugin that was recorded`() async throws {
            try await withRecording { tree, plugin, file in
                var status = stat()
                #expect(stat(file, &status) == 0 && status.st_mode & 0o777 == 0o600)
                let replay = try await tree.run(["plugin", "replay", file, plugin])
                #expect(replay.exitCode == 0, "\(replay.text)\(replay.complaint)")
                #expect(replay.text == "as recorded (answers: 4, sessions: 1)\n")
            }
        }

        @Test(.sandboxed) func `the first thing that is different is told with its line`() async throws {
            try await withRecording { tree, plugin, file in
                let program = String(decoding: try contents(ofFile: plugin + "/bin/hello"), as: UTF8.self)
                let changed = program.replacing("hello {payload", with: "hallo {payload")
                try tree.directory.write("python-hello/bin/hello", changed, mode: 0o755)
                let replay = try await tree.run(["plugin", "replay", file, plugin, "--json"])
                #expect(replay.exitCode == 1, "\(replay.complaint)")
                let difference = try replay.json()["difference"]
                #expect(difference?["recorded"]?.string?.contains("hello world") == true)
                #expect(difference?["found"]?.string?.contains("hallo world") == true)
                let line = max(1, Int(difference?["line"]?.int ?? 1))
                let lines = String(decoding: try contents(ofFile: file), as: UTF8.self).split(separator: "\n")
                #expect(lines.dropFirst(line - 1).first?.contains(#""outcome":"succeeded""#) == true)
            }
        }

        @Test(.sandboxed) func `it stands in for the plugin`() async throws {
            try await withRecording { tree, _, file in
                func request(_ id: String, _ method: String, _ params: String) -> String {
                    #"{"id":"\#(id)","jsonrpc":"2.0","method":"\#(method)","params":\#(params)}"# + "\n"
                }
                func task(_ name: String, _ payload: String) -> String {
                    request("e-" + name, "execute", #"{"task":"\#(name)","executor":"hello","payload":\#(payload)}"#)
                }
                let input =
                    request("i", "initialize", #"{"protocol":{"min":0,"max":0}}"#) + task("a", #"{"name":"world"}"#)
                    + task("b", #"{"name":"nobody"}"#) + task("c", #"{"name":"stranger"}"#)
                    + request("s", "shutdown", "{}")
                let finished = try await tree.run(["plugin", "replay", file], input: .text(input))
                #expect(finished.exitCode == 0, "\(finished.complaint)")
                let said = try finished.results()
                #expect(said.first?["id"]?.string == "i" && said.first?["result"]?["name"]?.string == "hello")
                #expect(
                    said.contains {
                        $0["params"]?["task"]?.string == "a" && $0["params"]?["text"]?.string == "hello world\n"
                    }
                )
                func answer(_ id: String) -> JSONValue? { said.first { $0["id"]?.string == id } }
                #expect(answer("e-a")?["result"]?["outcome"]?.string == "succeeded")
                #expect(answer("e-a")?["result"]?["task"]?.string == "a")
                #expect(answer("e-b")?["result"]?["error"]?["code"]?.string == "nobody")
                #expect(answer("e-c")?["error"]?["data"]?["code"]?.string == "not_recorded")
                #expect(said.last?["id"]?.string == "s")
            }
        }

        @Test(.sandboxed, arguments: ["truncated", "edited", "version", "not_a_recording", "of_another", "unreadable"])
        func `what cannot be replayed is told`(fault: String) async throws {
            try await withRecording { tree, plugin, file in
                let whole = String(decoding: try contents(ofFile: file), as: UTF8.self)
                let lines = whole.split(separator: "\n").map { $0 + "\n" }
                let spoilt: String =
                    switch fault {
                    case "truncated": String(whole.dropLast(40))
                    case "edited": whole.replacing("world", with: "earth")
                    case "version": whole.replacing(#""ostler_recording":1"#, with: #""ostler_recording":2"#)
                    case "not_a_recording": lines.dropFirst().joined()
                    default: whole
                    }
                try tree.directory.write("home/spoilt.jsonl", spoilt)
                let place = fault == "unreadable" ? "missing.jsonl" : "spoilt.jsonl"
                let directory = fault == "of_another" ? tree.plugin : plugin
                let replay = try await tree.run(["plugin", "replay", place, directory])
                #expect(replay.exitCode == 3, "\(replay.text)")
                let code = fault == "not_a_recording" ? fault : "recording_" + fault
                #expect(replay.complaint.contains("[\(code)]"), "\(replay.complaint)")
            }
        }

        @Test(.sandboxed) func `no secret is in a recording, and commands replay too`() async throws {
            try await withTree { tree in
                let value = "s3cr3t-P4ssw0rd"
                try tree.directory.write("home/password", value + "\n")
                let path = tree.directory.file("home/password")
                try tree.directory.write("home/ostler.yaml", "secrets: {db: {file: \(path)}}\n")
                // In two pieces, and in base64.
                let script = "head -c 5 /run/secrets/db; tail -c +6 /run/secrets/db; base64 /run/secrets/db; : \(value)"
                let options = ["--secret", "db", "--record", "session.jsonl"]
                let run = try await tree.task(["sh", "-c", script], options: options)
                #expect(run.exitCode == 0, "\(run.complaint)")
                let text = String(
                    decoding: try contents(ofFile: tree.directory.file("home/session.jsonl")),
                    as: UTF8.self
                )
                #expect(text.contains("[secret db]"))
                for part in [value, "s3cr3", "P4ssw0rd", "czNjcjN0LVA0c3N3MHJk"] {
                    #expect(!text.contains(part), "\(text)")
                }

                let plain = try await tree.task(
                    ["sh", "-c", "echo out; echo err >&2"],
                    options: ["--record", "plain.jsonl"]
                )
                #expect(plain.exitCode == 0)
                let replay = try await tree.run(["plugin", "replay", "plain.jsonl", tree.plugin])
                #expect(replay.exitCode == 0, "\(replay.text)\(replay.complaint)")
            }
        }

        @Test(.sandboxed) func `a plugin that needs a secret has it in the kit and in a replay, and neither tells it`()
            async throws
        {
            try await withTree { tree in
                let plugin = try await SDKTests.Example.python.assemble(tree)
                let value = "s3cr3t-P4ssw0rd"
                try tree.directory.write("home/password", value)
                let path = tree.directory.file("home/password")
                try tree.directory.write("home/ostler.yaml", "secrets: {db: {file: \(path)}}\n")
                let manifest = String(decoding: try contents(ofFile: plugin + "/plugin.yaml"), as: UTF8.self)
                try tree.directory.write("python-hello/plugin.yaml", manifest + "needs: {secrets: [db]}\n")
                // It says it in its output, and, since nobody asks for that, in a notification that nobody knows.
                let program = String(decoding: try contents(ofFile: plugin + "/bin/hello"), as: UTF8.self)
                    .replacing("hello {payload", with: "hello {open('/run/secrets/db').read()} {payload")
                    .replacing(
                        "plugin.run()",
                        with: "print(open('/run/secrets/db').read())\nos.write(1, b'key is ' + "
                            + "open('/run/secrets/db', 'rb').read() + b'\\n')\nplugin.run()"
                    )
                try tree.directory.write(
                    "python-hello/bin/hello",
                    "#!/usr/bin/python3\nimport os\n" + program,
                    mode: 0o755
                )

                let words = ["run", "hello", "--name", "world", "--plugin-path", plugin, "--record", "session.jsonl"]
                let run = try await tree.run(words)
                #expect(run.text == "hello [secret db] world\n", "\(run.complaint)")
                let replay = try await tree.run(["plugin", "replay", "session.jsonl", plugin])
                #expect(replay.text == "as recorded (answers: 3, sessions: 1)\n", "\(replay.complaint)")

                let tried = try await tree.run(["plugin", "test", plugin, "--filter", "M4-noise", "--filter", "M13*"])
                #expect(tried.exitCode == 1, "\(tried.complaint)")
                #expect(tried.text.contains("key is [secret db]"), "\(tried.text)")
                #expect(!(tried.text + tried.complaint).contains(value), "\(tried.text)\(tried.complaint)")

                try tree.directory.write("home/ostler.yaml", "")
                let without = try await tree.run(["plugin", "test", plugin, "--filter", "M13*"])
                #expect(without.exitCode == 5 && without.complaint.contains("db"), "\(without.complaint)")
            }
        }

        @Test func `a recording that cannot be written is told before anything runs`() async throws {
            try await withTree { tree in
                let run = try await tree.task(["true"], options: ["--record", "missing/session.jsonl"])
                #expect(run.exitCode == 5)
                #expect(run.complaint.contains("[recording_unwritable]"), "\(run.complaint)")
            }
        }
    }
}
