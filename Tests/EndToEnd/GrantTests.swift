internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// What a plugin that was let in can reach of what it was granted, and of what it was not.
    @Suite(.sandboxed)
    struct GrantTests {
        /// Installs the example of the SDK that has its payload's command launched.
        private static func writeRunner(in tree: InstalledTree, needs: String) throws {
            let example = Surroundings.packageRoot() + "/sdk/python/examples/runner"
            let manifest = String(decoding: try contents(ofFile: example + "/plugin.yaml"), as: UTF8.self)
            try tree.directory.write(
                "home/runner/plugin.yaml",
                manifest.replacing("needs: {launch: true}", with: "needs: {launch: true, \(needs)}")
            )
            try tree.directory.write(
                "home/runner/bin/runner",
                try contents(ofFile: example + "/bin/runner"),
                mode: 0o755
            )
            let package = Surroundings.packageRoot() + "/sdk/python/src/ostler_plugin"
            try tree.directory.makeDirectory("home/runner/lib")
            #expect(exitStatus(of: "/bin/cp", ["-r", package, tree.home + "/runner/lib"]) == 0)
            #expect(exitStatus(of: "/bin/chmod", ["-R", "go-w", tree.home + "/runner"]) == 0)
        }

        private static func launch(_ argv: [String], in tree: InstalledTree) async throws -> JSONValue {
            let payload = JSONValue.object(JSONObject([("argv", .array(argv.map { .string($0) }))])).text
            return try await tree.run(["run", "runner", "--json", "--payload", payload]).json()
        }

        @Test func `A plugin that was granted programs has no other launched`() async throws {
            try await withTree { tree in
                try Self.writeRunner(in: tree, needs: "programs: [sh, echo, id]")
                let add = try await tree.run(
                    [
                        "plugin", "add", "runner", "--grant", "launch", "--grant", "program:sh", "--grant",
                        "program:echo",
                    ]
                )
                #expect(add.exitCode == 0, "\(add.complaint)")
                let good = try await Self.launch(["sh", "-c", "echo builtin; /usr/bin/echo file"], in: tree)
                #expect(good["outcome"] == "succeeded", "\(good.text)")
                #expect(good["output"]?["text"] == "builtin\nfile\n", "\(good.text)")
                // By its name, by its path, by a path around, and a program that nobody asked for.
                for program in ["id", "/usr/bin/id", "/usr/lib/../bin/id", "ls", "/usr/bin/python3"] {
                    let result = try await Self.launch([program], in: tree)
                    #expect(result["outcome"] != "succeeded" && result["exit_code"] == -1, "\(result.text)")
                }
                // From a program that it has: by exec, by the loader, by a copy, by a script, by another's hand.
                for attack in [
                    "exec /usr/bin/id", "/lib64/ld-linux-x86-64.so.2 /usr/bin/id", "cp /usr/bin/id . && ./id",
                    "printf '#!/usr/bin/id' > x; chmod 755 x; ./x", "env id", "command id", "busybox id",
                ] {
                    let result = try await Self.launch(["sh", "-c", attack], in: tree)
                    #expect(result["outcome"] == "failed", "\(attack): \(result.text)")
                    #expect(result["output"]?["text"]?.string?.contains("uid=") != true, "\(attack): \(result.text)")
                }
                let certificate = good["isolation"]?["layers"]?.array?.first { $0["layer"] == "program_lists" }
                #expect(certificate?["asked"] == "required" && certificate?["enforced"] == true, "\(good.text)")
            }
        }

        @Test func `Of what was granted, the configuration allows less and never more`() async throws {
            try await withTree { tree in
                try Self.writeRunner(in: tree, needs: "programs: [echo, id]")
                #expect(try await tree.run(["plugin", "add", "runner", "--yes"]).exitCode == 0)
                try tree.directory.write(
                    "home/ostler.yaml",
                    "executors: {runner: {allowed_commands: [/usr/bin/echo, ls]}}\n"
                )
                #expect(try await Self.launch(["echo"], in: tree)["outcome"] == "succeeded")
                for program in ["id", "ls"] {
                    let result = try await Self.launch([program], in: tree)
                    #expect(result["outcome"] != "succeeded", "\(program): \(result.text)")
                }
            }
        }

        @Test func `What a plugin keeps in a granted directory is its own in its next process`() async throws {
            try await withTree { tree in
                try tree.directory.write(
                    "home/keeper/plugin.yaml",
                    """
                    name: keeper
                    version: 1.0.0
                    protocol: {min: 0, max: 0}
                    kind: process
                    entry: {command: [bin/plugin]}
                    needs: {files: [{path: \(tree.home)/state, access: rw}]}
                    executors: [{name: keeper, reuse: never, payload: {type: object}}]

                    """
                )
                try tree.directory.write("home/keeper/bin/plugin", Self.keeper(tree.home + "/state"), mode: 0o755)
                try tree.directory.makeDirectory("home/state")
                chmod(tree.home + "/state", 0o700)
                #expect(try await tree.run(["plugin", "add", "keeper", "--yes"]).exitCode == 0)
                // At once, so that they are not all the same user of the same sandbox.
                let tasks = String(repeating: #"{"executor": "keeper", "payload": {}}"# + "\n", count: 6)
                try tree.directory.write("home/tasks.jsonl", tasks)
                let run = try await tree.run(["run", "--file", "tasks.jsonl", "--jobs", "3"])
                #expect(run.exitCode == 0, "\(run.text) \(run.complaint)")
                let last = try await tree.run(["run", "keeper"])
                #expect(last.text == "6 that are mine\n", "\(last.text) \(last.complaint)")
            }
        }

        /// Counts the private files of the processes before it that it can read, and leaves one of its own.
        private static func keeper(_ state: String) -> String {
            """
            #!/usr/bin/python3 -I
            import json, os, sys, tempfile
            for line in sys.stdin:
                message = json.loads(line)
                if message["method"] == "initialize":
                    result = {"protocol": 0, "name": "keeper", "executors": ["keeper"]}
                elif message["method"] == "execute":
                    task = message["params"]["task"]
                    mine = [open("\(state)/" + name).read() for name in os.listdir("\(state)")]
                    with os.fdopen(tempfile.mkstemp(dir="\(state)")[0], "w") as file:
                        file.write("mine")
                    text = f"{mine.count('mine')} that are mine\\n"
                    output = {"task": task, "stream": "stdout", "text": text}
                    print(json.dumps({"jsonrpc": "2.0", "method": "output", "params": output}))
                    result = {"task": task, "outcome": "succeeded", "exit_code": 0}
                else:
                    result = {}
                print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)

            """
        }
    }
}
