internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// What the options of `run` do to a task.
    @Suite(.sandboxed)
    struct OptionTests {
        @Test
        func `Variables reach the command, the payload's own win`() async throws {
            try await withTree { tree in
                let result = try await tree.run([
                    "run", "command", "--env", "A=one", "--env", "B=two=three", "--env", "C=", "--command", "sh",
                    "--args=-c", "--args", "printf '%s|' \"$A\" \"$B\" \"$C\"", "--payload",
                    #"{"env":{"A":"payload"}}"#,
                ])
                #expect(result.text == "payload|two=three||", "\(result.complaint)")
                let clean = try await tree.task(
                    ["/usr/bin/env"],
                    options: ["--env-mode", "clean", "--env", "ONLY=this"]
                )
                #expect(clean.text == "ONLY=this\n", "\(clean.complaint)")
                let minimal = try await tree.run(
                    ["run", "command", "--", "env"],
                    environment: ["SECRET=x", "LD_PRELOAD_PATH=y"]
                )
                #expect(!minimal.text.contains("SECRET"))
                #expect(minimal.text.contains("PATH="))
            }
        }

        @Test(arguments: [("256", 1), ("0", 1), ("7", 7), ("-1", 127)] as [(String, Int32)])
        func `The task's own exit code never makes a success of a failure`(code: String, expected: Int32) async throws {
            try await withTree { tree in
                try tree.directory.write("home/p/plugin.yaml", Self.manifest)
                try tree.directory.script("home/p/bin/p", Self.plugin)
                let arguments = ["run", "p", "--plugin-path", "p", "--exit-code", "task", "--payload=" + code]
                let result = try await tree.run(arguments)
                #expect(result.exitCode == expected, "\(result.complaint)")
                #expect(result.complaint.contains("failed: exit code \(code)"), "\(result.complaint)")
            }
        }

        private static let manifest = """
            name: p
            version: 0.1.0
            protocol: {min: 0, max: 0}
            kind: process
            entry: {command: [bin/p]}
            executors: [{name: p, payload: {type: integer}}]
            """

        /// Fails with the exit code that the payload says.
        private static let plugin = """
            #!/usr/bin/python3
            import json, sys
            for line in sys.stdin:
                message = json.loads(line)
                result = {}
                if message["method"] == "initialize":
                    result = {"protocol": 0, "name": "p", "executors": ["p"]}
                elif message["method"] == "execute":
                    task = message["params"]
                    result = {"task": task["task"], "outcome": "failed", "exit_code": task["payload"]}
                print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
            """

        @Test
        func `Files that are written to the work directory are the caller's outside`() async throws {
            try await withTree { tree in
                try await Self.checkWorkDirectory(tree)
            }
        }

        @Test(.asRoot)
        func `Files that an ordinary user's task writes are that user's`() async throws {
            try await withTree(user: 12345) { tree in
                try await Self.checkWorkDirectory(tree)
            }
        }

        static func checkWorkDirectory(_ tree: InstalledTree) async throws {
            let work = try tree.directory.makeDirectory("home/work")
            let owner = uid_t(tree.user ?? Int32(geteuid()))
            chown(work, owner, gid_t(owner))
            try tree.directory.write("home/work/given", "given")
            let script =
                "pwd; cat given; mkdir sub; printf 'a\\000b' > sub/made; chmod 640 sub/made; touch /etc/x 2>/dev/null"
            let result = try await tree.task(["sh", "-c", script], options: ["--workdir", "work"])
            #expect(result.text.hasSuffix("given"), "\(result.complaint)")
            #expect(result.exitCode == 1)
            #expect(try tree.directory.read("home/work/sub/made") == [0x61, 0, 0x62])
            var status = stat()
            #expect(stat(work + "/sub/made", &status) == 0)
            #expect(status.st_uid == owner)
            #expect(status.st_mode & 0o777 == 0o640)
        }

        @Test
        func `What goes in is read only and what comes out is written`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/data.txt", "data")
                try tree.directory.write("home/folder/inner.txt", "inner")
                try tree.directory.makeDirectory("home/results")
                let script = """
                    cat /in/data.txt /in/folder/inner.txt; cp /in/data.txt /out/results/copy
                    echo x > /in/data.txt || echo refused; rm /in/folder/inner.txt || echo refused
                    """
                let options = ["--in", "data.txt", "--in", "folder/", "--out", tree.home + "/results"]
                let result = try await tree.task(["sh", "-c", script], options: options)
                #expect(result.text == "datainnerrefused\nrefused\n", "\(result.complaint)")
                #expect(try tree.directory.read("home/results/copy") == Array("data".utf8))
                #expect(try tree.directory.read("home/data.txt") == Array("data".utf8))
            }
        }

        @Test(arguments: [
            (["--in", "missing"], "missing: No such file or directory"),
            (["--out", "file"], "file: it is not a directory"),
            (["--workdir", "file"], "file: it is not a directory"),
            (["--workdir", "missing"], "missing: No such file or directory"),
            (["--timeout", "soon"], "--timeout"),
            (["--env", "novalue"], "--env novalue: write it as KEY=VALUE"),
            (["--env-mode", "all"], "--env-mode 'all': write minimal or clean"),
            (["--jobs", "2"], "--jobs, --ordered and --keep-going belong to --file"),
            (["--ordered"], "--jobs, --ordered and --keep-going belong to --file"),
            (["--require", "pid_namespase"], "unknown layer \"pid_namespase\""),
            (["--exit-code", "mine"], "'mine'"),
            (["--wrkdir", "x"], "--wrkdir"),
        ])
        func `What is wrong with an option is said, and nothing runs`(options: [String], part: String) async throws {
            try await withTree { tree in
                try tree.directory.write("home/file", "")
                let result = try await tree.task(["touch", "ran"], options: options)
                #expect(result.exitCode == 3, "\(result.complaint)")
                #expect(result.complaint.contains(part), "\(result.complaint)")
                #expect(result.text == "")
            }
        }

        @Test
        func `Members of the payload are flags, and wrong ones are met with a suggestion`() async throws {
            try await withTree { tree in
                let right = try await tree.run(
                    ["run", "command", "--command", "sh", "--args=-c", "--args", "pwd", "--working-dir", "/usr"])
                #expect(right.text == "/usr\n", "\(right.complaint)")
                let wrong = try await tree.run(["run", "command", "--comand", "ls"])
                #expect(wrong.exitCode == 3)
                #expect(wrong.complaint.contains("unknown option --comand"), "\(wrong.complaint)")
                #expect(wrong.complaint.contains("did you mean \"command\"") || wrong.complaint.contains("--command"))
                let bare = try await tree.run(["run", "command", "ls"])
                #expect(bare.exitCode == 3)
                #expect(bare.complaint.contains("unexpected argument \"ls\"; a command line goes behind --"))
                let nothing = try await tree.run(["run", "command"])
                #expect(nothing.exitCode == 3)
                #expect(nothing.complaint.contains("command"), "\(nothing.complaint)")
            }
        }

        @Test
        func `An unknown executor is told with a suggestion`() async throws {
            try await withTree { tree in
                let result = try await tree.run(["run", "comand", "--", "ls"])
                #expect(result.exitCode == 3)
                #expect(result.complaint.contains("unknown executor type: comand"), "\(result.complaint)")
                #expect(result.complaint.contains("command"))
                let json = try await tree.run(["run", "comand", "--json", "--", "ls"]).json()
                #expect(json["outcome"]?.string == "invalid")
                #expect(json["error"]?["pointer"]?.string == "/executor")
                #expect(json["error"]?["message"]?.string?.hasPrefix("unknown executor type: comand") == true)
            }
        }

        @Test
        func `A payload that breaks the schema is refused with its pointer`() async throws {
            try await withTree { tree in
                for (payload, pointer) in [
                    (#"{"command":7}"#, "/payload/command"), (#"{"command":"ls","args":"-l"}"#, "/payload/args"),
                    (#"{"command":""}"#, "/payload/command"), (#"{"command":"ls","argss":[]}"#, "/payload"),
                    (#"{"command":"ls","#, "/payload"), (#"{"command":"ls","command":"rm"}"#, "/payload"),
                ] {
                    let result = try await tree.run(["run", "command", "--payload", payload])
                    #expect(result.exitCode == 3, "\(payload)")
                    #expect(result.complaint.contains("at \(pointer)"), "\(payload): \(result.complaint)")
                    let json = try await tree.run(["run", "command", "--json", "--payload", payload]).json()
                    #expect(json["outcome"]?.string == "invalid")
                }
            }
        }

        @Test
        func `A NUL in a payload never cuts anything short`() async throws {
            try await withTree { tree in
                for payload in [
                    #"{"command":"echo","args":["a\u0000b"]}"#, #"{"command":"ec\u0000ho"}"#,
                    #"{"command":"echo","env":{"A":"\u0000"}}"#, #"{"command":"echo","working_dir":"/\u0000"}"#,
                ] {
                    let result = try await tree.run(["run", "command", "--payload", payload, "--json"])
                    let json = try result.json()
                    #expect(json["error"]?["code"]?.string == "nul_in_argument", "\(payload): \(json.text)")
                    #expect(json["output"]?["bytes"]?.int == 0)
                }
            }
        }

        @Test
        func `A layer that cannot be had is refused by name`() async throws {
            try await withTree { tree in
                let result = try await tree.task(["true"], options: ["--require", "program_lists", "--json"])
                #expect(result.exitCode == 5)
                let json = try result.json()
                #expect(json["outcome"]?.string == "sandbox_error")
                #expect(json["error"]?["message"]?.string?.contains("program_lists") == true, "\(json.text)")
                #expect(json["error"]?["side_effects"]?.string == "none")
                let had = try await tree.task(["true"], options: ["--require", "seccomp"])
                #expect(had.exitCode == 0, "\(had.complaint)")
            }
        }
    }
}
