/// What the kit found out about a plugin.
package struct ConformanceReport: Sendable {
    /// What became of a check.
    package enum Verdict: Sendable, Equatable {
        case passed
        case failed(String)
        /// It is about something that the plugin does not do.
        case notApplicable(String)
        /// The manifest gives nothing to try it with.
        case unproven(String)
        /// The check that failed before.
        case blocked(by: String)
    }

    package struct Row: Sendable {
        package let check: ConformanceCheck
        package let verdict: Verdict
        package let milliseconds: Int64

        package init(_ check: ConformanceCheck, _ verdict: Verdict, milliseconds: Int64) {
            self.check = check
            self.verdict = verdict
            self.milliseconds = milliseconds
        }
    }

    /// What was measured by the way; it decides nothing.
    package struct Figures: Sendable {
        /// From the start of the process to its answer to `initialize`, in microseconds.
        package var startMicroseconds: Int64?
        /// The most memory that a process of the plugin held, in bytes.
        package var peakBytes: UInt64?
        /// From a task to its answer, in microseconds, of the tasks of `M21-many`.
        package var latencyMedian: Int64?
        package var latency99: Int64?
        package var tasks = 0
    }

    package let plugin: String
    package let version: String
    package let directory: String
    package let isStrict: Bool
    package var rows: [Row]
    package var figures: Figures

    /// Whether a row counts against the plugin. Under `--strict` recommendations count, and what could not be tried.
    package func isFault(_ row: Row) -> Bool {
        switch row.verdict {
        case .passed, .notApplicable: false
        case .failed: isStrict || row.check.level == .must
        case .unproven: isStrict
        case .blocked: true
        }
    }

    package var passes: Bool { !rows.contains(where: isFault) }

    /// How many rows there are of each kind: passed, failed, and neither.
    package var tally: (passed: Int, failed: Int, other: Int) {
        let passed = rows.count { $0.verdict == .passed }
        let failed = rows.count { isFault($0) }
        return (passed, failed, rows.count - passed - failed)
    }
}

extension ConformanceReport.Verdict {
    /// One word for machines.
    package var word: String {
        switch self {
        case .passed: "passed"
        case .failed: "failed"
        case .notApplicable: "not_applicable"
        case .unproven: "unproven"
        case .blocked: "blocked"
        }
    }

    /// What there is to say; nil for what has passed.
    package var detail: String? {
        switch self {
        case .passed: nil
        case .failed(let text), .notApplicable(let text), .unproven(let text): text
        case .blocked(let check): "cannot be tried, since \(check) fails"
        }
    }
}
