internal import OstlerTasks

/// A form that a report is written in.
package enum ReportForm: String, Sendable, CaseIterable {
    case text
    case json
    case markdown
    case junit
}

extension ActionReport {
    /// The report as a file of the form, with a line's end behind it.
    package func rendered(as form: ReportForm) -> String {
        switch form {
        case .text: text
        case .json: json
        case .markdown: markdown
        case .junit: junit
        }
    }

    /// `2 succeeded, 1 failed`; the most first.
    var outcomeCounts: [(name: String, count: Int)] {
        outcomes.sorted { ($1.value, $0.key.rawValue) < ($0.value, $1.key.rawValue) }.map {
            ($0.key.rawValue, $0.value)
        }
    }

    /// Counts of the states that occur, in the order of the states.
    var stateCounts: [(name: String, count: Int)] {
        Component.State.allCases.compactMap { state in states[state].map { (state.rawValue, $0) } }
    }
}

/// Durations as people and metrics read them.
enum Seconds {
    /// Exact to the microsecond: `1.204000`.
    static func text(microseconds: Int64) -> String {
        let fraction = String(microseconds.magnitude % 1_000_000)
        let padded = String(repeating: "0", count: 6 - fraction.count) + fraction
        return (microseconds < 0 ? "-" : "") + "\(microseconds.magnitude / 1_000_000).\(padded)"
    }

    /// To the millisecond: `1.204`.
    static func short(microseconds: Int64) -> String { String(text(microseconds: microseconds).dropLast(3)) }
}
