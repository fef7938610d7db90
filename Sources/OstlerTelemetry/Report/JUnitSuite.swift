internal import OstlerJSON

/// Cases and what became of them, for the XML that JUnit's reports have made common.
package struct JUnitSuite: Sendable {
    /// What became of a case.
    package enum Verdict: Sendable {
        case passed
        /// - Parameters:
        ///   - type: one word.
        ///   - text: all there is to say of it.
        case failed(type: String, message: String, text: String)
        /// It could not be tried as it should be.
        case broken(type: String, message: String, text: String)
        case skipped(message: String)
    }

    package struct Case: Sendable {
        let className: String
        let name: String
        let milliseconds: Int64
        let verdict: Verdict

        package init(className: String, name: String, milliseconds: Int64, _ verdict: Verdict) {
            (self.className, self.name, self.milliseconds) = (className, name, milliseconds)
            self.verdict = verdict
        }
    }

    /// How many cases there are of each verdict.
    package struct Counts: Sendable {
        var tests = 0
        var failures = 0
        var errors = 0
        var skipped = 0

        mutating func add(_ verdict: Verdict) {
            tests += 1
            switch verdict {
            case .passed: break
            case .failed: failures += 1
            case .broken: errors += 1
            case .skipped: skipped += 1
            }
        }
    }

    private let name: String
    private let cases: [Case]
    private let milliseconds: Int64
    /// Of all cases, also of those that are not among ``cases``.
    var counts = Counts()
    /// A line to whoever reads the whole.
    var note: String?

    /// - Parameter milliseconds: of the whole; nil for the sum of the cases.
    package init(name: String, _ cases: [Case], milliseconds: Int64? = nil) {
        (self.name, self.cases) = (name, cases)
        self.milliseconds = milliseconds ?? cases.map(\.milliseconds).reduce(0, +)
        for testCase in cases { counts.add(testCase.verdict) }
    }

    /// The document.
    package var xml: String {
        let head =
            "<testsuite name=\(Self.quoted(name)) tests=\"\(counts.tests)\" failures=\"\(counts.failures)\" "
            + "errors=\"\(counts.errors)\" skipped=\"\(counts.skipped)\" time=\(Self.time(milliseconds))>"
        let tail = (note.map { ["  <system-out>\(Self.escaped($0))</system-out>"] } ?? []) + ["</testsuite>"]
        let lines = [#"<?xml version="1.0" encoding="UTF-8"?>"#, head] + cases.map(Self.line) + tail
        return lines.map { $0 + "\n" }.joined()
    }

    private static func line(_ testCase: Case) -> String {
        let start =
            "  <testcase classname=\(quoted(testCase.className)) name=\(quoted(testCase.name)) "
            + "time=\(time(testCase.milliseconds))"
        switch testCase.verdict {
        case .passed: return "\(start)/>"
        case .skipped(let message): return "\(start)><skipped message=\(quoted(message))/></testcase>"
        case .failed(let type, let message, let text): return start + element("failure", type, message, text)
        case .broken(let type, let message, let text): return start + element("error", type, message, text)
        }
    }

    private static func element(_ name: String, _ type: String, _ message: String, _ text: String) -> String {
        "><\(name) type=\(quoted(type)) message=\(quoted(message))>\(escaped(text))</\(name)></testcase>"
    }

    private static func time(_ milliseconds: Int64) -> String {
        "\"\(Seconds.short(microseconds: milliseconds * 1000))\""
    }

    private static func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }

    /// XML 1.0 has no way to write most control characters, nor the last two of the plane; what a page would obey is not
    /// shown either.
    private static func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\n", "\r", "\t": escaped += "&#\(scalar.value);"
            case _ where Quotation.isObeyed(scalar), "\u{FFFE}", "\u{FFFF}": escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
