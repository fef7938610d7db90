internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Manifests on a real machine: this one, and a root of the test's own.
    @Suite(.sandboxed)
    struct ApplyTests {
        /// The states of `apply --json` by resource.
        private func states(_ finished: Finished) throws -> [(resource: String, state: String)] {
            try finished.lines.compactMap { line in
                let object = try JSONValue(parsing: line)
                guard let name = object["resource"]?.string, let state = object["state"]?.string else { return nil }
                return (name, state)
            }
        }

        private func page(_ name: String) -> String {
            Surroundings.packageRoot() + "/Tests/Fixtures/apply/page/\(name).yaml"
        }

        // MARK: The page

        /// A root with what the examples of the page speak of; programs tell by files that they ran, and with what.
        private func pageRoot(_ tree: InstalledTree) throws -> String {
            for name in ["etc/app", "etc/nginx", "opt/app", "tmp", "var"] {
                try tree.directory.makeDirectory("root/" + name)
            }
            let local = "root/usr/local/bin/"
            try tree.directory.script(local + "systemctl", "#!/bin/sh\necho \"$*\" >> /var/systemctl\n")
            try tree.directory.script(local + "make", "#!/bin/sh\necho \"$1 $CC $CFLAGS in $PWD\" > /var/make\n")
            try tree.directory.script(local + "check-health", "#!/bin/sh\nexit $(cat /var/health)\n")
            try tree.directory.write("root/var/health", "2")
            return tree.directory.file("root")
        }

        @Test func `The example of creates unpacks an archive once`() async throws {
            try await withTree { tree in
                let root = try pageRoot(tree)
                try tree.directory.script("pack/app/bin/app", "#!/bin/sh\n")
                try Tool.run(
                    "/usr/bin/tar",
                    ["czf", root + "/tmp/app.tar.gz", "-C", tree.directory.file("pack"), "app"],
                    in: root
                )
                let words = ["apply", page("creates"), "--root", root]
                let first = try await tree.run(words)
                #expect(first.lines.first == "exec#extract-archive changed", "\(first.complaint)")
                #expect(access(root + "/opt/app/bin/app", X_OK) == 0)
                let second = try await tree.run(words)
                #expect(second.lines.first == "exec#extract-archive stable (creates)")
            }
        }

        @Test func `The examples of subscribe and refresh_only run when what they listen to changes`() async throws {
            try await withTree { tree in
                let root = try pageRoot(tree)
                let words = ["apply", page("subscribe"), "--root", root]
                let dry = try await tree.run(words + ["--noop"])
                let via = "exec#reload-app refreshed via file#/etc/app/config.yaml"
                #expect(dry.lines.dropFirst().first == via + ": Would have executed via subscribe")
                #expect(access(root + "/var/systemctl", F_OK) != 0)
                let first = try await tree.run(words)
                #expect(first.exitCode == 0 && first.lines.dropFirst().first == via)
                let second = try await tree.run(words)
                #expect(second.lines.dropFirst().first == "exec#reload-app stable (refresh_only)")
                #expect(
                    try String(decoding: tree.directory.read("root/var/systemctl"), as: UTF8.self) == "reload app\n"
                )
                #expect(try String(decoding: tree.directory.read("root/etc/app/config.yaml"), as: UTF8.self) == "...")

                let alone = try await tree.run(["apply", page("refresh-only"), "--root", root])
                #expect(alone.exitCode == 3 && alone.complaint.contains("unknown_reference"))
                let nginx = try tree.directory.write(
                    "nginx.yaml",
                    "- file:\n    - /etc/nginx/nginx.conf: {content: x}\n"
                )
                let both = try await tree.run(["apply", nginx, page("refresh-only"), "--root", root])
                #expect(
                    both.lines.dropFirst().first == "exec#reload-nginx refreshed via file#/etc/nginx/nginx.conf",
                    "\(both.complaint)"
                )
            }
        }

        @Test func `The examples of returns, environment and path do what the page says`() async throws {
            try await withTree { tree in
                let root = try pageRoot(tree)
                let health = try await tree.run(["apply", page("returns"), "--root", root, "--json"])
                #expect(health.exitCode == 0 && health.text.contains(#""exit_code":2"#), "\(health.complaint)")
                try tree.directory.write("root/var/health", "3")
                let ill = try await tree.run(["apply", page("returns"), "--root", root])
                #expect(ill.exitCode == 1)
                #expect(ill.text.contains("exit code 3: exit code 3 not in allowed returns [0, 1, 2]"))
                let build = try await tree.run(["apply", page("environment-and-path"), "--root", root])
                #expect(build.exitCode == 0, "\(build.complaint)")
                #expect(
                    try String(decoding: tree.directory.read("root/var/make"), as: UTF8.self)
                        == "build gcc -O2 in /opt/app\n"
                )
            }
        }

        // MARK: Convergence

        /// Twenty files, and as many commands that listen to them or to each other.
        private func forty(_ place: String) -> String {
            var text = ""
            for index in 0..<20 {
                text += "- file:\n    - \(place)/f\(index): {content: \"file \(index)\\n\"}\n"
                let source = index % 3 == 2 ? "exec#x\(index - 1)" : "file#\(place)/f\(index)"
                text += "- exec:\n    - x\(index):\n        command: touch \(place)/x\(index)\n"
                text += "        creates: \(place)/x\(index)\n        subscribe: [\"\(source)\"]\n"
            }
            return text
        }

        @Test func `Forty resources converge, noop agrees, and one file more is one file and who listens to it`()
            async throws
        {
            try await withTree { tree in
                let place = try tree.directory.makeDirectory("place")
                let manifest = try tree.directory.write("site.yaml", forty(place))
                func changed(_ options: [String] = []) async throws -> [String] {
                    let run = try await tree.run(["apply", manifest, "--json"] + options)
                    #expect(run.exitCode == 0, "\(run.complaint)")
                    return try states(run).filter { $0.state != "stable" }.map { "\($0.resource) \($0.state)" }
                }
                let dry = try await changed(["--noop"])
                #expect(namesOfDirectory(place).isEmpty)
                let first = try await changed()
                #expect(first.count == 40 && first == dry)
                #expect(try await changed(["--noop"]) == [])
                #expect(try await changed() == [])
                unlink(place + "/f4")
                let expected = ["file#\(place)/f4 changed", "exec#x4 refreshed", "exec#x5 refreshed"]
                #expect(try await changed(["--noop"]) == expected)
                #expect(try await changed(["--check-idempotent"]) == expected)
            }
        }

        @Test func `A second pass is a real one, and what it changes again is named`() async throws {
            try await withTree { tree in
                let place = try tree.directory.makeDirectory("place")
                func run(_ text: String) async throws -> Finished {
                    let text = text.replacing("PLACE", with: place)
                    return try await tree.run(["apply", "-", "--check-idempotent", "--json"], input: .text(text))
                }
                func changedAgain(_ run: Finished) throws -> [String] {
                    let summary = try run.lines.last.map { try JSONValue(parsing: $0)["summary"] }
                    return summary??["changed_again"]?.array?.compactMap(\.string) ?? []
                }
                let log = "- exec: [{log: {command: echo x >> PLACE/log, provider: shell}}]\n"
                let twice = try await run(log)
                #expect(try twice.exitCode == 1 && changedAgain(twice) == ["exec#log"])
                #expect(twice.complaint.contains("not idempotent: a second pass did again: exec#log"))
                #expect(try String(decoding: tree.directory.read("place/log"), as: UTF8.self) == "x\nx\n")

                // Asked without effects, nothing could be said of a file behind a command that says nothing of itself.
                let quarrel = """
                    - file: [{PLACE/f: {content: a}}]
                    - exec: [{overwrite: {command: echo b > PLACE/f, provider: shell, unless: grep -q b PLACE/f}}]
                    """
                let fight = try await run(quarrel)
                #expect(try changedAgain(fight) == ["file#\(place)/f", "exec#overwrite"], "\(fight.complaint)")

                // Resources that are never done are not done again.
                let quiet = try await run("- exec: [{\"true\": {noop: true}}]\n- file: [{PLACE/g: {content: a}}]\n")
                #expect(try quiet.exitCode == 0 && changedAgain(quiet) == [], "\(quiet.complaint)")
            }
        }

        @Test func `What is noop itself is told apart from what was done, with and without effects`() async throws {
            try await withTree { tree in
                let place = try tree.directory.makeDirectory("place")
                let text = "- file: [{\(place)/f: {content: a, noop: true}}, {\(place)/g: {content: a}}]\n"
                for (words, end) in [(["--noop"], " (noop: nothing was done)"), ([], "")] {
                    let run = try await tree.run(["apply", "-"] + words, input: .text(text))
                    #expect(run.lines.last == "2 resources: 1 changed, 1 noop" + end)
                }
                let again = try await tree.run(["apply", "-", "--json"], input: .text(text))
                let summary = try JSONValue(parsing: #require(again.lines.last))["summary"]
                #expect(summary?["changed"]?.int == 0 && summary?["noop_resources"]?.int == 1)
                #expect(summary?["stable"]?.int == 1 && summary?["resources"]?.int == 2)
            }
        }

        @Test func `Killed at any moment it converges the next time, and no file is ever half written`() async throws {
            let kills = Surroundings.environment("OSTLER_LONG") == "1" ? 50 : 5
            try await withTree { tree in
                let place = try tree.directory.makeDirectory("place")
                let line = String(repeating: "0123456789abcdef", count: 4096)
                var text = ""
                for index in 0..<12 { text += "- file:\n    - \(place)/f\(index): {content: \"\(line)\"}\n" }
                let manifest = try tree.directory.write("site.yaml", text + forty(place).replacing("/f", with: "/g"))
                var random = SeededGenerator(seed: 3)
                for round in 0..<kills {
                    for name in namesOfDirectory(place) where Bool.random(using: &random) { unlink(place + "/" + name) }
                    let wanted = Int.random(in: 1...20, using: &random)
                    try await onThread {
                        let child = try tree.start(["apply", manifest])
                        _ = eventuallyOnThread { child.output.count { $0 == "\n" } >= wanted || child.hasEnded }
                        child.send(SIGKILL)
                        _ = child.finish()
                    }
                    for index in 0..<12 {
                        guard let bytes = try? contents(ofFile: place + "/f\(index)") else { continue }
                        #expect(bytes.count == line.utf8.count, "round \(round): f\(index) is cut off")
                    }
                }
                let last = try await tree.run(["apply", manifest, "--check-idempotent"])
                #expect(last.exitCode == 0, "\(last.complaint)")
                #expect(namesOfDirectory(place).count == 52, "\(namesOfDirectory(place))")
            }
        }

        // MARK: Exit codes and modes

        @Test(arguments: [
            ("- exec: [{\"true\": }]", [], 0), ("- exec: [{\"false\": }]", [], 1),
            ("- exec: [{\"false\": }, {\"true\": }]", [], 2), ("- exec: [{\"false\": {creates: x, cread: y}}]", [], 3),
            ("- exec: [{sleep 60: {timeout: 200ms}}]", [], 4), ("- exec: [{no-such-program: }]", [], 1),
            ("- exec: [{\"true\": {sandbox: {profile: strict}, env_mode: clean}}]", [], 0),
            ("- exec: [{\"true\": }]", ["--check-idempotent"], 1), ("- exec: [{\"false\": }]", ["--noop"], 0),
            ("- exec: [{\"true\": {health_checks: [{command: \"sh -c 'exit 1'\"}]}}]", [], 2),
            ("- task: [{t: {executor: nothing, payload: {}}}]", [], 3),
            ("- exec: [{\"true\": }]", ["--root", "/nowhere/at/all"], 3), ("[]", [], 0),
            ("- exec: [{\"true\": {sandbox: {profile: host}}}]", ["--sandbox", "strict"], 3),
        ])
        func `Exit codes are those of the table`(_ text: String, _ options: [String], _ code: Int32) async throws {
            try await withTree { tree in
                let run = try await tree.run(["apply", "-"] + options, input: .text(text))
                #expect(run.exitCode == code, "\(run.text)\(run.complaint)")
            }
        }

        @Test func `An interrupt ends what runs, and tells what was not reached`() async throws {
            try await withTree { tree in
                let marker = Marker()
                let text =
                    "- exec:\n    - sh -c 'setsid sleep \(marker.seconds) & sleep \(marker.seconds)':\n    - \"true\":\n"
                let manifest = try tree.directory.write("site.yaml", text)
                let finished = try await onThread {
                    let child = try tree.start(["apply", manifest])
                    _ = marker.waitFor(2)
                    child.send(SIGINT)
                    return child.finish()
                }
                #expect(finished.exitCode == 130)
                #expect(finished.text.contains("1 not reached"))
                #expect(marker.processes.isEmpty)
            }
        }

        @Test func `A time-out ends all that was started`() async throws {
            try await withTree { tree in
                let marker = Marker()
                let line = "setsid sleep \(marker.seconds) & sleep \(marker.seconds)"
                let text = "- exec:\n    - \(line):\n        provider: shell\n        timeout: 10s\n"
                let manifest = try tree.directory.write("site.yaml", text)
                let run = try await onThread {
                    let child = try tree.start(["apply", manifest])
                    #expect(marker.waitFor(2), "\(child.errors)")
                    return child.finish()
                }
                #expect(run.exitCode == 4, "\(run.complaint)")
                #expect(marker.processes.isEmpty)
            }
        }

        @Test func `Output is logged line by line, both streams, however long the lines`() async throws {
            try await withTree { tree in
                let line = "echo one; echo; echo two >&2; head -c 100000 /dev/zero | tr '\\0' x"
                let text =
                    "- exec:\n    - talk: {command: \"\(line.replacing("\\", with: "\\\\"))\", provider: shell, logoutput: true}\n"
                let run = try await tree.run(["apply", "-", "--log-format", "json"], input: .text(text))
                let messages = try run.complaint.split(separator: "\n").map {
                    try JSONValue(parsing: String($0))["message"]?.string ?? ""
                }
                #expect(run.exitCode == 0)
                #expect(messages.contains("one") && messages.contains("two") && messages.contains(""))
                #expect(messages.contains { $0.utf8.count == 100_000 })
            }
        }

        @Test func `Commands have the caller's environment, unless somebody says otherwise`() async throws {
            try await withTree { tree in
                let out = tree.directory.file("out")
                func seen(_ properties: String, _ options: [String] = []) async throws -> String {
                    let text =
                        "- exec:\n    - echo $MINE,$OWN > \(out): {provider: shell, environment: [OWN=o]\(properties)}\n"
                    let run = try await tree.run(["apply", "-"] + options, environment: ["MINE=m"], input: .text(text))
                    #expect(run.exitCode == 0, "\(run.complaint)")
                    return String(decoding: try contents(ofFile: out), as: UTF8.self)
                }
                #expect(try await seen("") == "m,o\n")
                #expect(try await seen(", env_mode: minimal") == ",o\n")
                #expect(try await seen(", env_mode: clean") == ",o\n")
                let task = #"{"executor": "command", "payload": {"command": "true"}, "env_mode": "inherit"}"#
                let refused = try await tree.run(["run", "--file", "-"], input: .text(task))
                #expect(refused.exitCode == 3)
            }
        }

        @Test func `The config's own profile is the widest, and the certificate tells which it was`() async throws {
            try await withTree { tree in
                let text = "- exec: [{\"true\": }]"
                func profile(_ options: [String] = []) async throws -> String? {
                    let run = try await tree.run(["apply", "-", "--json"] + options, input: .text(text))
                    return try run.lines.first.flatMap { try JSONValue(parsing: $0)["isolation"]?["profile"]?.string }
                }
                #expect(try await profile() == "host")
                #expect(try await profile(["--sandbox", "strict"]) == "strict")
                try tree.directory.write("home/ostler.yaml", "sandbox: {profile: strict}\n")
                #expect(try await profile() == "strict")
            }
        }

        @Test func `Under a root, commands see it and not the machine`() async throws {
            try await withTree { tree in
                let root = try tree.directory.makeDirectory("root")
                try tree.directory.makeDirectory("root/opt")
                let text = """
                    - exec:
                        - touch /opt/made: {creates: /opt/made}
                        - test ! -e \(tree.home):
                    """
                let run = try await tree.run(["apply", "-", "--root", root, "--check-idempotent"], input: .text(text))
                #expect(run.text.contains("exec#touch /opt/made changed") && run.text.contains("test ! -e"))
                #expect(access(root + "/opt/made", F_OK) == 0)
                let wide = try await tree.run(["apply", "-", "--root", root, "--sandbox", "host"], input: .text(text))
                #expect(wide.exitCode == 3 && wide.complaint.contains("no_view"))
            }
        }
    }
}
