internal import OstlerJSON

extension ConformanceReport {
    /// For people: what failed with its remedy, what could not be tried, and the figures.
    package var text: String {
        var lines = rows.map { row in
            "\(mark(row))  \(row.check.name)  \(row.check.title)" + (row.verdict.detail.map { "\n      \($0)" } ?? "")
                + (hasRemedy(row) ? "\n      do: \(row.check.remedy)" : "")
        }
        lines += figureLines
        let tally = tally
        let verdict = passes ? "passes" : "does not pass"
        lines.append(
            "\(plugin) \(version) \(verdict)\(isStrict ? " (strict)" : ""): \(tally.passed) passed, \(tally.failed) failed, "
                + "\(tally.other) not tried or not counted"
        )
        return lines.map { $0 + "\n" }.joined()
    }

    private func mark(_ row: Row) -> String {
        switch row.verdict {
        case .passed: "ok  "
        case .failed: isFault(row) ? "FAIL" : "warn"
        case .notApplicable: "-   "
        case .unproven: isFault(row) ? "FAIL" : "?   "
        case .blocked: "FAIL"
        }
    }

    private func hasRemedy(_ row: Row) -> Bool {
        if case .failed = row.verdict { true } else { false }
    }

    private var figureLines: [String] {
        var lines: [String] = []
        if let start = figures.startMicroseconds { lines.append("start: \(Self.milliseconds(start))") }
        if let peak = figures.peakBytes, peak > 0 { lines.append("memory: \(peak >> 10) KiB at most") }
        if let median = figures.latencyMedian, let slowest = figures.latency99 {
            lines.append(
                "latency: \(Self.milliseconds(median)) median, \(Self.milliseconds(slowest)) p99, of \(figures.tasks) tasks"
            )
        }
        return lines
    }

    private static func milliseconds(_ microseconds: Int64) -> String {
        let fraction = String(microseconds % 1000)
        return "\(microseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction + " ms"
    }
}
