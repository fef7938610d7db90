internal import OstlerJSON

extension ConformanceReport {
    /// As the Test Anything Protocol, version 13, has it.
    package var tap: String {
        var lines = ["TAP version 13", "1..\(rows.count)"]
        for (index, row) in rows.enumerated() {
            let word = isFault(row) ? "not ok" : "ok"
            lines.append("\(word) \(index + 1) - \(row.check.name) \(row.check.title)" + directive(row))
            guard let detail = row.verdict.detail, isFault(row) || !isSkipped(row) else { continue }
            lines += ["  ---", "  message: \(JSONValue.string(detail).text)"]
            if case .failed = row.verdict { lines.append("  remedy: \(JSONValue.string(row.check.remedy).text)") }
            lines.append("  ...")
        }
        return lines.map { $0 + "\n" }.joined()
    }

    /// Whether nothing was tried, and that is all right.
    func isSkipped(_ row: Row) -> Bool {
        switch row.verdict {
        case .notApplicable: true
        case .unproven: !isFault(row)
        case .passed, .failed, .blocked: false
        }
    }

    private func directive(_ row: Row) -> String {
        isSkipped(row) ? " # SKIP " + Excerpt.of((row.verdict.detail ?? "").utf8, longest: 200) : ""
    }
}
