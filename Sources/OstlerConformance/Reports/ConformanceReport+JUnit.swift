extension ConformanceReport {
    /// As the XML that JUnit's reports have made common.
    package var junit: String {
        let faults = rows.count { isFault($0) }
        let skipped = rows.count { isSkipped($0) }
        let seconds = rows.map(\.milliseconds).reduce(0, +)
        var lines = [
            #"<?xml version="1.0" encoding="UTF-8"?>"#,
            "<testsuite name=\(quoted("\(plugin) \(version)")) tests=\"\(rows.count)\" failures=\"\(faults)\" errors=\"0\" "
                + "skipped=\"\(skipped)\" time=\(quoted(time(seconds)))>",
        ]
        for row in rows {
            let name = quoted("\(row.check.name) \(row.check.title)")
            let start = "  <testcase classname=\(quoted(plugin)) name=\(name) time=\(quoted(time(row.milliseconds)))"
            let detail = row.verdict.detail ?? ""
            if isFault(row) {
                let type = quoted(row.verdict.word)
                let text = escaped("\(detail)\ndo: \(row.check.remedy)")
                lines.append("\(start)><failure type=\(type) message=\(quoted(detail))>\(text)</failure></testcase>")
            } else if isSkipped(row) {
                lines.append("\(start)><skipped message=\(quoted(detail))/></testcase>")
            } else {
                lines.append("\(start)/>")
            }
        }
        return (lines + ["</testsuite>"]).map { $0 + "\n" }.joined()
    }

    private func time(_ milliseconds: Int64) -> String {
        let fraction = String(milliseconds % 1000)
        return "\(milliseconds / 1000)." + String(repeating: "0", count: 3 - fraction.count) + fraction
    }

    private func quoted(_ text: String) -> String { "\"\(escaped(text))\"" }

    /// XML 1.0 has no way to write most control characters, nor the last two of the plane.
    private func escaped(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "\n": escaped += "&#10;"
            case _ where scalar.value < 0x20 || scalar.value == 0xFFFE || scalar.value == 0xFFFF: escaped += "\u{FFFD}"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }
}
