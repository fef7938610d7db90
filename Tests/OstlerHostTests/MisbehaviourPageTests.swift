internal import OstlerTasks
import OstlerTestSupport
import Testing

/// `docs/reference/misbehaving-plugins.md` is made from the rows that the tests run; the times in it are of one run and
/// are not compared.
@Suite struct `The page of misbehaving plugins` {
    private static let page = "docs/reference/misbehaving-plugins.md"

    @Test func `it has each way to break the contract that is tested, with its outcome`() throws {
        let rows = (Misbehaviour.all + Misbehaviour.apart).map { row in
            (row.cells, row.timeout.map { "\($0) ms" } ?? "")
        }
        #expect(rows.count + StartTests.rows.count >= 30)
        #expect(Set(rows.map { $0.0[0] }).count == rows.count, "two rows of one name")
        try expectTable(
            "misbehaviour",
            ofPage: Self.page,
            isTable: Misbehaviour.report.columns + ["time limit"],
            rows
        )
        let starts = StartTests.rows.map { row in
            (row.cells + [row.says], row.limit.map { "\($0) ms" } ?? "")
        }
        try expectTable(
            "misbehaviour at start",
            ofPage: Self.page,
            isTable: Misbehaviour.report.columns + ["the message says", "time limit"],
            starts
        )
    }

    /// Compares a table with the page's but for the last column, the times. These come from the report of the last run
    /// when the page is recorded.
    private func expectTable(
        _ name: String,
        ofPage page: String,
        isTable columns: [String],
        _ rows: [(cells: [String], limit: String)]
    ) throws {
        let told = try timesOnPage()
        var text = "\n| " + (columns + ["ms"]).joined(separator: " | ") + " |\n|"
        text += String(repeating: "---|", count: columns.count + 1) + "\n"
        for (cells, limit) in rows {
            let isRecording = Surroundings.environment("RECORD_SNAPSHOTS") == "1"
            let time = isRecording ? Misbehaviour.report.milliseconds(of: cells[0]).map { "\($0)" } : told[cells[0]]
            let known = try #require(time, "\(cells[0]) is not on the page, or no test has run it before the recording")
            text += "| " + (cells + [limit, known]).joined(separator: " | ") + " |\n"
        }
        try expectSection(name, ofPage: page, is: text + "\n")
    }

    /// The times on the page by the names of the cases.
    private func timesOnPage() throws -> [String: String] {
        let page = String(decoding: try contents(ofFile: Surroundings.packageRoot() + "/" + Self.page), as: UTF8.self)
        var times: [String: String] = [:]
        for line in page.split(separator: "\n") where line.hasPrefix("| ") {
            let cells = line.dropFirst(2).dropLast(2).split(separator: " | ", omittingEmptySubsequences: false)
            if let last = cells.last, let first = cells.first, Int64(last) != nil {
                times[String(first)] = String(last)
            }
        }
        return times
    }
}
