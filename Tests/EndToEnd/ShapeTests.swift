internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// What each command writes as JSON: which members there are, and of which types. Scripts depend on it.
    @Suite(.sandboxed)
    struct ShapeTests {
        private static let tasks = """
            {"id":"a","executor":"command","payload":{"command":"echo","args":["x"]},"metadata":{"k":"v"}}
            {"id":"b","executor":"command","payload":{"command":"sh","args":["-c","exit 3"]},"labels":{"l":"v"}}
            {"id":"c","executor":"command","payload":{"command":"sleep","args":["300"]},"run_timeout":"5s"}
            {"id":"d","executor":"command","payload":{"command":"head","args":["-c","100000","/dev/zero"]}}
            {"id":"e","executor":"command","payload":{"command":"no-such-program"}}

            """

        private static let queued = """
            {"id":"a","executor":"command","payload":{"command":"true"},"labels":{"l":"v"},"needs":["gpu"],"ttl":"1d"}
            {"id":"b","executor":"command","payload":{"command":"true"},"retry":3,"idempotency_key":"k"}
            {"id":"c","executor":"command","payload":{"command":"true"},"after":["b"]}

            """

        /// Commands that look at a store which has something in it.
        private static let storeCommands: Set<String> = [
            "tasks-list", "tasks-show", "tasks-cancel", "tasks-wait", "queue-stats", "explain", "history-diff", "gc",
        ]

        /// A run that failed, with the number 1, and what waits, with 2 to 4; the last is there in its own right.
        private func fillStore(_ tree: InstalledTree) async throws {
            let words = ["--record-history", "--label", "l=v", "--", "sh", "-c", "exit 3"]
            _ = try await tree.run(["run", "command"] + words)
            _ = try await tree.run(["submit", "--file", "queued.jsonl"])
            _ = try await tree.run(["tasks", "cancel", "3"])
        }

        /// Each command that writes JSON, with what makes it show all that it can.
        private static let commands: [(name: String, arguments: [String], exitCode: Int32)] = [
            ("doctor", ["doctor", "--json"], 0),
            ("health", ["health", "--json", "--plugin-path", "plugins"], 5),
            ("plugin-list", ["plugin", "list", "--all", "--json"], 0),
            ("plugin-show", ["plugin", "show", "command", "--json"], 0),
            ("config-show", ["config", "show", "--json"], 0),
            ("config-check", ["config", "check", "--json"], 0),
            ("config-check-problems", ["config", "check", "--json", "--config", "bad.yaml"], 3),
            ("validate", ["validate", "command", "--json", "--", "true"], 0),
            ("validate-problems", ["validate", "command", "--json", "--payload", "{}"], 3),
            ("validate-file", ["validate", "--file", "bad.jsonl", "--json"], 3),
            ("plan", ["plan", "command", "--json", "--in", "data", "--", "true"], 0),
            ("plan-file", ["plan", "--file", "tasks.jsonl", "--json"], 0),
            ("run", ["run", "command", "--json", "--", "true"], 0),
            ("run-file", ["run", "--file", "tasks.jsonl", "--jobs", "1", "--ordered"], 2),
            ("run-file-refused", ["run", "--file", "bad.jsonl", "--json"], 3),
            ("run-events", ["run", "talker", "--events", "--plugin-path", "plugins"], 0),
            ("apply", ["apply", "site.yaml", "--json", "--diff", "--config", "free.yaml"], 2),
            ("apply-noop", ["apply", "site.yaml", "--json", "--noop", "--config", "free.yaml"], 2),
            ("apply-again", ["apply", "again.yaml", "--json", "--check-idempotent", "--config", "free.yaml"], 1),
            ("submit", ["submit", "--file", "queued.jsonl", "--json"], 0),
            ("tasks-list", ["tasks", "list", "--json"], 0),
            ("tasks-show", ["tasks", "show", "1", "--json"], 0),
            ("tasks-cancel", ["tasks", "cancel", "2", "--json"], 0),
            ("tasks-wait", ["tasks", "wait", "1", "--json"], 1),
            ("queue-stats", ["queue", "stats", "--json"], 0),
            ("explain", ["explain", "1", "--json"], 0),
            ("explain-submission", ["explain", "command", "--json", "--", "true"], 0),
            ("history-diff", ["history", "diff", "1", "3", "--json"], 1),
            ("gc", ["gc", "--plan", "--json"], 0),
            ("log", ["run", "command", "--log-format", "json", "--log-level", "debug", "--", "no-such-program"], 1),
        ]

        private static let talker = """
            #!/usr/bin/python3
            import json, sys

            def send(**message):
                print(json.dumps({"jsonrpc": "2.0", **message}), flush=True)

            for line in sys.stdin:
                message = json.loads(line)
                if message["method"] == "initialize":
                    send(id=message["id"], result={"protocol": 0, "name": "talker", "executors": ["talker"]})
                elif message["method"] == "execute":
                    task = message["params"]["task"]
                    send(method="output", params={"task": task, "stream": "stdout", "text": "text"})
                    send(method="output", params={"task": task, "stream": "stderr", "base64": "/w=="})
                    send(method="progress", params={"task": task, "value": 1, "total": 2, "unit": "files", "message": "m"})
                    send(method="log", params={"task": task, "level": "info", "message": "m", "fields": {"k": 1}})
                    send(id=message["id"], result={"task": task, "outcome": "succeeded", "exit_code": 0})
                elif message["method"] == "health":
                    send(id=message["id"], result={"status": "unhealthy", "detail": "d", "attributes": {"k": "v"}})
            """

        private static let manifest = """
            name: talker
            version: 1.0.0
            description: Talks
            protocol: {min: 0, max: 0}
            kind: process
            entry: {command: [bin/talker]}
            executors: [{name: talker, description: Talks, payload: {type: object}, features: {health: true}}]

            """

        /// A resource for each state, and for each member that only some have.
        private static let resources = """
            - exec: [{guard: {command: "true", onlyif: no-such-program}}]
            - file: [{HOME/f: {content: x, mode: "0600", alias: f}}]
            - exec:
                - refreshed: {command: sh -c 'exit 3', returns: [3], subscribe: ["file#f"], creates: /no/such}
                - stable: {command: "true", creates: HOME}
                - killed: {command: sh -c 'kill -9 $$', health_checks: [{command: "true"}]}
                - unmet: {command: "true", require: ["exec#killed"]}
                - off: {command: "true", control: {if: false}}
                - made: {command: sh -c 'touch HOME/made; exit 3', creates: HOME/made, effects: {removes: [/no]}}
                - well: {command: "true", creates: HOME/made, health_checks: [{command: "true"}]}
                - opaque: {command: "true"}
                - unknown: {command: "true", creates: /no/such, returns: [0, 1]}
                - asked: {command: "true", onlyif: "true", unless: "false"}

            """

        private func prepare(_ tree: InstalledTree) throws {
            let home = tree.directory
            try home.write("home/site.yaml", Self.resources.replacing("HOME", with: tree.home))
            try home.write("home/free.yaml", "{}\n")
            try home.write("home/again.yaml", "- exec: [{\"true\": }]\n")
            try home.write("home/f", "old\n")
            try home.makeDirectory("home/data")
            try home.write("home/tasks.jsonl", Self.tasks)
            try home.write("home/queued.jsonl", Self.queued)
            try home.write("home/bad.jsonl", "{\"executor\":\"command\",\"payload\":{}}\n[\n")
            try home.write("home/.local/share/ostler/plugins/broken/plugin.yaml", "name: broken\n")
            try home.write("home/ostler.yaml", "executors: {nobody: {}, command: {blocked_commands: [no-such]}}\n")
            try home.write("home/bad.yaml", "sandbox: {profil: strict}\n")
            try home.write("home/plugins/talker/plugin.yaml", Self.manifest)
            try home.write("home/plugins/talker/bin/talker", Self.talker, mode: 0o755)
        }

        @Test(arguments: commands)
        func `JSON has the shape that was recorded`(name: String, arguments: [String], exitCode: Int32) async throws {
            try await withTree { tree in
                try prepare(tree)
                if Self.storeCommands.contains(name) { try await fillStore(tree) }
                let result = try await tree.run(arguments)
                // A doctor finds what this machine lacks besides.
                #expect(result.exitCode == exitCode || name == "doctor", "\(result.complaint)")
                let text = name == "log" ? result.complaint : result.text
                let documents = try text.split(separator: "\n").map { try JSONValue(parsing: Array($0.utf8)) }
                try expectSnapshot(
                    JSONValue.array(documents).shape().joined(separator: "\n") + "\n",
                    "shape-\(name).txt"
                )
            }
        }
    }
}
