internal import Glibc
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Colour and progress are for terminals alone.
    @Suite
    struct TerminalTests {
        private static let escape = "\u{1B}"

        /// Runs with a terminal of its own on stderr; returns what the terminal showed.
        private func run(
            _ tree: InstalledTree,
            _ arguments: [String],
            _ environment: [String] = []
        ) async throws -> (finished: Finished, shown: String) {
            try await onThread {
                let terminal = try Terminal()
                var command = tree.command(arguments, environment: ["TERM=xterm"] + environment)
                command.descriptors.stderr = terminal.theirs
                let child = try Child(command)
                terminal.closeTheirs()
                let finished = child.finish()
                return (finished, terminal.read())
            }
        }

        @Test
        func `An error is coloured on a terminal that wants it`() async throws {
            try await withTree { tree in
                let arguments = ["plugin", "show", "nothing"]
                #expect(try await run(tree, arguments).shown.contains(Self.escape + "[31mostler:"))
                for environment in [["NO_COLOR=1"], ["TERM=dumb"]] {
                    let result = try await run(tree, arguments, environment)
                    #expect(!result.shown.contains(Self.escape), "\(environment): \(result.shown)")
                }
                let piped = try await tree.run(arguments, environment: ["TERM=xterm"])
                #expect(!piped.complaint.contains(Self.escape))
            }
        }

        @Test(.sandboxed)
        func `Progress is shown on a terminal and nowhere else`() async throws {
            try await withTree { tree in
                let task = #"{"executor":"command","payload":{"command":"true"}}"# + "\n"
                try tree.directory.write("home/tasks.jsonl", String(repeating: task, count: 5))
                let arguments = ["run", "--file", "tasks.jsonl"]
                let shown = try await run(tree, arguments)
                #expect(shown.finished.exitCode == 0, "\(shown.shown)")
                #expect(shown.shown.contains("of 5 tasks done"), "\(shown.shown)")
                #expect(shown.finished.lines.count == 5)
                #expect(!shown.finished.text.contains(Self.escape))
                let quiet = try await run(tree, arguments + ["--quiet"])
                #expect(quiet.shown == "")
                let dumb = try await run(tree, arguments, ["TERM=dumb"])
                #expect(!dumb.shown.contains(Self.escape) && dumb.shown.hasPrefix("ostler: 5 tasks:"), "\(dumb.shown)")
                let piped = try await tree.run(arguments)
                #expect(piped.complaint == "ostler: 5 tasks: 5 succeeded\n")
            }
        }

        @Test(.sandboxed)
        func `What is told beside it takes the place of the progress`() async throws {
            try await withTree { tree in
                let lines = ["true", "false"].map { #"{"executor":"command","payload":{"command":"\#($0)"}}"# + "\n" }
                try tree.directory.write("home/tasks.jsonl", lines.joined())
                let shown = try await run(tree, ["run", "--file", "tasks.jsonl", "--jobs", "1"]).shown
                let told = shown.split(separator: "done").dropFirst().first.map(String.init) ?? ""
                #expect(told.hasPrefix("\r\(Self.escape)[Kostler: task "), "\(shown)")
            }
        }
    }
}
