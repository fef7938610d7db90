internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// `resource.ensure` and `resource.monitor` of `ostler api`.
    @Suite(.sandboxed)
    struct ResourceRequestTests {
        private static func request(
            _ id: String,
            _ kind: String,
            _ properties: JSONValue,
            _ name: String = "resource.ensure"
        ) -> String {
            let members: [(String, JSONValue)] = [
                ("protocol", .string("io.ostler.v1.\(name).request")), ("id", .string(id)), ("type", .string(kind)),
                ("properties", properties),
            ]
            return JSONValue.object(JSONObject(members)).text + "\n"
        }

        /// A directory that requests may make resources below.
        private func root(_ tree: InstalledTree) throws -> String {
            for name in ["etc", "tmp"] { try tree.directory.makeDirectory("root/" + name) }
            return tree.directory.file("root")
        }

        private func ask(_ tree: InstalledTree, _ lines: [String], _ options: [String] = []) async throws
            -> [String: JSONValue]
        {
            let words = ["api", "--root", try root(tree)] + options
            let finished = try await tree.run(words, input: .text(lines.joined()))
            #expect(finished.exitCode == 0, "\(finished.complaint)")
            return try answers(finished)
        }

        private func answers(_ finished: Finished) throws -> [String: JSONValue] {
            Dictionary(try finished.results().map { ($0["id"]?.string ?? "", $0) }) { first, _ in first }
        }

        private static let config: JSONValue = ["name": "/etc/app.conf", "content": "x\n"]
        private static let reload: JSONValue = [
            "name": "reload", "command": "touch /tmp/reloaded", "refresh_only": true,
            "subscribe": ["file#/etc/app.conf"], "health_checks": [["command": "test -e /tmp/reloaded"]],
        ]

        @Test
        func `Resources are made one after another, and listen to those before them`() async throws {
            try await withTree { tree in
                let answers = try await ask(
                    tree,
                    [
                        Self.request("early", "exec", ["name": "late", "command": "true", "require": ["exec#never"]]),
                        Self.request("file", "file", Self.config), Self.request("exec", "exec", Self.reload),
                        Self.request("again", "file", Self.config), Self.request("quiet", "exec", Self.reload),
                        Self.request(
                            "task",
                            "task",
                            ["name": "t", "executor": "command", "payload": ["command": "id"]]
                        ),
                        Self.request("bad", "exec", ["name": "bad", "command": "false"]),
                        Self.request("unmet", "exec", ["name": "after", "command": "true", "require": ["exec#bad"]]),
                    ]
                )
                #expect(answers["early"]?["error"]?["code"]?.string == "unknown_reference")
                #expect(answers["early"]?["error"]?["pointer"]?.string == "/properties/require/0")
                let states = ["file", "exec", "again", "quiet", "task", "bad", "unmet"].map { id in
                    answers[id]?["result"]?["state"]?.string
                }
                #expect(
                    states == ["changed", "refreshed", "stable", "stable", "changed", "failed", "unmet_requirement"]
                )
                #expect(answers["file"]?["protocol"]?.string == "io.ostler.v1.resource.ensure.response")
                #expect(answers["exec"]?["result"]?["health_checks"]?.array?.first?["status"]?.string == "OK")
                #expect(answers["exec"]?["result"]?["isolation"]?["profile"]?.string == "strict")
                #expect(answers["bad"]?["result"]?["error"]?["code"]?.string == "desired_state_failed")
                #expect(access(tree.directory.file("root/tmp/reloaded"), F_OK) == 0)
                #expect(try String(decoding: tree.directory.read("root/etc/app.conf"), as: UTF8.self) == "x\n")
            }
        }

        /// What requests may not have, whatever the caller has.
        private static let refused: [(kind: String, properties: JSONValue, code: String)] = [
            ("exec", ["name": "true", "env_mode": "inherit"], "env_mode_denied"),
            ("exec", ["name": "true", "sandbox": ["profile": "host"]], "sandbox_denied"),
            ("task", ["name": "t", "executor": "nobody", "payload": [:]], "unknown_executor"),
            ("task", ["name": "p", "executor": "command", "payload": [:]], "missing_member"),
            ("file", ["name": "/etc/x", "source": "/usr/bin/env"], "no_such_file"),
            ("file", ["name": "/../../etc/passwd/x", "content": ""], "no_directory"),
        ]

        @Test
        func `What a request may not have is a failed resource, and nothing of it is done`() async throws {
            try await withTree { tree in
                let lines = Self.refused.enumerated().map { Self.request("r\($0)", $1.kind, $1.properties) }
                let answers = try await ask(tree, lines)
                for (index, refused) in Self.refused.enumerated() {
                    let result = answers["r\(index)"]?["result"]
                    #expect(result?["state"]?.string == "failed")
                    #expect(result?["error"]?["code"]?.string == refused.code, "\(answers["r\(index)"]?.text ?? "")")
                    #expect(result?["attempts"]?.int == 0)
                }
            }
        }

        private static let wrong: [(kind: String, properties: JSONValue, code: String, pointer: String)] = [
            ("exce", ["name": "x"], "unknown_type", "/type"),
            ("apply", ["name": "x.yaml"], "unknown_type", "/type"),
            ("exec", [:], "missing_key", "/properties"),
            ("exec", ["name": 3], "wrong_type", "/properties/name"),
            ("exec", ["name": "x", "comand": "y"], "unknown_key", "/properties/comand"),
            ("exec", ["name": "x", "timeout": "1"], "invalid_value", "/properties/timeout"),
            ("exec", ["name": "x", "subscribe": ["y"]], "invalid_value", "/properties/subscribe/0"),
            ("exec", ["name": "x", "require": ["exec#x"]], "reference_cycle", "/properties/require/0"),
            ("exec", ["name": "x", "health_checks": [["tries": 2]]], "missing_key", "/properties/health_checks/0"),
            ("file", ["name": "etc/x"], "invalid_name", "/properties"),
            ("file", ["name": "/x", "source": "here"], "invalid_value", "/properties/source"),
            ("task", ["name": "x", "executor": "command"], "invalid_value", "/properties/payload"),
        ]

        @Test
        func `What is wrong with a request is an error with its place, and the next one is read`() async throws {
            try await withTree { tree in
                let lines = Self.wrong.enumerated().map { Self.request("w\($0)", $1.kind, $1.properties) }
                let broken = "{\"protocol\": \"io.ostler.v1.resource.ensure.request\", \"id\": \"cut\", \"type\n"
                let bare = "{\"protocol\": \"io.ostler.v1.resource.ensure.request\", \"id\": \"bare\"}\n"
                let good = Self.request("good", "file", Self.config)
                let answers = try await ask(tree, lines + [broken, bare, good])
                for (index, wrong) in Self.wrong.enumerated() {
                    let error = answers["w\(index)"]?["error"]
                    #expect(error?["code"]?.string == wrong.code, "\(answers["w\(index)"]?.text ?? "\(index)")")
                    #expect(error?["pointer"]?.string == wrong.pointer, "\(error?.text ?? "\(index)")")
                }
                #expect(answers["line-\(lines.count + 1)"]?["error"]?["code"]?.string == "invalid_json")
                #expect(answers["bare"]?["error"]?["code"]?.string == "missing_type")
                #expect(answers["good"]?["result"]?["state"]?.string == "changed")
            }
        }

        @Test
        func `A name belongs to one resource`() async throws {
            try await withTree { tree in
                let answers = try await ask(
                    tree,
                    [
                        Self.request("a", "exec", ["name": "one", "command": "true", "alias": "two"]),
                        Self.request("b", "exec", ["name": "two", "command": "true"]),
                        Self.request("c", "exec", ["name": "three", "command": "true", "require": ["exec#two"]]),
                        Self.request("d", "file", ["name": "/etc//app/", "ensure": "directory"]),
                        Self.request("e", "file", ["name": "/f", "alias": "/etc/x/../app"]),
                        Self.request("f", "exec", ["name": "true", "require": ["file#/etc/./app"]]),
                    ]
                )
                // However its path is spelled, it is one file.
                #expect(answers["d"]?["result"]?["resource"]?.string == "file#/etc/app")
                #expect(answers["e"]?["error"]?["code"]?.string == "duplicate_name")
                #expect(answers["f"]?["result"]?["state"]?.string == "changed")
                #expect(answers["b"]?["error"]?["code"]?.string == "duplicate_name")
                #expect(answers["c"]?["result"]?["state"]?.string == "changed")
            }
        }

        @Test
        func `Without effects it is told what would be, from one request to the next`() async throws {
            try await withTree { tree in
                let lines = [Self.request("file", "file", Self.config), Self.request("exec", "exec", Self.reload)]
                let answers = try await ask(tree, lines, ["--noop", "--diff"])
                #expect(answers["file"]?["result"]?["message"]?.string == "Would have created the file")
                #expect(answers["file"]?["result"]?["diff"]?.string?.contains("+x") == true)
                #expect(answers["exec"]?["result"]?["message"]?.string == "Would have executed via subscribe")
                #expect(access(tree.directory.file("root/etc/app.conf"), F_OK) != 0)

                let alone: JSONValue = ["name": "opaque", "command": "touch /tmp/x", "noop": true]
                let after: JSONValue = ["name": "/etc/y", "content": "y", "noop": true]
                let mixed = try await ask(
                    tree,
                    [
                        Self.request("a", "exec", alone), Self.request("b", "file", after),
                        Self.request("c", "file", Self.config),
                    ]
                )
                #expect(mixed["a"]?["result"]?["message"]?.string == "Would have executed")
                // What was only asked for is not held against what is done.
                #expect(mixed["b"]?["result"]?["state"]?.string == "changed")
                #expect(mixed["c"]?["result"]?["noop"]?.bool == false)
            }
        }

        @Test
        func `Monitoring runs the health checks, and nothing else`() async throws {
            try await withTree { tree in
                let answers = try await ask(
                    tree,
                    [
                        Self.request("m", "exec", Self.reload, "resource.monitor"),
                        Self.request("f", "file", Self.config), Self.request("e", "exec", Self.reload),
                        Self.request("n", "exec", Self.reload, "resource.monitor"),
                    ]
                )
                #expect(answers["m"]?["protocol"]?.string == "io.ostler.v1.resource.monitor.response")
                #expect(answers["m"]?["result"]?["health_checks"]?.array?.first?["status"]?.string == "WARNING")
                #expect(answers["n"]?["result"]?["state"]?.string == "stable")
                #expect(answers["n"]?["result"]?["health_checks"]?.array?.first?["status"]?.string == "OK")
            }
        }

        @Test
        func `A resource is seen and can be cancelled, and the next ones are made`() async throws {
            try await withTree { tree in
                let root = try root(tree)
                let finished = try await onThread {
                    let child = try tree.start(["api", "--root", root], input: .open)
                    child.write(Self.request("long", "exec", ["name": "sleep 300"]))
                    child.write(Self.request("dropped", "exec", ["name": "touch /tmp/dropped"]))
                    child.write(Self.request("long", "exec", ["name": "true"]))
                    child.write(
                        Self.request("needy", "exec", ["name": "x", "command": "true", "require": ["exec#sleep 300"]])
                    )
                    child.write(
                        Self.request(
                            "orphan",
                            "exec",
                            ["name": "y", "command": "true", "require": ["exec#touch /tmp/dropped"]]
                        )
                    )
                    child.write(Self.request("next", "exec", ["name": "touch /tmp/next"]))
                    eventuallyOnThread("the resource as running") {
                        child.write(
                            #"{"protocol":"io.ostler.v1.task.status.request","properties":{"id":"long"}}"# + "\n"
                        )
                        child.serve(20)
                        return child.hasWritten(#""state":"running""#)
                    }
                    for id in ["dropped", "long"] {
                        child.write(
                            #"{"protocol":"io.ostler.v1.task.cancel.request","properties":{"id":"\#(id)"}}"# + "\n"
                        )
                    }
                    return child.finish()
                }
                #expect(finished.exitCode == 0, "\(finished.complaint)")
                let long = try finished.results().filter { $0["id"]?.string == "long" }
                #expect(long.compactMap { $0["error"]?["code"]?.string } == ["duplicate_id"])
                #expect(long.compactMap { $0["result"]?["state"]?.string } == ["failed"])
                let answers = try answers(finished)
                #expect(answers["dropped"]?["result"]?["error"]?["code"]?.string == "cancelled")
                #expect(answers["needy"]?["result"]?["state"]?.string == "unmet_requirement")
                #expect(answers["orphan"]?["result"]?["state"]?.string == "unmet_requirement")
                #expect(answers["next"]?["result"]?["state"]?.string == "changed")
                #expect(access(root + "/tmp/dropped", F_OK) != 0 && access(root + "/tmp/next", F_OK) == 0)
            }
        }

        @Test
        func `A signal ends the resource that is being made, and all of them are answered`() async throws {
            try await withTree { tree in
                let root = try root(tree)
                let finished = try await onThread {
                    let child = try tree.start(["api", "--root", root], input: .open)
                    child.write(
                        Self.request("long", "exec", ["name": "sh -c 'echo begun; sleep 300'", "logoutput": true])
                    )
                    child.write(Self.request("next", "exec", ["name": "touch /tmp/next"]))
                    eventuallyOnThread("the resource as running") {
                        child.serve(20)
                        return child.errors.contains("begun")
                    }
                    child.send(SIGTERM)
                    return child.finish(keepsInputOpen: true)
                }
                #expect(finished.exitCode == 143, "\(finished.complaint)")
                let answers = try answers(finished)
                for id in ["long", "next"] { #expect(answers[id]?["result"]?["state"]?.string == "failed", "\(id)") }
                #expect(access(root + "/tmp/next", F_OK) != 0)
            }
        }

        @Test
        func `Without a root no resource is made, and with one the sandbox has to show it`() async throws {
            try await withTree { tree in
                let line = Self.request("a", "file", Self.config)
                let finished = try await tree.run(["api"], input: .text(line))
                #expect(try answers(finished)["a"]?["error"]?["code"]?.string == "no_root")

                let root = try root(tree)
                for (words, code) in [
                    (["--root", root, "--sandbox", "host"], "sandbox_denied"),
                    (["--root", root + "/no"], "root_unavailable"),
                ] {
                    let refused = try await tree.run(["api"] + words, input: .text(line))
                    #expect(refused.exitCode == 3 && refused.complaint.contains(code), "\(refused.complaint)")
                }
                try tree.directory.write("ostler.yaml", "sandbox: {allow_host: true}\n")
                let host = ["--config", tree.directory.file("ostler.yaml"), "--sandbox", "host"]
                let open = try await tree.run(["api", "--root", root] + host, input: .text(line))
                #expect(open.exitCode == 3 && open.complaint.contains("no_view"), "\(open.complaint)")
                let usage = try await tree.run(["api", "--diff"], input: .text(line))
                #expect(usage.exitCode == 3)
            }
        }

        @Test
        func `The machine itself is a root, in the sandbox of the config and without one if the config says so`()
            async throws
        {
            try await withTree { tree in
                try tree.directory.write("ostler.yaml", "sandbox: {allow_host: true}\n")
                let host = ["--config", tree.directory.file("ostler.yaml"), "--sandbox", "host"]
                for (number, options) in [[], host].enumerated() {
                    let path = tree.directory.file("made\(number)")
                    let line = Self.request(
                        "a",
                        "exec",
                        ["name": "touch", "command": .string("touch \(path)"), "creates": .string(path)]
                    )
                    let again = Self.request(
                        "b",
                        "exec",
                        ["name": "again", "command": "false", "creates": .string(path)]
                    )
                    let finished = try await tree.run(["api", "--root", "/"] + options, input: .text(line + again))
                    let answers = try answers(finished)
                    #expect(answers["a"]?["result"]?["state"]?.string == "changed", "\(finished.text)")
                    #expect(answers["b"]?["result"]?["stable_by"]?.string == "creates")
                    let profile = answers["a"]?["result"]?["isolation"]?["profile"]?.string
                    #expect(profile == (number == 0 ? "strict" : "host"))
                }
            }
        }

        @Test func `A secret that a resource was given is masked in all that is told afterwards`() async throws {
            let secret = "s3cr3t-P4ssw0rd"
            try await withTree { tree in
                let path = try tree.directory.write("home/password", secret + "\n")
                try tree.directory.write("home/ostler.yaml", "secrets: {db: {file: \(path)}}\n")
                let grant: JSONValue = [["name": "db", "as": "env", "variable": "P"]]
                let lines = [
                    Self.request("one", "exec", ["name": "sh -c 'echo $P'", "logoutput": true, "secrets": grant]),
                    Self.request("two", "file", ["name": "/etc/app.conf", "content": .string("is \(secret)\n")]),
                    Self.request("three", "exec", ["name": .string("echo \(secret)"), "logoutput": true]),
                ]
                let words = ["api", "--root", try root(tree), "--diff"]
                let finished = try await tree.run(words, input: .text(lines.joined()))
                #expect(finished.exitCode == 0, "\(finished.complaint)")
                let states = try answers(finished).mapValues { $0["result"]?["state"]?.string }
                #expect(states == ["one": "changed", "two": "changed", "three": "changed"])
                #expect(!finished.text.contains(secret) && !finished.complaint.contains(secret))
                #expect(finished.text.contains("+is [secret db]") && finished.text.contains("exec#echo [secret db]"))
                #expect(finished.complaint.contains("[secret db]"))
            }
        }
    }
}
