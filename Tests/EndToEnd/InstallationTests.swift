internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// The installed tree finds its own parts; a part that is missing is told.
    @Suite(.sandboxed)
    struct InstallationTests {
        @Test
        func `Launcher and plugins are found without being told`() async throws {
            try await withTree { tree in
                var command = tree.command(["run", "command", "--", "echo", "found"])
                command.environment = []
                let bare = try await tree.run(command)
                #expect(bare.text == "found\n", "\(bare.complaint)")
                symlink(tree.program, tree.home + "/link")
                command.program = tree.home + "/link"
                let linked = try await tree.run(command)
                #expect(linked.text == "found\n", "\(linked.complaint)")
            }
        }

        @Test
        func `A tree that was moved works where it is now`() async throws {
            try await withTree { tree in
                #expect(rename(tree.prefix, tree.directory.file("moved")) == 0)
                var command = tree.command(["run", "command", "--", "echo", "moved"])
                command.program = tree.directory.file("moved/bin/ostler")
                let result = try await tree.run(command)
                #expect(result.text == "moved\n", "\(result.complaint)")
            }
        }

        @Test
        func `A missing launcher is a sandbox error with a hint`() async throws {
            try await withTree { tree in
                #expect(unlink(tree.launcher) == 0)
                let result = try await tree.task(["true"])
                #expect(result.exitCode == 5)
                #expect(result.complaint.contains("hint: there is no ostler-launch there: install Ostler again"))
                let json = try await tree.task(["true"], options: ["--json"]).json()
                #expect(json["outcome"]?.string == "sandbox_error")
                #expect(json["error"]?["side_effects"]?.string == "none")
                let doctor = try await tree.run(["doctor"])
                #expect(doctor.exitCode == 5)
                #expect(doctor.text.contains("install Ostler again"), "\(doctor.text)")
                let health = try await tree.run(["health"])
                #expect(health.exitCode == 5, "\(health.text)")
            }
        }

        @Test
        func `A launcher that is no launcher is a sandbox error`() async throws {
            try await withTree { tree in
                #expect(unlink(tree.launcher) == 0)
                try tree.directory.write("prefix/libexec/ostler/ostler-launch", "#!/bin/sh\nexit 1\n", mode: 0o755)
                let result = try await tree.task(["true"])
                #expect(result.exitCode == 5)
                #expect(result.complaint.contains("the launcher ended unexpectedly"), "\(result.complaint)")
            }
        }

        @Test
        func `A missing plugin program is an executor at fault`() async throws {
            try await withTree { tree in
                #expect(unlink(tree.plugin + "/bin/ostler-plugin-command") == 0)
                let result = try await tree.task(["true"])
                #expect([3, 5].contains(result.exitCode), "\(result.complaint)")
                #expect(result.complaint.contains("ostler-plugin-command"), "\(result.complaint)")
            }
        }

        @Test(.asRoot)
        func `An ordinary user runs commands as himself`() async throws {
            try await withTree(user: 12345) { tree in
                let result = try await tree.task(["sh", "-c", "id -u; echo err >&2; cat"], input: .text("in"))
                #expect(result.text.hasSuffix("in"), "\(result.complaint)")
                #expect(result.complaint.hasPrefix("err\n"), "\(result.complaint)")
                #expect(result.exitCode == 0, "\(result.complaint)")
                let json = try await tree.task(["sh", "-c", "kill -9 $$"], options: ["--json"]).json()
                #expect(json["signal"]?.int == 9)
                #expect(json["principal"]?.string == "uid:12345")
                let layers = json["isolation"]?["layers"]?.array ?? []
                let required = layers.filter { $0["asked"]?.string == "required" }
                #expect(required.count >= 18)
                #expect(required.allSatisfy { $0["enforced"]?.bool == true }, "\(required)")
                let late = try await tree.task(["sleep", "100"], options: ["--timeout", "200ms"])
                #expect(late.exitCode == 4)
            }
        }
    }
}
