internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// What `apply` tells of what went wrong, and what it refuses before anything is done.
    @Suite(.sandboxed)
    struct ApplyFailureTests {
        private func apply(_ tree: InstalledTree, _ manifest: String, _ options: [String] = []) async throws -> (
            finished: Finished, resources: [JSONValue]
        ) {
            let finished = try await tree.run(["apply", "-", "--json"] + options, input: .text(manifest))
            return (finished, try finished.lines.map { try JSONValue(parsing: $0) }.filter { $0["resource"] != nil })
        }

        @Test
        func `A guard below a root changes nothing there, and its command may`() async throws {
            try await withTree { tree in
                try tree.directory.makeDirectory("root/srv")
                let root = tree.directory.file("root")
                let text = """
                    - exec:
                        - a: {command: touch /srv/made, unless: touch /srv/asked}
                        - b: {command: 'true', onlyif: sh -c 'ls /sys/class/net | grep -qv lo'}
                    """
                let (finished, resources) = try await apply(tree, text, ["--root", root])
                #expect(finished.exitCode == 0, "\(finished.complaint)")
                #expect(resources.map { $0["state"]?.string } == ["changed", "stable"])
                #expect(access(root + "/srv/made", F_OK) == 0 && access(root + "/srv/asked", F_OK) != 0)
            }
        }

        @Test
        func `A person is shown what differs, and a terminal obeys none of it`() async throws {
            try await withTree { tree in
                let path = try tree.directory.write("f", "a\tb\nplain\n")
                let text = "- file: [{\(path): {content: \"a\\tb\\n\\e[2Jred\\n\"}}]"
                let shown = try await tree.run(["apply", "-", "--noop", "--diff"], input: .text(text))
                #expect(shown.lines.contains(" a\tb") && shown.lines.contains("-plain"), "\(shown.text)")
                #expect(shown.lines.contains("+\\u001b[2Jred"), "\(shown.text)")
            }
        }

        @Test
        func `A refused command is told at the member that the manifest has`() async throws {
            try await withTree { tree in
                try tree.directory.write("home/ostler.yaml", "executors: {command: {blocked_commands: [rm]}}\n")
                for command in ["", ", command: rm /x"] {
                    let text = "- exec: [{rm /x: {cwd: /\(command)}}]"
                    let finished = try await tree.run(["apply", "-"], input: .text(text))
                    #expect(finished.exitCode == 3, "\(finished.complaint)")
                    #expect(finished.complaint.contains("[command_denied at /command]"), "\(finished.complaint)")
                }
            }
        }

        @Test(arguments: [
            ("command: touch MADE, onlyif: sleep 60, timeout: 300ms", "guard_timeout", "timeout_ms", "none"),
            // Neither guard takes too long by itself.
            (
                "command: touch MADE, onlyif: sleep 0.2, unless: \"sh -c 'sleep 0.2; exit 1'\", timeout: 300ms",
                "guard_timeout", "timeout_ms", "none"
            ),
            ("command: sleep 60, timeout: 10s", "timeout", "timeout_ms", "possible"),
            ("command: sleep 60, run_timeout: 300ms", "run_timeout", "run_timeout_ms", "possible"),
        ])
        func `A time-out has the code, the limit and the advice that it has of a task`(
            _ properties: String,
            _ code: String,
            _ limit: String,
            _ effects: String
        ) async throws {
            try await withTree { tree in
                let made = tree.directory.file("made")
                let text = "- exec: [{a: {\(properties.replacing("MADE", with: made))}}]"
                let (finished, resources) = try await apply(tree, text)
                let error = resources.first?["error"]
                #expect(finished.exitCode == 4)
                #expect(error?["code"]?.string == code && error?["side_effects"]?.string == effects, "\(finished.text)")
                #expect(
                    error?["limit"]?["name"]?.string == limit
                        && error?["limit"]?["limit"]?.int == (code == "timeout" ? 10_000 : 300)
                )
                #expect(error?["hint"]?.string?.hasPrefix("raise the task's ") == true)
                #expect(access(made, F_OK) != 0)
            }
        }

        @Test func `A run's own limit does not end its guards`() async throws {
            try await withTree { tree in
                let guards = "onlyif: sh -c 'sleep 2.1', run_timeout: 2s"
                let (finished, resources) = try await apply(tree, "- exec: [{\"true\": {\(guards)}}]")
                #expect(resources.first?["onlyif_satisfied"] == true, "\(finished.text)")
                #expect(finished.exitCode == 0)
            }
        }

        @Test func `An exit code that counts as success by creates is a warning`() async throws {
            try await withTree { tree in
                let path = tree.directory.file("made")
                let text = "- exec: [{a: {command: sh -c 'touch \(path); exit 3', creates: \(path)}}]"
                let run = try await tree.run(["apply", "-", "--log-format", "json"], input: .text(text))
                #expect(run.exitCode == 0)
                let lines = try run.complaint.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
                let warnings = lines.filter { $0["level"]?.string == "warn" }.map { $0["message"]?.string }
                #expect(warnings == ["\(path) exists, so exit code 3 counts as success"], "\(run.complaint)")
            }
        }

        @Test func `Programs of guards and checks are refused before anything is done`() async throws {
            try await withTree { tree in
                let made = tree.directory.file("made")
                try tree.directory.write("home/ostler.yaml", "executors: {command: {blocked_commands: [id]}}\n")
                let text = """
                    - file: [{\(made): {content: x, health_checks: [{command: "true"}, {command: id}]}}]
                    - exec:
                        - a: {command: "true", onlyif: id}
                        - b: {command: "true", unless: id -u}
                        - c: {command: "true", onlyif: no-such-program}
                    """
                for options in [[], ["--noop"]] {
                    let words = ["apply", "-", "--log-format", "json"] + options
                    let run = try await tree.run(words, input: .text(text))
                    #expect(run.exitCode == 3 && run.text.isEmpty)
                    let lines = try run.complaint.split(separator: "\n").map { try JSONValue(parsing: String($0)) }
                    let denials = lines.filter { $0["code"]?.string == "command_denied" }
                    #expect(
                        denials.map { $0["pointer"]?.string } == ["/health_checks/1", "/onlyif", "/unless"],
                        "\(run.complaint)"
                    )
                    #expect(access(made, F_OK) != 0)
                }
                let request = #"{"protocol":"io.ostler.v1.resource.ensure.request","id":"r","type":"exec","#
                let exec = request + #""properties":{"name":"true","onlyif":"id"}}"# + "\n"
                try tree.directory.makeDirectory("root")
                let api = try await tree.run(["api", "--root", tree.directory.file("root")], input: .text(exec))
                let error = try api.results().first?["result"]?["error"]
                #expect(error?["code"]?.string == "command_denied" && error?["pointer"]?.string == "/properties/onlyif")
            }
        }

        @Test func `A guard that cannot be asked is told as one`() async throws {
            try await withTree { tree in
                let loop = tree.directory.file("loop")
                #expect(symlink("loop", loop) == 0)
                let text = """
                    - exec:
                        - a: {command: "true", creates: \(loop)/x}
                        - b: {command: "true", onlyif: no-such-program, provider: shell}
                        - c: {command: "true", unless: /etc/passwd, provider: shell}
                    """
                let (finished, resources) = try await apply(tree, text)
                let errors = resources.map { $0["error"] }
                #expect(
                    errors.map { $0?["code"]?.string } == [
                        "guard_unanswered", "guard_not_started", "guard_not_started",
                    ],
                    "\(finished.text)"
                )
                #expect(errors.allSatisfy { $0?["side_effects"]?.string == "none" })
                #expect(errors[0]?["message"]?.string?.contains("Too many levels of symbolic links") == true)
                #expect(errors[1]?["message"]?.string?.contains("not found") == true)
                #expect(finished.exitCode == 1)
            }
        }

        @Test func `What an earlier resource would make is not held against a guard without effects`() async throws {
            try await withTree { tree in
                let place = tree.directory.file("sub")
                let text = """
                    - file: [{\(place): {ensure: directory}}]
                    - exec: [{in: {command: "true", cwd: \(place), onlyif: "true"}}]
                    """
                let (dry, told) = try await apply(tree, text, ["--noop"])
                #expect(dry.exitCode == 0 && told.last?["state"]?.string == "unknown", "\(dry.text)")
                #expect(told.last?["message"]?.string?.contains("would fail as things are: ") == true)
                #expect(try await apply(tree, text).resources.map { $0["state"]?.string } == ["changed", "changed"])
                // What is there already is not changed before it.
                let wrong = try await apply(tree, text.replacing("cwd: \(place)", with: "cwd: /no"), ["--noop"])
                #expect(wrong.resources.map { $0["state"]?.string } == ["stable", "failed"], "\(wrong.finished.text)")
            }
        }

        @Test func `What would end the same way is not tried again`() async throws {
            try await withTree { tree in
                let text = """
                    - exec:
                        - no-such-program: {retry: {attempts: 3, min: 1ms}}
                        - "false": {retry: {attempts: 2, min: 1ms}}
                    - task:
                        - t: {executor: command, payload: {command: "false"}, retry: {attempts: 2, min: 1ms}}
                    """
                let (finished, resources) = try await apply(tree, text)
                #expect(resources.map { $0["attempts"]?.int } == [1, 2, 1], "\(finished.text)")
            }
        }

        @Test func `A root that is not there is a wrong command line`() async throws {
            try await withTree { tree in
                let file = try tree.directory.write("file", "")
                for root in ["nosuch", file] {
                    for words in [["apply", "-", "--root", root], ["api", "--root", root]] {
                        let run = try await tree.run(words, input: .text("[]"))
                        #expect(run.exitCode == 3, "\(run.complaint)")
                        #expect(run.complaint.contains("--root \"\(root)\": "), "\(run.complaint)")
                        #expect(run.complaint.contains("root_unavailable"))
                        #expect(run.complaint.contains("name a directory that is there"), "\(run.complaint)")
                    }
                }
            }
        }
    }
}
