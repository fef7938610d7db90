internal import OstlerTasks
import OstlerTestSupport
import Testing

/// `docs/reference/misbehaving-plugins.md` is made from the rows that the tests run.
@Suite struct `The page of misbehaving plugins` {
    @Test func `it has each way to break the contract that is tested, with its outcome`() throws {
        let rows =
            Misbehaviour.crashes + Misbehaviour.frames + Misbehaviour.floods + Misbehaviour.answers + Misbehaviour.hangs
        #expect(rows.count + StartTests.rows.count >= 30)
        let lines = rows.map { row in
            let outcome = "`\(row.outcome.rawValue)`" + (row.code.map { ", `\($0)`" } ?? "")
            let limit = row.timeout.map { "\($0) ms" } ?? ""
            return "| \(row.name) | \(outcome) | \(row.endsPlugin ? "ends" : "goes on") | \(limit) |\n"
        }
        let head = "| the plugin | the task | its process | time limit |\n|---|---|---|---|\n"
        try expectSection(
            "misbehaviour",
            ofPage: "docs/reference/misbehaving-plugins.md",
            is: "\n" + head + lines.joined() + "\n"
        )
        let starts = StartTests.rows.map { row in
            "| \(row.start.replacing("_", with: " ")) | `\(row.outcome.rawValue)`, `\(row.code)` | \(row.says) |\n"
        }
        try expectSection(
            "misbehaviour at start",
            ofPage: "docs/reference/misbehaving-plugins.md",
            is: "\n| the plugin at its start | the task | the message says |\n|---|---|---|\n" + starts.joined() + "\n"
        )
    }
}
