internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Guards and health checks of resources, whoever executes them.
    @Suite(.sandboxed, .needs("/usr/bin/python3"))
    struct ApplyGuardTests {
        /// Resources of the kind `task`, each with members of its own.
        private func tasks(_ executor: GuardedExecutor, _ payload: JSONValue, _ members: [JSONValue]) -> String {
            let resources = members.enumerated().map { index, guards in
                var object = JSONObject([("executor", .string(executor.name)), ("payload", payload)])
                for (key, value) in guards.object?.members ?? [] { object[key] = value }
                return JSONValue.object(JSONObject([("t\(index)", .object(object))]))
            }
            return JSONValue.array([["task": .array(resources)]]).text
        }

        private func apply(_ tree: InstalledTree, _ manifest: String, _ options: [String] = []) async throws -> (
            finished: Finished, resources: [JSONValue]
        ) {
            let words = ["apply", "-", "--json", "--plugin-path", "plugins"] + options
            let finished = try await tree.run(words, input: .text(manifest))
            return (finished, try finished.lines.map { try JSONValue(parsing: $0) }.filter { $0["resource"] != nil })
        }

        @Test
        func `The same guards decide the same for a command, a function of C and a plugin in Python`() async throws {
            try await withTree { tree in
                try GuardedExecutor.install(tree)
                for executor in GuardedExecutor.all {
                    let manifest = tasks(executor, executor.good, GuardRow.all.map(\.guards))
                    let (finished, resources) = try await apply(tree, manifest)
                    #expect(finished.exitCode == 2, "\(finished.complaint)")
                    try #require(resources.count == GuardRow.all.count)
                    for (row, resource) in zip(GuardRow.all, resources) {
                        let told = "\(executor.name) \(row.guards.text): \(resource.text)"
                        let ran = row.effect == nil && row.code?.hasPrefix("guard") != true
                        let state = row.effect ?? (row.outcome == "failed" ? "failed" : "changed")
                        #expect(resource["state"]?.string == state, "\(told)")
                        #expect(resource["stable_by"]?.string == (row.effect == "stable" ? row.by : nil), "\(told)")
                        #expect(resource["error"]?["code"]?.string == row.code, "\(told)")
                        #expect(resource["attempts"]?.int == (ran ? 1 : 0), "\(told)")
                        #expect((resource["isolation"] != nil) == ran, "\(told)")
                    }
                }
            }
        }

        @Test
        func `Exit codes are judged alike whoever executes`() async throws {
            try await withTree { tree in
                try GuardedExecutor.install(tree)
                let guards: [JSONValue] = [["returns": [0, 1]], ["returns": [0, 2]], ["creates": "/usr/no/such"]]
                for executor in GuardedExecutor.all {
                    let (finished, resources) = try await apply(tree, tasks(executor, executor.bad, guards))
                    #expect(finished.exitCode == 2)
                    #expect(
                        resources.map { $0["state"]?.string } == ["changed", "failed", "failed"],
                        "\(finished.text)"
                    )
                    #expect(resources.allSatisfy { $0["exit_code"]?.int == 1 }, "\(finished.text)")
                }
            }
        }

        /// Not services alone: whatever is executed may listen, and whatever can change may be listened to.
        @Test
        func `Files, commands and tasks of any executor refresh each other`() async throws {
            try await withTree { tree in
                try GuardedExecutor.install(tree)
                let listeners = GuardedExecutor.all.map { executor in
                    let members = "executor: \(executor.name), payload: \(executor.good.text), refresh_only: true"
                    return "- task: [{\(executor.name): {\(members), subscribe: [exec#first]}}]\n"
                }
                let manifest = """
                    - file: [{\(tree.home)/f: {content: x}}]
                    - exec: [{first: {command: "true", refresh_only: true, subscribe: ["file#\(tree.home)/f"]}}]
                    \(listeners.joined())
                    - exec: [{last: {command: "true", refresh_only: true, subscribe: [task#chdir, task#answer]}}]
                    """
                let first = try await apply(tree, manifest)
                let states = first.resources.map { $0["state"]?.string }
                #expect(
                    states == ["changed", "refreshed", "refreshed", "refreshed", "refreshed", "refreshed"],
                    "\(first.finished.text)\(first.finished.complaint)"
                )
                let second = try await apply(tree, manifest)
                #expect(second.resources.allSatisfy { $0["state"] == "stable" }, "\(second.finished.text)")
            }
        }

        // MARK: Health checks

        @Test
        func `A check that cannot be run or does not end is one check, unknown, and told under its own name`()
            async throws
        {
            try await withTree { tree in
                let sinks = Sinks(tree: tree)
                let manifest = """
                    - exec:
                        - a: {command: "true", health_checks: [{command: no-such-program -v}, {command: "true"}]}
                        - b: {command: "true", health_checks: [{command: sleep 60, name: slow, timeout: 200ms}]}
                        - c: {command: "true", health_checks: [{command: sh -c 'kill -9 $$', format: nagios}]}
                        - d: {command: "true"}
                    """
                let (finished, resources) = try await apply(
                    tree,
                    manifest,
                    ["--log-format", "json", "--log-level", "debug"] + Sinks.options
                )
                #expect(finished.exitCode == 2, "\(finished.complaint)")
                try sinks.judge()
                let checks = resources.map { resource in
                    (resource["health_checks"]?.array ?? []).map {
                        "\($0["name"]?.string ?? "") \($0["status"]?.string ?? "")"
                    }
                }
                #expect(checks == [["no-such-program UNKNOWN", "true OK"], ["slow UNKNOWN"], ["sh UNKNOWN"], []])
                #expect(resources.map { $0["state"]?.string } == ["failed", "failed", "failed", "changed"])
                let messages = resources.compactMap { $0["error"]?["message"]?.string }
                for (message, name) in zip(messages, ["no-such-program", "slow", "sh"]) {
                    #expect(message.hasPrefix("health check status \"UNKNOWN\": \(name): "), "\(message)")
                }
                // The format of a check is its own, in whatever is told of it.
                let files = try Sinks.files.map { try sinks.text($0) }
                #expect((files + [finished.text, finished.complaint]).allSatisfy { !$0.contains("goss") })
            }
        }

        /// It was changed, and that it is not well came out afterwards.
        @Test
        func `What changed and then failed is counted as failed alone`() async throws {
            try await withTree { tree in
                let sinks = Sinks(tree: tree)
                let manifest = """
                    - file: [{\(tree.home)/f: {content: x, health_checks: [{command: "false", warning: failed}]}}]
                    - exec: [{a: {command: "true", health_checks: [{command: sh -c 'exit 2'}]}}]
                    """
                let (finished, resources) = try await apply(tree, manifest, Sinks.options)
                #expect(finished.exitCode == 1, "\(finished.complaint)")
                #expect(resources.map { $0["state"]?.string } == ["failed", "failed"])
                for kind in ["file", "exec"] {
                    let events = #"ostler_events_total{action="apply",kind="\#(kind)",state="#
                    #expect(try sinks.metric(events + #""failed"}"#) == "1")
                    #expect(try sinks.metric(events + #""changed"}"#) == nil)
                }
                let summary = try finished.lines.last.map { try JSONValue(parsing: $0)["summary"] }
                #expect(summary??["failed"]?.int == 2 && summary??["changed"]?.int == 0)
                #expect(try sinks.report()["metrics"]?["states"] == ["failed": 2])
            }
        }

        // MARK: The page

        /// In a namespace of its own, where `/usr/bin` has one program more.
        @Test(.asRoot)
        func `The example of names and commands runs the same program twice`() async throws {
            try await withTree { tree in
                let page = Surroundings.packageRoot() + "/Tests/Fixtures/apply/page/command-and-name.yaml"
                let myapp = try tree.directory.script("myapp", "#!/bin/sh\necho \"$*\" >> \"$HOME/ran\"\n")
                let real = try tree.directory.makeDirectory("real")
                let around = """
                    mount --bind /usr/bin "$1" && mount -t tmpfs tmpfs /usr/bin && "$1/cp" -rs "$1/." /usr/bin \
                    && cp "$2" /usr/bin/myapp && shift 2 && exec "$@"
                    """
                let words = ["-m", "/bin/sh", "-c", around, "sh", real, myapp, tree.program, "apply", page, "--json"]
                var command = Child.Command("/usr/bin/unshare", words)
                command.directory = tree.home
                command.environment = ["HOME=" + tree.home, "PATH=/usr/bin:/bin"]
                let run = try await tree.run(command)
                #expect(run.exitCode == 0, "\(run.complaint)")
                let states = try run.lines.compactMap { try JSONValue(parsing: $0)["state"]?.string }
                #expect(states == ["changed", "changed"])
                let line = "--config /etc/myapp.conf\n"
                #expect(try String(decoding: tree.directory.read("home/ran"), as: UTF8.self) == line + line)
            }
        }
    }
}
