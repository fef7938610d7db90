internal import Foundation
internal import OstlerTestSupport
internal import Testing

extension EndToEnd {
    /// Whatever is given, it ends soon, in bounded memory, with an exit code and a message that says what to do.
    @Suite
    struct BadInputTests {
        private static let cases =
            BadInputCase.taskFiles + BadInputCase.configs + BadInputCase.manifests + BadInputCase.environments
            + BadInputCase.commandLines
        /// Of what is the process's own: a line of 100 MB does not fit.
        private static let memory = 128 << 20

        @Test
        func `each bad input is refused as the reference says`() async throws {
            let page = BadInputPage(path: Surroundings.packageRoot() + "/docs/reference/bad-input.md")
            var rows: [BadInputPage.Row] = []
            let report = RunReport("bad-input", columns: ["the input", "exit code", "it says"])
            for example in Self.cases {
                let row = try await run(example)
                rows.append(row)
                try report.add([row.key, "\(row.exitCode)", row.cell], .milliseconds(row.milliseconds))
            }
            if Surroundings.environment("RECORD_SNAPSHOTS") == "1" {
                try page.write(rows)
                Issue.record("recorded docs/reference/bad-input.md: look at it, then run the test again")
            }
            let told = try page.rows()
            for row in rows {
                #expect(
                    told[row.key] == row.text,
                    "\(row.key) is told otherwise; RECORD_SNAPSHOTS=1 writes the page anew"
                )
            }
            #expect(told.count == rows.count, "the page tells of cases that are not tested")
        }

        private func run(_ example: BadInputCase) async throws -> BadInputPage.Row {
            let user: Int32? = example.asUser && geteuid() == 0 ? 12345 : nil
            return try await withTree(user: user) { tree in
                try example.prepare(tree.directory)
                var command = tree.command(example.arguments, environment: example.environment)
                command.input = example.input
                command.arguments =
                    ["--data=\(Self.memory)", "--", command.program].map { Array($0.utf8) } + command.arguments
                command.program = "/usr/bin/prlimit"
                let start = ContinuousClock.now
                let finished = try await tree.run(command, within: .seconds(20))
                let said = finished.complaint.replacing(tree.directory.path, with: "…")
                #expect(finished.exitCode == example.exitCode, "\(example.title): \(said)")
                #expect(finished.signal == nil && finished.text == "", "\(example.title): \(finished.text)")
                for part in example.says { #expect(said.contains(part), "\(example.title): \(said)") }
                let isPlain = said.unicodeScalars.allSatisfy { $0 == "\n" || $0.properties.generalCategory != .control }
                #expect(isPlain && said.utf8.count < 10_000, "\(example.title): \(said.utf8.count) bytes")
                return BadInputPage.Row(example, finished.exitCode, said, start.duration(to: .now))
            }
        }
    }
}

/// `docs/reference/bad-input.md`.
struct BadInputPage {
    let path: String

    /// What one case comes to.
    struct Row {
        let group: BadInputCase.Group
        let title: String
        let exitCode: Int32
        /// The first lines of what was said.
        let said: [String]
        let milliseconds: Int64

        init(_ example: BadInputCase, _ exitCode: Int32, _ said: String, _ time: Duration) {
            (group, title, self.exitCode) = (example.group, example.title, exitCode)
            let lines = said.split(separator: "\n").filter { !$0.hasPrefix("Usage:") && !$0.contains("--help") }
            self.said = lines.prefix(3).map(String.init)
            milliseconds = time.components.seconds * 1000 + time.components.attoseconds / 1_000_000_000_000_000
        }

        /// What the rows of the page are told apart by.
        var key: String { "\(group.rawValue): \(title)" }

        /// What was said, in a cell.
        var cell: String {
            let lines = said.map { line in
                let cells = line.replacing("|", with: "\\|")
                // Two backquotes hold one.
                return cells.contains("`") ? "`` \(cells) ``" : "`\(cells)`"
            }
            return lines.joined(separator: "<br>")
        }

        /// The row without its time.
        var text: String { "| \(title) | \(exitCode) | \(cell) |" }
    }

    private static let introduction = """
        # Bad input

        What Ostler says to input that is wrong, or that looks so. All of it is refused before anything runs, and a file of
        tasks is checked as a whole. Each case ends within 20 seconds and in 128 MiB of memory of its own, or `BadInputTests`
        fails, which also writes this page (`RECORD_SNAPSHOTS=1`). The times are of one run of a debug build, process start
        included, on two cores that had other work; they are here to show the order of magnitude. Each run of the tests leaves
        its own in `.build/reports/bad-input.md`.

        A message says where: `FILE:LINE:COLUMN`, the column in characters, or `[code at /json/pointer]`. The code in brackets is
        stable. Text that comes from the input is cut, and shown with escapes instead of control characters. `…` stands for
        the directory of the test.

        """

    func write(_ rows: [Row]) throws {
        var text = Self.introduction
        for group in BadInputCase.Group.allCases {
            text += "\n## \(group.rawValue)\n\n| input | exit code | message | ms |\n|---|---|---|---|\n"
            for row in rows where row.group == group { text += "\(row.text) \(row.milliseconds) |\n" }
        }
        try text.write(toFile: path, atomically: true, encoding: .utf8)
    }

    /// The rows by their keys, without the times.
    func rows() throws -> [String: String] {
        var rows: [String: String] = [:]
        var group = ""
        for line in try String(contentsOfFile: path, encoding: .utf8).components(separatedBy: "\n") {
            if line.hasPrefix("## ") { group = String(line.dropFirst(3)) }
            guard line.hasPrefix("| "), !line.hasPrefix("| input "), line.hasSuffix(" |") else { continue }
            let row = line.dropLast(2)
            guard let end = row.range(of: "| ", options: .backwards), let title = row.dropFirst(2).range(of: " | ")
            else {
                continue
            }
            rows["\(group): \(row[row.index(row.startIndex, offsetBy: 2)..<title.lowerBound])"] =
                String(row[..<end.lowerBound]) + "|"
        }
        return rows
    }
}
