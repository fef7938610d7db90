internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Secrets and what is told of a run as a whole.
    @Suite(.sandboxed)
    struct ToldSecretTests {
        private static let secret = "s3cr3t-P4ssw0rd"
        private static let encoded = "czNjcjN0LVA0c3N3MHJk"
        /// Stands in a payload alone, which is nobody's business but the executor's.
        private static let payload = "payload-only-W0rd"

        @Test(arguments: ["plain", "text", "json"])
        func `No log, report, metric or span holds a secret or a payload`(form: String) async throws {
            try await withTree { tree in
                let sinks = Sinks(tree: tree)
                let path = try tree.directory.write("home/password", Self.secret + "\n")
                try tree.directory.write("home/ostler.yaml", "secrets: {db: {file: \(path)}}\n")
                let script = "echo $P; printf %s \"$P\" | base64 >&2; echo \"bad $P\" >&2; exit 3"
                let task: JSONValue = [
                    "id": "t", "executor": "command",
                    "secrets": [["name": "db", "as": "env", "variable": "P"]],
                    "payload": [
                        "command": "sh", "args": ["-c", .string(script)], "env": ["Q": .string(Self.payload)],
                    ],
                ]
                let lost: JSONValue = [
                    "id": "lost", "executor": "command", "payload": ["command": .string("/no/\(Self.secret)")],
                    "secrets": ["db"],
                ]
                try tree.directory.write("home/tasks.jsonl", task.text + "\n" + lost.text + "\n")
                let told = ["--log-format", form, "--log-level", "debug"]
                let result = try await tree.run(["run", "--file", "tasks.jsonl"] + told + Sinks.options)
                #expect(result.exitCode == 1, "\(result.complaint)")
                try sinks.judge()
                let files = try Sinks.files.map { ($0, try sinks.text($0)) }
                for (name, text) in files + [("stderr", result.complaint), ("stdout", result.text)] {
                    for word in [Self.secret, Self.encoded, Self.payload] {
                        #expect(!text.contains(word), "\(word) in \(name): \(text)")
                    }
                }
                // It was looked at, and what was said is there without it.
                #expect(try sinks.text("report.json").contains("bad [secret db]"))
            }
        }

        @Test func `What others know of a secret is not told either`() async throws {
            try await withTree { tree in
                let sinks = Sinks(tree: tree)
                let path = try tree.directory.write("home/password", Self.secret + "\n")
                try tree.directory.write("home/ostler.yaml", "secrets: {db: {file: \(path)}}\n")
                let owner: JSONValue = [
                    "id": "owner", "executor": "command", "secrets": ["db"], "payload": ["command": "true"],
                ]
                let script = "echo 'bad \(Self.secret)' >&2; exit 3"
                let other: JSONValue = [
                    "id": .string("knows \(Self.secret)"), "executor": "command",
                    "payload": ["command": "sh", "args": ["-c", .string(script)]],
                ]
                try tree.directory.write("home/tasks.jsonl", owner.text + "\n" + other.text + "\n")
                let result = try await tree.run(["run", "--file", "tasks.jsonl", "--jobs", "1"] + Sinks.options)
                #expect(result.exitCode == 2, "\(result.complaint)")
                for name in Sinks.files {
                    let text = try sinks.text(name)
                    #expect(!text.contains(Self.secret), "\(name): \(text)")
                }
                #expect(try sinks.text("report.json").contains("bad [secret db]"))
            }
        }
    }
}
