internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// What `apply` leaves of its work besides its lines: report, metrics, spans.
    @Suite(.sandboxed)
    struct ApplyTelemetryTests {
        private static let manifest = """
            - file:
                - HOME/conf: {content: new, alias: conf}
            - exec:
                - reload: {command: "true", refresh_only: true, subscribe: ["file#conf"]}
                - there: {command: "false", creates: HOME/conf}
                - bad: {command: "sh -c 'echo why >&2; exit 3'", retry: {attempts: 2, min: 1ms}}
                - after: {command: "true", require: ["exec#bad"]}
                - off: {command: "true", control: {if: false}}
            - task:
                - ill:
                    executor: command
                    payload: {command: "true"}
                    health_checks: [{command: sh -c 'echo queue is long; exit 1', name: queue}]
            """

        private func write(_ manifest: String, _ tree: InstalledTree) throws {
            try tree.directory.write("home/site.yaml", manifest.replacing("HOME", with: tree.home))
        }

        @Test func `Each resource is a component, counted once by what it came to`() async throws {
            try await withTree { tree in
                let sinks = Sinks(tree: tree)
                try write(Self.manifest, tree)
                let run = try await tree.run(["apply", "site.yaml"] + Sinks.options)
                #expect(run.exitCode == 2, "\(run.complaint)")
                try sinks.judge()

                let report = try sinks.report()
                #expect(report["action"] == "apply" && report["summary"]?["status"] == "partial")
                let components = report["components"]?.array ?? []
                #expect(
                    components.map { "\($0["name"]?.string ?? "") \($0["state"]?.string ?? "")" } == [
                        "file#\(tree.home)/conf (conf) changed", "exec#reload refreshed", "exec#there stable",
                        "exec#bad failed", "exec#after failed", "exec#off skipped", "task#ill failed",
                    ]
                )
                let health = components.map { $0["health"]?.string }
                #expect(
                    health == ["healthy", "healthy", "healthy", "unhealthy", "unhealthy", "healthy", "degraded"]
                )
                let failures = report["failures"]?.array ?? []
                #expect(failures.first?["error"]?["code"] == "desired_state_failed")
                #expect(failures.first?["diagnostics"] == ["why"])
                let advice = report["recommendations"]?.array?.compactMap { $0["text"]?.string } ?? []
                #expect(!advice.contains { $0.contains("why") }, "\(advice)")
                #expect(failures.dropFirst().first?["reason"] == "dependency_failed: unmet: exec#bad")
                #expect(failures.last?["diagnostics"] == ["queue WARNING: queue is long"])
                #expect(report["metrics"]?["retries"] == 1)

                // What was changed and then failed is a failure, and no change.
                let events = #"ostler_events_total{action="apply",kind="exec",state="#
                #expect(try sinks.metric(events + #""failed"}"#) == "2")
                #expect(try sinks.metric(events + #""refreshed"}"#) == "1")
                #expect(try sinks.metric(events + #""stable"}"#) == "1")
                #expect(try sinks.metric(events + #""changed"}"#) == nil)
                let word = #"executor_component_health{action="apply",kind="task",component="task#ill"}"#
                #expect(try sinks.metric(word) == "0.5")
                #expect(try sinks.metric(#"executor_action_status{action="apply",status="partial"}"#) == "1")

                let spans = try sinks.spans()
                #expect(spans.last?["name"] == "ostler apply")
                let tasks = Set(spans.compactMap { $0.attribute("ostler.task") })
                #expect(tasks == ["exec#reload", "exec#bad", "task#ill", "task#ill check 1"])
                let resources = spans.filter { $0["name"] == "resource" }
                #expect(
                    resources.compactMap { $0.attribute("ostler.state") } == [
                        "changed", "refreshed", "stable", "failed", "unmet_requirement", "skipped", "changed",
                    ]
                )
                let bad = try #require(resources.first { $0.attribute("ostler.resource") == "exec#bad" })
                let tries = spans.filter { $0.attribute("ostler.task") == "exec#bad" }
                #expect(tries.count == 2 && tries.allSatisfy { $0["parentSpanId"] == bad["spanId"] })
                #expect(resources.allSatisfy { $0["parentSpanId"] == spans.last?["spanId"] })
            }
        }

        @Test func `Without effects everything that would change is noop, and nothing is changed`() async throws {
            try await withTree { tree in
                let sinks = Sinks(tree: tree)
                try write(Self.manifest, tree)
                let run = try await tree.run(["apply", "site.yaml", "--noop"] + Sinks.options)
                #expect(run.exitCode == 0, "\(run.complaint)")
                try sinks.judge()
                let report = try sinks.report()
                #expect(report["metrics"]?["states"] == ["noop": 6, "skipped": 1])
                #expect(report["components"]?.array?.contains { $0["changed"] == true } == false)
                #expect(try sinks.text("report.xml").contains("noop"))
            }
        }

        @Test func `A manifest that is refused is reported fault by fault`() async throws {
            try await withTree { tree in
                let sinks = Sinks(tree: tree)
                try write("- exec:\n    - a: {comand: x}\n    - b: {returns: y}\n", tree)
                let read = try await tree.run(["apply", "site.yaml"] + Sinks.options)
                #expect(read.exitCode == 3, "\(read.complaint)")
                try sinks.judge()
                let names = try sinks.report()["components"]?.array?.map { $0["name"]?.string }
                #expect(names == ["site.yaml:2:11", "site.yaml:3:20"])
                #expect(try sinks.report()["summary"]?["status"] == "invalid")

                try write(
                    "- file:\n    - HOME/f: {content: x}\n- task:\n    - a: {executor: none, payload: {}}\n",
                    tree
                )
                let checked = try await tree.run(["apply", "site.yaml"] + Sinks.options)
                #expect(checked.exitCode == 3 && !namesOfDirectory(tree.home).contains("f"))
                let failures = try sinks.report()["failures"]?.array ?? []
                #expect(failures.map { $0["component"]?.string } == ["site.yaml:4:7"])
            }
        }

        @Test func `What a second pass did again is a failure of the report`() async throws {
            try await withTree { tree in
                let sinks = Sinks(tree: tree)
                try write("- exec: [{\"true\": }]\n", tree)
                let run = try await tree.run(["apply", "site.yaml", "--check-idempotent"] + Sinks.options)
                #expect(run.exitCode == 1)
                try sinks.judge()
                #expect(try sinks.report()["failures"]?.array?.first?["error"]?["code"] == "not_idempotent")
                #expect(try sinks.metric(#"executor_errors_total{action="apply",type="not_idempotent"}"#) == "1")
            }
        }

        @Test(arguments: [["--report", "json:no/such"], ["--metrics-file", "no/such"], ["--trace-file", "no/such"]])
        func `What could not be kept is not begun`(_ options: [String]) async throws {
            try await withTree { tree in
                try write(Self.manifest, tree)
                let run = try await tree.run(["apply", "site.yaml"] + options)
                #expect(run.exitCode == 5 && run.complaint.contains("[file_unwritable]"), "\(run.complaint)")
                #expect(!namesOfDirectory(tree.home).contains("conf"))
            }
        }
    }

    /// Secrets and what is told of resources.
    @Suite(.sandboxed)
    struct ApplySecretTests {
        private static let secret = "s3cr3t-P4ssw0rd"
        private static let encoded = "czNjcjN0LVA0c3N3MHJk"
        private static let sensitive = "n0body-may-read"

        /// It says its secret wherever something can be said.
        private static let manifest = """
            - exec:
                - asks:
                    command: "true"
                    onlyif: /no/SECRET
                    secrets: [{name: db, as: env, variable: P}]
            - file:
                - HOME/known: {content: "password = SECRET\\n"}
                - HOME/hidden: {content: SENSITIVE, sensitive: true}
            - exec:
                - told:
                    command: sh -c 'echo $P; printf %s "$P" | base64 >&2; echo "bad $P" >&2; exit 3'
                    logoutput: true
                    secrets: [{name: db, as: env, variable: P}]
                - echo SECRET: {alias: SECRET alias, logoutput: true}
                - ill:
                    command: "true"
                    secrets: [{name: db, as: env, variable: P}]
                    health_checks: [{command: sh -c 'echo "ill $P"; exit 2', name: SECRET check}]
                - after: {command: "true", require: ["exec#SECRET alias"]}
            """

        private func prepare(_ tree: InstalledTree) throws {
            let path = try tree.directory.write("home/password", Self.secret + "\n")
            try tree.directory.write("home/ostler.yaml", "secrets: {db: {file: \(path)}}\n")
            try tree.directory.write("home/known", "password = old \(Self.secret)\n")
            try tree.directory.write("home/hidden", "old \(Self.sensitive)\n")
            let manifest = Self.manifest.replacing("SECRET", with: Self.secret)
                .replacing("SENSITIVE", with: Self.sensitive).replacing("HOME", with: tree.home)
            try tree.directory.write("home/site.yaml", manifest)
        }

        @Test(arguments: [
            ["--log-format", "plain"], ["--log-format", "text"], ["--log-format", "json"], ["--json"],
            ["--noop", "--json"],
            ["--noop", "--log-format", "text"], ["--monitor", "--json"],
        ])
        func `No line, difference, report, metric or span holds a secret`(_ form: [String]) async throws {
            try await withTree { tree in
                let sinks = Sinks(tree: tree)
                try prepare(tree)
                let words = ["apply", "site.yaml", "--diff", "--log-level", "debug"] + form + Sinks.options
                let run = try await tree.run(words)
                #expect(run.exitCode == 2, "\(run.complaint)")
                try sinks.judge()
                let files = try Sinks.files.map { ($0, try sinks.text($0)) }
                for (name, text) in files + [("stderr", run.complaint), ("stdout", run.text)] {
                    for word in [Self.secret, Self.encoded, Self.sensitive] {
                        #expect(!text.contains(word), "\(word) in \(name): \(text)")
                    }
                }
                // It was looked at, and what was said is there without it.
                #expect(run.text.contains("exec#echo [secret db]"))
                guard form.first != "--monitor" else { return }
                #expect(run.text.contains("+password = [secret db]") && run.text.contains("sensitive, and not shown"))
                guard form.first != "--noop" else { return }
                #expect(try sinks.text("report.json").contains("bad [secret db]"))
                #expect(try sinks.text("report.json").contains("ill [secret db]"))
            }
        }

        @Test func `A secret that cannot be had is told before anything is done`() async throws {
            try await withTree { tree in
                try prepare(tree)
                try tree.directory.write("home/ostler.yaml", "secrets: {db: {file: /no/such}}\n")
                let run = try await tree.run(["apply", "site.yaml"])
                #expect(run.exitCode == 5 && run.text == "", "\(run.text)")
                #expect(run.complaint.contains("[secret_unavailable]") && run.complaint.contains("nothing was done"))
            }
        }
    }
}
