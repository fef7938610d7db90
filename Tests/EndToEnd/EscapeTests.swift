internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// The corpus of attempts to leave a sandbox, `Tests/Sandbox/escapes`, against the real programs.
    @Suite(.serialized)
    struct EscapeTests {
        @Test(.sandboxed, .asRoot, arguments: EscapeRow.all)
        func `No attempt leaves its sandbox`(_ row: EscapeRow) async throws {
            try await withTemporaryDirectory { directory in
                let attempts = try EscapeAttempt.all()
                let run = try EscapeRun(row, directory)
                let results = try await run.results(of: attempts)
                for attempt in attempts {
                    let result = try #require(results[attempt.name], "\(attempt) came to nothing")
                    #expect(
                        row.hasView
                            ? result.isHeld(exitCode: attempt.exitCode) || run.sawItsWorkspace(result)
                            : ContainedPromise.isKept(result, by: attempt.name, exitCode: attempt.exitCode),
                        "\(attempt): \(result.outcome), \(result.exitCode): \(result.output)\(result.complaint)"
                    )
                }
                #expect(processes(whoseCommandLineHolds: run.stage.mark).isEmpty, "something was left behind")
                guard row.hasView else { return }
                let neighbour = try #require(results[EscapeRun.neighbour])
                #expect(neighbour.output == "HELD: INTACT\n", "\(neighbour.outcome): \(neighbour.output)")
            }
        }

        /// A directory that one task writes to holds what another is granted.
        @Test(.sandboxed, .asRoot, arguments: [nil, 12345] as [Int32?])
        func `A link that a task puts in the way of a grant is not followed`(_ user: Int32?) async throws {
            try await withTree(user: user) { tree in
                try tree.directory.write("secrets/token", "secret\n")
                for name in ["home/shared", "home/shared/data"] {
                    chmod(try tree.directory.makeDirectory(name), 0o777)
                }
                let script = "cd /out/shared && rmdir data && ln -s \(tree.directory.file("secrets")) data"
                let tasks = [["sh", "-c", script], ["ls", "/in/data/"]].enumerated().map { number, words in
                    let arguments = JSONValue.array(words.dropFirst().map { .string($0) })
                    let payload: JSONValue = ["command": .string(words[0]), "args": arguments]
                    return (["id": .string("t\(number)"), "executor": "command", "payload": payload] as JSONValue).text
                }
                let options = ["--jobs", "1", "--ordered", "--out", "shared", "--in", "shared/data"]
                let input = Child.Input.text(tasks.joined(separator: "\n") + "\n")
                let results = try await tree.run(["run", "--file", "-"] + options, input: input).results()
                #expect(results.count == 2)
                #expect(results.first?["outcome"]?.string == "succeeded", "\(results)")
                #expect(results.last?["output"]?["text"]?.string?.contains("token") != true, "\(results)")
                // Views of an ordinary user are copies of one that was made before.
                guard user == nil else { return }
                #expect(results.last?["outcome"]?.string == "sandbox_error")
                #expect(results.last?["error"]?["hint"]?.string?.contains("symbolic link") == true, "\(results)")
            }
        }

        @Test func `There are at least sixty attempts, and each says what it is`() throws {
            let attempts = try EscapeAttempt.all()
            #expect(attempts.count >= 60)
            for attempt in attempts {
                #expect(!attempt.tries.isEmpty && attempt.tries.hasSuffix("."), "\(attempt)")
                #expect(!attempt.source.isEmpty && !attempt.layers.isEmpty, "\(attempt)")
            }
        }

        @Test func `What is outside of the promise of contained are attempts`() throws {
            let names = Set(try EscapeAttempt.all().map(\.name))
            #expect(names.isSuperset(of: ContainedPromise.outside.keys))
            #expect(names.isSuperset(of: ContainedPromise.refusedBy.keys))
            let rows = ContainedPromise.outside.sorted { $0.key < $1.key }.map { "| `\($0.key)` | \($0.value) |\n" }
            let text = "| attempt | why it is not promised |\n|---|---|\n" + rows.joined()
            try expectSection("contained", ofPage: "docs/reference/sandbox-tests.md", is: text)
        }

        @Test func `The reference lists every attempt with its source`() throws {
            let rows = try EscapeAttempt.all().map { attempt in
                let words = [
                    "`\(attempt.file)`", attempt.tries, attempt.source, attempt.layers.joined(separator: ", "),
                    Self.words(attempt.control),
                ]
                return "| " + words.map { $0.replacing("|", with: "\\|") }.joined(separator: " | ") + " |\n"
            }
            let head = "| attempt | tries | source | held by | outside |\n|---|---|---|---|---|\n"
            let text = "\(rows.count) attempts.\n\n" + head + rows.joined()
            try expectSection("attempts", ofPage: "docs/reference/sandbox-tests.md", is: text)
        }

        private static func words(_ control: EscapeAttempt.Control) -> String {
            switch control {
            case .plain: "succeeds"
            case .disposable: "succeeds in namespaces of its own"
            case .none(let reason): "not tried: \(reason)"
            }
        }

        /// An attempt that could never say ESCAPED would prove nothing.
        @Test(.asRoot) func `Outside of a sandbox attempts succeed`() async throws {
            try await withTemporaryDirectory { directory in
                let stage = try EscapeStage(directory, corpus: "corpus")
                try stage.tell(place: "command", granted: stage.granted, hasMemoryCgroup: false)
                let attempts = try EscapeAttempt.all()
                var count = 0
                for attempt in attempts {
                    guard let line = Self.line(attempt, stage) else { continue }
                    var command = Child.Command(line[0], Array(line.dropFirst()))
                    command.directory = stage.granted
                    command.environment = ["PATH=/usr/sbin:/usr/bin:/sbin:/bin"]
                    let finished = try await onThread { [command] in try Child(command).finish() }
                    #expect(finished.text.hasPrefix("ESCAPED: "), "\(attempt): \(finished.text)\(finished.complaint)")
                    #expect(finished.exitCode == 10, "\(attempt)")
                    count += 1
                }
                #expect(count >= 40)
            }
        }

        private static func line(_ attempt: EscapeAttempt, _ stage: EscapeStage) -> [String]? {
            let program = stage.corpus + "/" + attempt.name
            switch attempt.control {
            case .plain: return [program]
            case .disposable:
                return [
                    "/usr/bin/unshare", "--fork", "--mount", "--pid", "--net", "--ipc", "--uts", "--mount-proc",
                    program,
                ]
            case .none: return nil
            }
        }
    }
}
