internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// The question that `plugin add` and `plugin trust` ask on a terminal.
    @Suite
    struct GrantQuestionTests {
        /// What came of a question.
        private struct Asked {
            let finished: Finished
            /// What the terminal showed, up to the question and behind it.
            let question: String
            let rest: String
        }

        private static func write(in tree: InstalledTree, needs: String = "launch: true") throws {
            try tree.directory.write(
                "home/tool/plugin.yaml",
                """
                name: tool
                version: 1.0.0
                protocol: {min: 0, max: 0}
                kind: process
                entry: {command: [python3]}
                needs: {\(needs)}
                executors: [{name: tool, payload: {type: object}}]

                """
            )
        }

        /// Types an answer once the question is there; nil closes the terminal instead.
        private static func ask(_ tree: InstalledTree, _ words: [String], _ answer: String?) async throws -> Asked {
            try await onThread {
                let terminal = try Terminal()
                var command = tree.command(words, environment: ["TERM=dumb"])
                command.descriptors.stdin = terminal.theirs
                command.descriptors.stderr = terminal.theirs
                let child = try Child(command)
                terminal.closeTheirs()
                let question = terminal.wait(for: "[y/N] ")
                // Control-D at the start of a line is the end of what is typed.
                try terminal.type(answer.map { $0 + "\n" } ?? "\u{4}")
                let finished = child.finish()
                return Asked(finished: finished, question: question, rest: terminal.read())
            }
        }

        private static func installed(_ tree: InstalledTree) async throws -> [String] {
            try await tree.run(["plugin", "audit", "--json"]).json()["plugins"]?.array?.map(\.text) ?? []
        }

        @Test(arguments: ["add", "trust"], ["y", "YES"])
        func `Whoever says yes grants all of it`(_ command: String, _ answer: String) async throws {
            try await withTree { tree in
                try Self.write(in: tree)
                let asked = try await Self.ask(tree, ["plugin", command, "tool"], answer)
                #expect(asked.finished.exitCode == 0, "\(asked.rest)")
                #expect(asked.question.contains("launch  (start commands"), "\(asked.question)")
                #expect(asked.question.hasSuffix("Grant all of this? [y/N] "), "\(asked.question)")
                #expect(asked.finished.text.hasSuffix("tool 1.0.0, granted launch\n"), "\(asked.finished.text)")
                #expect(try await Self.installed(tree).count == 1)
                // Nobody is asked again about what was granted.
                #expect(try await tree.run(["plugin", command, "tool"]).exitCode == 0)
            }
        }

        @Test(arguments: ["add", "trust"], ["", "n", "yes please", "ye", " y", nil])
        func `Whoever says anything else lets nothing in`(_ command: String, _ answer: String?) async throws {
            try await withTree { tree in
                try Self.write(in: tree)
                let asked = try await Self.ask(tree, ["plugin", command, "tool"], answer)
                #expect(asked.finished.exitCode == 3)
                #expect(asked.rest.contains("grant_required"), "\(asked.rest)")
                #expect(asked.finished.text == "")
                #expect(try await Self.installed(tree) == [])
            }
        }

        @Test func `A new version that asks for more is asked about, with what is new`() async throws {
            try await withTree { tree in
                try Self.write(in: tree)
                #expect(try await tree.run(["plugin", "add", "tool", "--yes"]).exitCode == 0)
                try Self.write(in: tree, needs: "launch: true, programs: [git]")
                let refused = try await Self.ask(tree, ["plugin", "add", "tool"], "n")
                #expect(refused.finished.exitCode == 3)
                #expect(refused.question.contains("  + program:git") && refused.rest.contains("needs_more"))
                let granted = try await Self.ask(tree, ["plugin", "add", "tool"], "y")
                #expect(granted.finished.text.hasSuffix("granted launch, program:git\n"), "\(granted.finished.text)")
            }
        }

        @Test func `What a plugin asks for cannot rewrite the question`() async throws {
            try await withTree { tree in
                try Self.write(in: tree, needs: #"programs: ["git\e[1A\e[2K\r\u202E"], files: [{path: "/e\e[8mtc"}]"#)
                for words in [["plugin", "add", "tool"], ["plugin", "trust", "tool"]] {
                    let asked = try await Self.ask(tree, words, "n")
                    let shown = (asked.question + asked.rest).replacing("\r\n", with: "\n").unicodeScalars
                    #expect(shown.contains("[") && shown.allSatisfy { $0 == "\n" || $0.value >= 0x20 })
                    #expect(!shown.contains("\u{202E}"), "\(asked.question.debugDescription)")
                }
            }
        }
    }
}
