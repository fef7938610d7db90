internal import OstlerJSON
internal import OstlerTasks

extension ActionReport {
    /// For the page of a CI run or a ticket, as GitHub's Markdown has tables.
    var markdown: String {
        var blocks = ["# \(Markdown.text(action)): \(status.rawValue)"]
        blocks.append(
            Markdown.table(
                ["Run", "Exit code", "Components", "Seconds"],
                [[runID, "\(exitCode)", "\(total)", Seconds.short(microseconds: duration)]]
            )
        )
        if !components.isEmpty {
            blocks.append("## Components")
            blocks.append(
                Markdown.table(
                    ["Component", "Kind", "State", "Outcome", "Health", "Seconds"],
                    components.map {
                        [
                            $0.name, $0.kind, $0.state.rawValue, $0.outcome.rawValue, $0.health.rawValue,
                            Seconds.short(microseconds: $0.duration),
                        ]
                    }
                )
            )
        }
        if omitted > 0 { blocks.append("\(omitted) more are only counted.") }
        let failures = failures
        if !failures.isEmpty { blocks.append("## Failures") }
        for component in failures {
            blocks.append("### \(Markdown.text(component.name))")
            blocks.append(Markdown.text(component.reason))
            if !component.diagnostics.isEmpty { blocks.append(Markdown.code(component.diagnostics)) }
        }
        if total > 0 {
            blocks.append("## Metrics")
            blocks.append(Markdown.table(["Metric", "Value"], figures.map { [$0.name, $0.value] }))
        }
        let recommendations = recommendations
        if !recommendations.isEmpty {
            blocks.append("## Recommendations")
            blocks.append(
                recommendations.map { "- \(Markdown.text($0.text)) (\(Markdown.text($0.scope)))" }
                    .joined(separator: "\n")
            )
        }
        return blocks.joined(separator: "\n\n") + "\n"
    }
}

/// Foreign text in Markdown: it is read as it was written, and makes no markup.
enum Markdown {
    /// On one line, in a paragraph, heading or cell.
    static func text(_ text: String) -> String {
        var escaped = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\n", "\r", "\t": escaped += " "
            case _ where Quotation.isObeyed(scalar): escaped += "\u{FFFD}"
            case "\\", "`", "*", "_", "[", "]", "<", ">", "|", "~", "&", "#", "!": escaped += "\\\(scalar)"
            // What makes a list, a rule or a quotation does so only at the beginning.
            case "-", "+", "=", ".", ")": escaped += escaped.allSatisfy(\.isNumber) ? "\\\(scalar)" : "\(scalar)"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A table of texts.
    static func table(_ header: [String], _ rows: [[String]]) -> String {
        let rule = "|" + String(repeating: "---|", count: header.count)
        return ([row(header), rule] + rows.map(row)).joined(separator: "\n")
    }

    private static func row(_ cells: [String]) -> String { "| " + cells.map(text).joined(separator: " | ") + " |" }

    /// A block of code, fenced by more backticks than stand in it.
    static func code(_ lines: [String]) -> String {
        let shown = lines.map { line in
            String(String.UnicodeScalarView(line.unicodeScalars.map { Quotation.isObeyed($0) ? "\u{FFFD}" : $0 }))
        }
        var longest = 2
        for line in shown {
            var run = 0
            for character in line {
                run = character == "`" ? run + 1 : 0
                longest = max(longest, run)
            }
        }
        let fence = String(repeating: "`", count: longest + 1)
        return ([fence + "text"] + shown + [fence]).joined(separator: "\n")
    }
}
