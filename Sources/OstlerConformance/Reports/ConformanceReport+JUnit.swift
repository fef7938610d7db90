internal import OstlerTelemetry

extension ConformanceReport {
    /// As the XML that JUnit's reports have made common.
    package var junit: String { JUnitSuite(name: "\(plugin) \(version)", rows.map(testCase)).xml }

    private func testCase(_ row: Row) -> JUnitSuite.Case {
        JUnitSuite.Case(
            className: plugin,
            name: "\(row.check.name) \(row.check.title)",
            milliseconds: row.milliseconds,
            verdict(row)
        )
    }

    private func verdict(_ row: Row) -> JUnitSuite.Verdict {
        let detail = row.verdict.detail ?? ""
        if isFault(row) {
            return .failed(type: row.verdict.word, message: detail, text: "\(detail)\ndo: \(row.check.remedy)")
        }
        return isSkipped(row) ? .skipped(message: detail) : .passed
    }
}
