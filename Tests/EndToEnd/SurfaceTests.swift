internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// What people see: help, listings, plans, and what is wrong with the machine.
    @Suite
    struct SurfaceTests {
        @Test(arguments: [
            ("help", ["--help"]), ("help-run", ["run", "--help"]), ("help-validate", ["validate", "--help"]),
            ("help-plan", ["plan", "--help"]), ("help-apply", ["apply", "--help"]),
            ("help-plugin", ["plugin", "--help"]),
            ("help-worker", ["worker", "--help"]),
            ("help-plugin-list", ["plugin", "list", "--help"]), ("help-plugin-show", ["plugin", "show", "--help"]),
            ("help-plugin-add", ["plugin", "add", "--help"]), ("help-plugin-remove", ["plugin", "remove", "--help"]),
            ("help-plugin-trust", ["plugin", "trust", "--help"]), ("help-plugin-block", ["plugin", "block", "--help"]),
            ("help-plugin-unblock", ["plugin", "unblock", "--help"]),
            ("help-plugin-audit", ["plugin", "audit", "--help"]), ("help-plugin-pack", ["plugin", "pack", "--help"]),
            ("help-plugin-test", ["plugin", "test", "--help"]),
            ("help-plugin-replay", ["plugin", "replay", "--help"]),
            ("help-health", ["health", "--help"]), ("help-doctor", ["doctor", "--help"]),
            ("help-config", ["config", "--help"]), ("help-config-show", ["config", "show", "--help"]),
            ("help-config-check", ["config", "check", "--help"]),
            ("help-completions", ["completions", "--help"]), ("help-manual", ["manual", "--help"]),
            ("help-run-command", ["run", "command", "--help"]), ("version", ["--version"]),
            ("help-sandbox", ["sandbox", "--help"]), ("help-sandbox-run", ["sandbox", "run", "--help"]),
            ("help-sandbox-check", ["sandbox", "check", "--help"]),
            ("help-sandbox-explain", ["sandbox", "explain", "--help"]),
            ("help-sandbox-why", ["sandbox", "why", "--help"]),
        ])
        func `Help is as it was recorded`(name: String, arguments: [String]) async throws {
            try await withTree { tree in
                let result = try await tree.run(arguments, environment: ["COLUMNS=80"])
                #expect(result.exitCode == 0)
                #expect(result.complaint == "")
                try expectSnapshot(result.text, name + ".txt")
            }
        }

        @Test(arguments: [
            ("no-executor", ["run"]), ("unknown-command", ["rnu"]),
            ("unknown-executor", ["run", "comand", "--", "ls"]),
            ("unknown-option", ["run", "command", "--comand", "ls"]), ("unknown-plugin", ["plugin", "show", "comand"]),
            ("unknown-subcommand", ["plugin", "lst"]), ("unknown-flag", ["doctor", "--jsn"]),
            ("missing-argument", ["plugin", "show"]), ("missing-value", ["run", "command", "--timeout"]),
            ("wrong-shell", ["completions", "csh"]), ("file-and-executor", ["plan", "command", "--file", "x"]),
            ("missing-file", ["plan", "--file", "missing.jsonl"]),
            ("command-line-refused", ["health", "--", "x"]),
        ])
        func `Wrong usage is told as it was recorded`(name: String, arguments: [String]) async throws {
            try await withTree { tree in
                let result = try await tree.run(arguments, environment: ["COLUMNS=80"])
                #expect(result.exitCode == 3)
                #expect(result.text == "")
                try expectSnapshot(result.complaint, name + ".txt")
            }
        }

        @Test(arguments: [
            ("plugin-list", ["plugin", "list"]), ("plugin-list-all", ["plugin", "list", "--all"]),
            ("plugin-show", ["plugin", "show", "command"]), ("config-show", ["config", "show"]),
            ("plan", ["plan", "command", "--", "echo", "a b", "it's"]),
            (
                "plan-options",
                ["plan", "command", "--timeout", "90s", "--in", "data", "--workdir", "work", "--", "true"]
            ),
        ])
        func `Listings and plans are as they were recorded`(name: String, arguments: [String]) async throws {
            try await withTree { tree in
                try tree.directory.makeDirectory("home/data")
                try tree.directory.makeDirectory("home/work")
                try tree.directory.write(
                    "home/.local/share/ostler/plugins/broken/plugin.yaml",
                    "name: broken\nversion: 1\n"
                )
                let result = try await tree.run(arguments)
                #expect(result.exitCode == 0, "\(result.complaint)")
                let text = result.text.replacing(tree.directory.path, with: "TREE")
                let lines = text.split(separator: "\n", omittingEmptySubsequences: false).filter { !isOfTheMachine($0) }
                try expectSnapshot(lines.joined(separator: "\n"), name + ".txt")
            }
        }

        @Test
        func `Every help has an example, and says how the command is called`() async throws {
            try await withTree { tree in
                var open: [[String]] = [[]]
                var seen = 0
                while let words = open.popLast() {
                    let help = try await tree.run(words + ["--help"]).text
                    #expect(help.contains("\nExamples:\n  "), "\(words): \(help)")
                    #expect(help.contains("Usage: ostler \(words.joined(separator: " "))"), "\(words): \(help)")
                    #expect(try await tree.run(["help"] + words).text == help)
                    seen += 1
                    guard let list = help.components(after: "\nCommands:\n", upTo: "\n\n") else { continue }
                    for line in list.split(separator: "\n") where !line.hasPrefix("   ") {
                        open.append(words + [String(line.split(separator: " ")[0])])
                    }
                }
                #expect(seen == 51)
            }
        }

        @Test
        func `A plan as JSON says what would be run, and how`() async throws {
            try await withTree { tree in
                let json = try await tree.run(["plan", "command", "--json", "--", "echo", "x"]).json()
                #expect(json["argv"]?.array?.last?.string == "x")
                #expect(json["sandbox"]?["profile"]?.string == "strict")
            }
        }

        @Test
        func `Listings as JSON name every plugin, and those that are not used`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/.local/share/ostler/plugins/broken/plugin.yaml", "name: broken\n")
                let list = try await tree.run(["plugin", "list", "--all", "--json"]).json()
                #expect(list["plugins"]?.array?.map { $0["name"]?.string } == ["command"])
                #expect(list["plugins"]?.array?.first?["directory"]?.string == tree.plugin)
                #expect(list["not_used"]?.array?.map { $0["name"]?.string } == ["broken"])
                let show = try await tree.run(["plugin", "show", "--json", "command"]).json()
                #expect(show["executors"]?.array?.first?["name"]?.string == "command")
            }
        }

        @Test
        func `Validating runs nothing and tells all problems`() async throws {
            try await withTree { tree in
                let valid = try await tree.run(["validate", "command", "--", "ls"])
                #expect(valid.exitCode == 0)
                #expect(valid.complaint == "ostler: valid\n")
                let json = try await tree.run(["validate", "command", "--json", "--payload", #"{"args":[1,2]}"#])
                #expect(json.exitCode == 3)
                let problems = try json.json()["problems"]?.array ?? []
                #expect(problems.count == 3, "\(problems)")
                #expect(problems.contains { $0["pointer"]?.string == "/payload/args/1" })
                try tree.directory.write(
                    "home/tasks.jsonl",
                    "{\"id\":\"a\",\"executor\":\"command\",\"payload\":{}}\n{}\n"
                )
                let file = try await tree.run(["validate", "--file", "tasks.jsonl"])
                #expect(file.exitCode == 3)
                #expect(file.complaint.contains("tasks.jsonl:1: "))
                #expect(file.complaint.contains("tasks.jsonl:2: "), "\(file.complaint)")
            }
        }

        @Test(.sandboxed)
        func `Every executor is healthy`() async throws {
            try await withTree { tree in
                let text = try await tree.run(["health"])
                #expect(text.exitCode == 0, "\(text.text)")
                #expect(text.lines.first?.hasPrefix("EXECUTOR") == true)
                let json = try await tree.run(["health", "--json"])
                #expect(try json.json()["command"]?["status"]?.string == "healthy")
            }
        }

        /// Greets, and then answers nothing.
        private static let deaf = """
            #!/usr/bin/python3
            import json, sys
            for line in sys.stdin:
                message = json.loads(line)
                if message["method"] == "initialize":
                    result = {"protocol": 0, "name": "deaf", "executors": ["deaf"]}
                    print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
            """

        @Test(.sandboxed)
        func `An executor that does not answer is unhealthy, and keeps no other waiting`() async throws {
            try await withTree { tree in
                let manifest = """
                    name: deaf
                    version: 1.0.0
                    protocol: {min: 0, max: 0}
                    kind: process
                    entry: {command: [bin/deaf]}
                    executors: [{name: deaf, payload: {type: object}, features: {health: true}}]
                    """
                try tree.directory.write("home/plugins/deaf/plugin.yaml", manifest)
                try tree.directory.write("home/plugins/deaf/bin/deaf", Self.deaf, mode: 0o755)
                let result = try await tree.run(["health", "--json", "--timeout", "10s", "--plugin-path", "plugins"])
                #expect(result.exitCode == 5, "\(result.complaint)")
                let json = try result.json()
                #expect(json["command"]?["status"]?.string == "healthy")
                #expect(json["deaf"]?["status"]?.string == "unhealthy", "\(json.text)")
            }
        }

        @Test(.sandboxed)
        func `The doctor tries every layer`() async throws {
            try await withTree { tree in
                try await Self.checkDoctor(tree)
            }
        }

        @Test(.sandboxed, .asRoot)
        func `The doctor works for an ordinary user`() async throws {
            try await withTree(user: 12345) { tree in
                try await Self.checkDoctor(tree)
            }
        }

        @Test(.sandboxed)
        func `The doctor tells cause and fix of what is wrong`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/.local/share/ostler/plugins/broken/plugin.yaml", "name: broken\n")
                let plugin = try await tree.run(["doctor"])
                #expect(plugin.text.contains("\nplugin broken\n  cause: invalid manifest: "), "\(plugin.text)")
                #expect(plugin.text.contains("\n  fix: correct plugin.yaml"), "\(plugin.text)")
                // The installed file is the built one under another name.
                #expect(unlink(tree.launcher) == 0)
                try tree.directory.write("prefix/libexec/ostler/ostler-launch", "", mode: 0o644)
                let launcher = try await tree.run(["doctor", "--json"])
                #expect(launcher.exitCode == 5)
                let checks = try launcher.json()["checks"]?.array ?? []
                let failed = checks.filter { $0["status"]?.string == "failed" }
                #expect(failed.compactMap { $0["check"]?.string } == ["launcher program", "launcher"], "\(failed)")
                try tree.directory.write("home/ostler.yaml", "sandbox: {profil: strict}\n")
                let config = try await tree.run(["doctor"])
                #expect(config.exitCode == 5)
                #expect(config.text.contains("  fix: did you mean \"profile\"?"), "\(config.text)")
                try expectSnapshot(config.text, "doctor-of-bad-config.txt")
            }
        }

        private static func checkDoctor(_ tree: InstalledTree) async throws {
            let text = try await tree.run(["doctor"])
            #expect([0, 2].contains(text.exitCode), "\(text.text)")
            let result = try await tree.run(["doctor", "--json"])
            let checks = try result.json()["checks"]?.array ?? []
            let names = checks.compactMap { $0["check"]?.string }
            for name in [
                "configuration", "plugin path", "executors", "kernel", "proc", "descriptors", "spool directory",
                "launcher program",
                "launcher", "user_namespace", "seccomp", "memory_limit", "executor command", "task",
            ] {
                #expect(names.contains(name), "\(names)")
            }
            let failed = checks.filter { $0["status"]?.string == "failed" }
            #expect(failed.isEmpty, "\(failed)")
            let missing = checks.filter { $0["status"]?.string == "missing" }
            #expect(result.exitCode == (missing.isEmpty ? 0 : 2))
            #expect(missing.allSatisfy { $0["fix"]?.string != nil && $0["cause"]?.string != nil })
        }
    }
}

extension String {
    /// The text between two others, if both are there.
    fileprivate func components(after start: String, upTo end: String) -> String? {
        guard let from = firstRange(of: start)?.upperBound, let to = self[from...].firstRange(of: end) else {
            return nil
        }
        return String(self[from..<to.lowerBound])
    }
}

/// What of a plan depends on how this machine's directories are laid out.
private func isOfTheMachine(_ line: Substring) -> Bool {
    [
        "  bind /etc/", "  bind /usr ", "  bind /lib", "  bind /bin", "  bind /sbin", "  link /lib", "  link /bin",
        "  link /sbin",
    ]
    .contains { line.hasPrefix($0) }
}

extension JSONValue {
    /// The paths of all members with their types; what any element of a list has, its elements may have.
    func shape(_ path: String = "") -> [String] {
        switch self {
        case .object(let members):
            let own = members.members.flatMap { $0.value.shape(path + "/" + $0.key) }
            return own.isEmpty ? ["\(path) object"] : own
        case .array(let elements):
            var known: Set<String> = []
            let all = elements.flatMap { $0.shape(path + "[]") }.filter { known.insert($0).inserted }
            return all.isEmpty ? ["\(path)[]"] : all
        default: return ["\(path) \(typeName)"]
        }
    }
}

/// Compares text with a file of `Tests/EndToEnd/Snapshots`. One that is missing is recorded, and the test fails, so that
/// nobody takes it over unseen; with `RECORD_SNAPSHOTS=1` all are recorded anew.
func expectSnapshot(_ text: String, _ name: String, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let path = Surroundings.packageRoot() + "/Tests/EndToEnd/Snapshots/" + name
    if Surroundings.environment("RECORD_SNAPSHOTS") != "1", let recorded = try? contents(ofFile: path) {
        #expect(
            text == String(decoding: recorded, as: UTF8.self),
            "differs from \(name)",
            sourceLocation: sourceLocation
        )
        return
    }
    let descriptor = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o644)
    guard descriptor >= 0 else { throw TestSupportFailure("open", path) }
    defer { close(descriptor) }
    let bytes = Array(text.utf8)
    #expect(write(descriptor, bytes, bytes.count) == bytes.count, sourceLocation: sourceLocation)
    Issue.record("recorded \(name): look at it, then run the test again", sourceLocation: sourceLocation)
}
