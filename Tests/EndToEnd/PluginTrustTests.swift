internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Letting plugins in with the real programs: many at once, killed in between, changed while a run waits.
    @Suite(.sandboxed)
    struct PluginTrustTests {
        /// Writes a plugin whose executor answers with its name.
        private static func write(
            _ name: String,
            in tree: InstalledTree,
            version: String = "1.0.0",
            says: String = "hello"
        ) throws {
            try tree.directory.write(
                "home/\(name)/plugin.yaml",
                """
                name: \(name)
                version: \(version)
                protocol: {min: 0, max: 0}
                kind: process
                entry: {command: [bin/plugin]}
                needs: {files: [{path: /etc/hostname}]}
                executors: [{name: \(name), payload: {type: object}}]

                """
            )
            try tree.directory.write("home/\(name)/bin/plugin", program(name, says), mode: 0o755)
        }

        private static func program(_ name: String, _ says: String) -> String {
            """
            #!/usr/bin/python3 -I
            import json, sys
            for line in sys.stdin:
                message = json.loads(line)
                if message["method"] == "initialize":
                    result = {"protocol": 0, "name": "\(name)", "executors": ["\(name)"]}
                elif message["method"] == "execute":
                    task = message["params"]["task"]
                    output = {"task": task, "stream": "stdout", "text": "\(says)\\n"}
                    print(json.dumps({"jsonrpc": "2.0", "method": "output", "params": output}))
                    result = {"task": task, "outcome": "succeeded", "exit_code": 0}
                else:
                    result = {}
                print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)

            """
        }

        private static func installed(_ tree: InstalledTree) async throws -> [String] {
            let audit = try await tree.run(["plugin", "audit", "--json"])
            #expect(audit.exitCode == 0, "\(audit.complaint)")
            return try audit.json()["plugins"]?.array?.compactMap { $0["name"]?.string } ?? []
        }

        /// The copies of plugins that are being made, or that were left half made.
        private static func copies(_ tree: InstalledTree) -> Set<String> {
            Set(namesOfDirectory(tree.home + "/.local/share/ostler/store").filter { $0.hasPrefix(".staging") })
        }

        @Test func `Eight adds at once let eight plugins in`() async throws {
            try await withTree { tree in
                let names = (1...8).map { "p\($0)" }
                for name in names { try Self.write(name, in: tree) }
                let children = try names.map { try tree.start(["plugin", "add", $0, "--yes"]) }
                for child in children {
                    let result = child.finish()
                    #expect(result.exitCode == 0, "\(result.complaint)")
                }
                #expect(try await Self.installed(tree) == names)
                let result = try await tree.run(["run", "p5"])
                #expect(result.text == "hello\n", "\(result.complaint)")
            }
        }

        @Test func `An add that is killed leaves what was there before or what was to come`() async throws {
            try await withTree { tree in
                try Self.write("first", in: tree)
                try Self.write("second", in: tree)
                try tree.directory.write("home/second/data", [UInt8](repeating: 7, count: 8 << 20))
                #expect(try await tree.run(["plugin", "add", "first", "--yes"]).exitCode == 0)
                var random = SeededGenerator(seed: 5)
                var copiesCut = 0
                for round in 0..<12 {
                    let before = Self.copies(tree)
                    let child = try tree.start(["plugin", "add", "second", "--yes"])
                    if round.isMultiple(of: 2) {
                        // While it copies: where that lies between random moments depends on the machine.
                        let end = ContinuousClock.now.advanced(by: .seconds(20))
                        while Self.copies(tree).isSubset(of: before), !child.hasEnded, ContinuousClock.now < end {
                            child.serve(1)
                        }
                    } else {
                        child.serve(Int32.random(in: 1...80, using: &random))
                    }
                    child.send(SIGKILL)
                    let isCut = child.finish().signal == SIGKILL
                    if isCut, !Self.copies(tree).isSubset(of: before) { copiesCut += 1 }
                    let names = try await Self.installed(tree)
                    #expect(names == ["first"] || names == ["first", "second"])
                }
                #expect(try await tree.run(["plugin", "add", "second", "--yes"]).exitCode == 0)
                #expect(try await Self.installed(tree) == ["first", "second"])
                #expect(Self.copies(tree).isEmpty)
                #expect(copiesCut > 0, "no add was killed while it copied")
            }
        }

        @Test func `A plugin that is exchanged while a run waits for tasks is not started`() async throws {
            try await withTree { tree in
                try Self.write("tool", in: tree)
                #expect(try await tree.run(["plugin", "add", "tool", "--yes"]).exitCode == 0)
                let result = try await onThread {
                    let child = try tree.start(
                        ["run", "--file", "-", "--keep-going", "--log-level", "debug"],
                        input: .open
                    )
                    // The catalog has been loaded once a line has been judged.
                    child.write(
                        "{\"id\": \"first\", \"executor\": \"command\", \"payload\": {\"command\": \"true\"}}\n"
                    )
                    eventuallyOnThread("the result of the first task") {
                        child.serve(10)
                        return child.hasWritten("\"first\"")
                    }
                    let store = tree.home + "/.local/share/ostler/store"
                    let place = store + "/" + (namesOfDirectory(store).first { $0.hasPrefix("sha256-") } ?? "")
                    try Self.write("tool", in: tree, says: "evil")
                    rename(place, place + "-old")
                    rename(tree.home + "/tool", place)
                    child.write("{\"id\": \"second\", \"executor\": \"tool\", \"payload\": {}}\n")
                    child.closeInput()
                    return child.finish()
                }
                let second = try #require(try result.results().first { $0["id"]?.string == "second" })
                #expect(second["outcome"]?.string == "denied", "\(result.text) \(result.complaint)")
                #expect(second["error"]?["code"]?.string == "changed_before_start")
                #expect(!result.text.contains("evil"))
            }
        }

        @Test func `A plugin gets nothing but what it was granted of its needs`() async throws {
            try await withTree { tree in
                try tree.directory.write(
                    "home/reader/plugin.yaml",
                    """
                    name: reader
                    version: 1.0.0
                    protocol: {min: 0, max: 0}
                    kind: process
                    entry: {command: [bin/plugin]}
                    needs: {files: [{path: \(tree.home)/a}, {path: \(tree.home)/b}]}
                    executors: [{name: reader, payload: {type: object}}]

                    """
                )
                for name in ["a", "b"] { try tree.directory.write("home/" + name, name) }
                let program = Self.program("reader", "SEEN").replacing(
                    "\"SEEN\\n\"",
                    with:
                        "\" \".join(p for p in [\"a\", \"b\"] if __import__(\"os\").path.exists(\"\(tree.home)/\" + p))"
                )
                try tree.directory.write("home/reader/bin/plugin", program, mode: 0o755)
                let add = try await tree.run(["plugin", "add", "reader", "--grant", "file:\(tree.home)/b:ro"])
                #expect(add.exitCode == 0, "\(add.complaint)")
                #expect(try await tree.run(["run", "reader"]).text == "b")
                #expect(try await tree.run(["plugin", "add", "reader", "--yes"]).exitCode == 0)
                #expect(try await tree.run(["run", "reader"]).text == "a b")
            }
        }

        @Test func `A plugin reads the secret that it was granted, and nobody else reads it of the plugin`()
            async throws
        {
            try await withTree { tree in
                try Self.write("teller", in: tree)
                let program = Self.program("teller", "SEEN").replacing(
                    "\"SEEN\\n\"",
                    with: "open(\"/run/secrets/db\").read() + str(__import__(\"os\").listdir(\"/run/secrets\"))"
                )
                try tree.directory.write("home/teller/bin/plugin", program, mode: 0o755)
                let manifest = String(decoding: try tree.directory.read("home/teller/plugin.yaml"), as: UTF8.self)
                try tree.directory.write(
                    "home/teller/plugin.yaml",
                    manifest.replacing("needs: {", with: "needs: {secrets: [db, web], ")
                )
                try tree.directory.write("home/ostler.yaml", "secrets: {db: {env: DB}, web: {env: WEB}}\n")
                let add = try await tree.run(["plugin", "add", "teller", "--grant", "secret:db"])
                #expect(add.exitCode == 0, "\(add.complaint)")
                let result = try await tree.run(["run", "teller"], environment: ["DB=hunter22", "WEB=other"])
                #expect(result.text == "[secret db]['db']", "\(result.text) \(result.complaint)")
                let without = try await tree.run(["run", "teller"])
                #expect(
                    without.exitCode == 5 && without.complaint.contains("secret_unavailable"),
                    "\(without.complaint)"
                )
            }
        }

        @Test func `Plugins of the user survive another installation of Ostler`() async throws {
            try await withTree { tree in
                try Self.write("tool", in: tree)
                #expect(try await tree.run(["plugin", "add", "tool", "--yes"]).exitCode == 0)
                #expect(rename(tree.prefix, tree.directory.file("old")) == 0)
                _ = try InstalledTree(tree.directory)
                #expect(try await Self.installed(tree) == ["tool"])
                #expect(try await tree.run(["run", "tool"]).text == "hello\n")
            }
        }

        @Test func `Lists, help and completion start nothing`() async throws {
            try await withTree { tree in
                try Self.write("tool", in: tree)
                #expect(try await tree.run(["plugin", "add", "tool", "--yes"]).exitCode == 0)
                // Nothing is started but by the launcher.
                let marker = tree.directory.file("started")
                #expect(unlink(tree.launcher) == 0)
                try tree.directory.write(
                    "prefix/libexec/ostler/ostler-launch",
                    "#!/bin/sh\ntouch \(marker)\n",
                    mode: 0o755
                )
                for words in [
                    ["plugin", "list", "--all"], ["plugin", "show", "tool"], ["--help"], ["run", "tool", "--help"],
                    ["__complete", "run", "to"], ["__complete", "plugin", "show", ""], ["plugin", "audit"],
                    ["plugin", "add", "tool"], ["plugin", "pack", "tool"],
                ] {
                    let result = try await tree.run(words)
                    #expect(result.exitCode == 0, "\(words) \(result.complaint)")
                    #expect(access(marker, F_OK) != 0, "\(words)")
                }
                _ = try await tree.run(["run", "tool"])
                #expect(access(marker, F_OK) == 0)
            }
        }

        @Test func `A broken plugins.lock stops what looks for plugins, and help goes on`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/.config/ostler/plugins.lock", "{\"version\":1}\n", mode: 0o600)
                for words in [["plugin", "list"], ["run", "command", "--", "true"], ["plugin", "block", "x"]] {
                    let result = try await tree.run(words)
                    #expect(
                        result.exitCode == 3 && result.complaint.contains("[lock_malformed]"),
                        "\(result.complaint)"
                    )
                }
                #expect(try await tree.run(["plugin", "--help"]).exitCode == 0)
                #expect(try await tree.run(["config", "check"]).exitCode == 3)
            }
        }
    }
}
