internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Which values hold, where they come from, and what is wrong with them.
    @Suite
    struct ConfigCommandTests {
        private static let config = """
            executors:
              command:
                allowed_commands: [ls]
            sandbox:
              limits: {memory: 2GiB}
            log: {level: warning}
            """

        private func origins(_ tree: InstalledTree, _ options: [String], _ environment: [String] = []) async throws
            -> [String: (value: JSONValue, origin: JSONValue)]
        {
            let json = try await tree.run(["config", "show", "--json"] + options, environment: environment).json()
            let rows = (json["settings"]?.array ?? []).map { setting in
                (setting["pointer"]?.string ?? "", (setting["value"] ?? .null, setting["origin"] ?? .null))
            }
            return Dictionary(rows) { _, last in last }
        }

        @Test
        func `Each value is shown with its file, line and column, or as a default`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", Self.config)
                let result = try await tree.run(["config", "show"])
                #expect(result.exitCode == 0, "\(result.complaint)")
                #expect(result.text.hasPrefix("file: \(tree.home)/ostler.yaml, found by ./ostler.yaml\n"))
                let rows = result.lines.map {
                    $0.split(separator: " ", omittingEmptySubsequences: true).map(String.init)
                }
                for row in [
                    ["sandbox.limits.memory", "ostler.yaml:5:20", "\"2GiB\""],
                    ["executors.command.allowed_commands", "ostler.yaml:3:23", "[\"ls\"]"],
                    ["executors.command.enabled", "default", "true"], ["log.level", "ostler.yaml:6:14", "\"warning\""],
                    ["tasks.grace", "default", "\"5s\""],
                ] {
                    #expect(rows.contains(row), "\(row) in \(result.text)")
                }
            }
        }

        @Test
        func `An option wins over the environment, which wins over the file`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", Self.config)
                let file = try await origins(tree, [])
                #expect(file["/log/level"]?.value.string == "warning")
                #expect(file["/log/level"]?.origin["kind"]?.string == "file")
                #expect(file["/log/level"]?.origin["line"]?.int == 6)
                let variable = ["OSTLER_LOG_LEVEL=debug", "OSTLER_PLUGIN_PATH=/nowhere"]
                let environment = try await origins(tree, [], variable)
                #expect(environment["/log/level"]?.value.string == "debug")
                #expect(environment["/log/level"]?.origin["variable"]?.string == "OSTLER_LOG_LEVEL")
                #expect(environment["/plugin_path/0"]?.value.string == "/nowhere")
                #expect(environment["/plugin_path/0"]?.origin["variable"]?.string == "OSTLER_PLUGIN_PATH")
                let option = try await origins(tree, ["--log-level", "error", "--plugin-path", "/first"], variable)
                #expect(option["/log/level"]?.value.string == "error")
                #expect(option["/log/level"]?.origin["option"]?.string == "--log-level")
                #expect(option["/plugin_path/0"]?.value.string == "/first")
                #expect(option["/plugin_path/1"]?.value.string == "/nowhere")
                #expect(option["/log/format"]?.origin["kind"]?.string == "default")
                #expect(option["/launcher"]?.value.string == tree.launcher)
            }
        }

        @Test
        func `Checking as JSON tells each problem with its place`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/bad.yaml", "sandbox: {profil: strict}\n")
                let check = try await tree.run(["config", "check", "--json", "--config", "bad.yaml"])
                #expect(check.exitCode == 3)
                let json = try check.json()
                #expect(json["valid"]?.bool == false)
                #expect(json["problems"]?.array?.first?["line"]?.int == 1)
                #expect(json["problems"]?.array?.first?["code"]?.string == "unknown_key")
            }
        }

        @Test
        func `A check tells all problems at once, and warns of what is probably not meant`() async throws {
            try await withTree { tree in
                let good = try await tree.run(["config", "check"])
                #expect(good.exitCode == 0)
                #expect(good.complaint == "ostler: the defaults, no file: no problems\n")
                try tree.directory.write("home/ostler.yaml", "tasks: {grac: 1s}\nsandbox: {limits: {memory: 1}}\n")
                let bad = try await tree.run(["config", "check"])
                #expect(bad.exitCode == 3)
                #expect(bad.complaint.contains("ostler.yaml:1:"), "\(bad.complaint)")
                #expect(bad.complaint.contains("ostler.yaml:2:"), "\(bad.complaint)")
                try tree.directory.write(
                    "home/ostler.yaml",
                    "executors:\n  nobody: {enabled: false}\n  command: {blocked_commands: [rm, no-such-thing]}\n"
                )
                let odd = try await tree.run(["config", "check"])
                #expect(odd.exitCode == 0, "\(odd.complaint)")
                #expect(odd.complaint.contains("warning: ostler.yaml:2:"), "\(odd.complaint)")
                #expect(odd.complaint.contains("warning: ostler.yaml:3:36: "), "\(odd.complaint)")
                let json = try await tree.run(["config", "check", "--json"]).json()
                #expect(json["valid"]?.bool == true)
                #expect(json["warnings"]?.array?.map { $0["code"]?.string } == ["unused_section", "unknown_program"])
            }
        }
    }
}
