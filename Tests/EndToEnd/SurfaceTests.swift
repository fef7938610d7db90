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
            ("help-plan", ["plan", "--help"]), ("help-plugin", ["plugin", "--help"]),
            ("help-plugin-list", ["plugin", "list", "--help"]), ("help-plugin-show", ["plugin", "show", "--help"]),
            ("help-health", ["health", "--help"]), ("help-doctor", ["doctor", "--help"]), ("version", ["--version"]),
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
            ("plan-of-file", ["plan", "--file", "x"]),
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
            ("plugin-show", ["plugin", "show", "command"]), ("plan", ["plan", "command", "--", "echo", "a b", "it's"]),
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
        func `A plan as JSON has the shape that was recorded`() async throws {
            try await withTree { tree in
                let json = try await tree.run(["plan", "command", "--json", "--", "echo", "x"]).json()
                try expectSnapshot(json.shape().joined(separator: "\n") + "\n", "plan-json-shape.txt")
                #expect(json["argv"]?.array?.last?.string == "x")
                #expect(json["sandbox"]?["profile"]?.string == "strict")
            }
        }

        @Test(.sandboxed)
        func `A result as JSON has the shape that was recorded`() async throws {
            try await withTree { tree in
                let json = try await tree.task(["echo", "x"], options: ["--json"]).json()
                try expectSnapshot(json.shape().joined(separator: "\n") + "\n", "result-json-shape.txt")
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

        private static func checkDoctor(_ tree: InstalledTree) async throws {
            let text = try await tree.run(["doctor"])
            #expect([0, 2].contains(text.exitCode), "\(text.text)")
            let result = try await tree.run(["doctor", "--json"])
            let checks = try result.json()["checks"]?.array ?? []
            let names = checks.compactMap { $0["check"]?.string }
            for name in ["plugins", "launcher", "user_namespace", "seccomp", "memory_limit", "executor command"] {
                #expect(names.contains(name), "\(names)")
            }
            let failed = checks.filter { $0["status"]?.string == "failed" }
            #expect(failed.isEmpty, "\(failed)")
            let missing = checks.filter { $0["status"]?.string == "missing" }
            #expect(result.exitCode == (missing.isEmpty ? 0 : 2))
            #expect(missing.allSatisfy { $0["fix"]?.string != nil })
        }
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
    /// The paths of all members with their types; the elements of a list are alike.
    func shape(_ path: String = "") -> [String] {
        switch self {
        case .object(let members):
            let own = members.members.flatMap { $0.value.shape(path + "/" + $0.key) }
            return own.isEmpty ? ["\(path) object"] : own
        case .array(let elements): return elements.first?.shape(path + "[]") ?? ["\(path)[]"]
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
