internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// What a config file allows, and how a bad one is told.
    @Suite
    struct ConfigTests {
        private static let lists = """
            executors:
              command: { allowed_commands: [echo, sh], blocked_commands: [rm, dd] }
            """

        @Test(.sandboxed)
        func `Only commands that are allowed run`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", Self.lists)
                let allowed = try await tree.task(["echo", "fine"])
                #expect(allowed.text == "fine\n", "\(allowed.complaint)")
                for argv in [["ls"], ["/usr/bin/ls"], ["/bin/../bin/ls"], ["no-such-program"]] {
                    let result = try await tree.task(argv)
                    #expect(result.exitCode == 3, "\(argv)")
                    #expect(result.complaint.contains("\"\(argv[0])\""), "\(result.complaint)")
                    #expect(result.complaint.contains("is not in allowed list"), "\(result.complaint)")
                    #expect(result.complaint.contains("[command_denied at /payload/command]"))
                }
                let json = try await tree.task(["ls"], options: ["--json"]).json()
                #expect(json["outcome"]?.string == "denied")
                #expect(json["output"]?["bytes"]?.int == 0)
            }
        }

        @Test(.sandboxed)
        func `An allowed shell cannot start what is not allowed`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", Self.lists)
                let result = try await tree.task(["sh", "-c", "/usr/bin/id; ls; echo $?"])
                #expect(!result.text.contains("uid="), "\(result.text)")
                #expect(result.text == "127\n", "\(result.text) \(result.complaint)")
            }
        }

        @Test
        func `A plan shows what an allow list lets into the sandbox`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", Self.lists)
                let plan = ["plan", "command", "--", "echo"]
                let text = try await tree.run(plan).text
                #expect(text.contains("\n  program /usr/bin/echo\n"), "\(text)")
                #expect(text.contains(" files\n"))
                let closure = try await tree.run(["plan", "command", "--json", "--", "echo"]).json()["sandbox"]?[
                    "closure"
                ]
                let files = (closure?["files"]?.array ?? []).compactMap(\.string)
                #expect(files.contains("/usr/bin/echo"), "\(files)")
                #expect(files.contains { $0.hasSuffix("/libc.so.6") }, "\(files)")
                #expect(!files.contains("/usr/bin/rm"))
                #expect(closure?["missing"]?.array?.isEmpty == true)
            }
        }

        @Test(.sandboxed)
        func `Blocked commands do not run, neither directly nor from a shell`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", "executors: {command: {blocked_commands: [id, rm]}}\n")
                let direct = try await tree.task(["id"])
                #expect(direct.exitCode == 3)
                #expect(direct.complaint.contains("\"id\" (/usr/bin/id) is blocked"), "\(direct.complaint)")
                let inner = try await tree.task(["sh", "-c", "id || echo refused"])
                #expect(inner.text == "refused\n", "\(inner.complaint)")
                let other = try await tree.task(["ls", "/"])
                #expect(other.exitCode == 0, "\(other.complaint)")
            }
        }

        @Test(.sandboxed)
        func `A config is found by option, by environment and in the working directory, in this order`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", "executors: {command: {allowed_commands: [true]}}\n")
                try tree.directory.write("home/env.yaml", "executors: {command: {allowed_commands: [echo]}}\n")
                try tree.directory.write("home/option.yaml", "executors: {command: {allowed_commands: [pwd]}}\n")
                let environment = ["OSTLER_CONFIG=\(tree.home)/env.yaml"]
                let option = ["run", "command", "--config", "option.yaml", "--"]
                let bare = ["run", "command", "--"]
                #expect(try await tree.run(option + ["pwd"], environment: environment).exitCode == 0)
                #expect(try await tree.run(option + ["echo"], environment: environment).exitCode == 3)
                #expect(try await tree.run(bare + ["echo"], environment: environment).exitCode == 0)
                #expect(try await tree.run(bare + ["echo"]).exitCode == 3)
            }
        }

        @Test(.sandboxed)
        func `Limits of the config hold`() async throws {
            try await withTree { tree in
                let limits = "sandbox: {limits: {output: 1000, tmp: 1MiB}}\ntasks: {timeout: 500ms}\n"
                try tree.directory.write("home/ostler.yaml", limits)
                let output = try await tree.task(["head", "-c", "2000", "/dev/zero"], options: ["--json"]).json()
                #expect(output["outcome"]?.string == "limit", "\(output.text)")
                let tmp = try await tree.task(["sh", "-c", "head -c 3000000 /dev/zero > /tmp/big"])
                #expect(tmp.exitCode == 1)
                #expect(tmp.complaint.contains("No space left on device"), "\(tmp.complaint)")
                #expect(try await tree.task(["sleep", "100"]).exitCode == 4)
            }
        }

        @Test(arguments: [
            ("executors:\n  command:\n    allowed_comands: [ls]\n", 3, "allowed_commands"),
            ("executors:\n  command: {allowed_commands: ls}\n", 2, "allowed_commands"),
            ("sandbox:\n  profil: strict\n", 2, "profile"),
            ("sandbox:\n  limits: {memory: plenty}\n", 2, "memory"),
            ("executors: [\n", 2, ""),
            ("executors: {}\nexecutors: {}\n", 2, "executors"),
            ("tasks:\n\ttimeout: 1s\n", 2, ""),
        ])
        func `A bad config is told with line and column`(text: String, line: Int, part: String) async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", text)
                for arguments in [
                    ["run", "command", "--", "touch", "ran"], ["plugin", "list"], ["validate", "command"],
                ] {
                    let result = try await tree.run(arguments)
                    #expect(result.exitCode == 3, "\(result.complaint)")
                    #expect(result.complaint.contains("ostler.yaml:\(line):"), "\(text): \(result.complaint)")
                    #expect(result.complaint.contains(part), "\(result.complaint)")
                    #expect(result.text == "")
                }
            }
        }

        @Test
        func `A config that is named must exist`() async throws {
            try await withTree { tree in
                let result = try await tree.run(["run", "command", "--config", "nowhere.yaml", "--", "ls"])
                #expect(result.exitCode == 3)
                #expect(result.complaint.contains("nowhere.yaml"), "\(result.complaint)")
            }
        }

        @Test
        func `An executor that is switched off is not there`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", "executors: {command: {enabled: false}}\n")
                let result = try await tree.task(["ls"])
                #expect(result.exitCode == 3)
                #expect(result.complaint.contains("command"), "\(result.complaint)")
            }
        }
    }
}
