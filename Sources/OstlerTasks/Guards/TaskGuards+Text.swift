internal import OstlerJSON

extension TaskGuards {
    /// What is said, a line each, in the order in which it is asked.
    package var lines: [String] {
        var lines: [String] = []
        if let value = control.if { lines.append("control if \(value)") }
        if let value = control.unless { lines.append("control unless \(value)") }
        lines += require.map { "requires \(Quotation.bare($0.description))" }
        lines += subscribe.map { "subscribed to \(Quotation.bare($0.description))" }
        if let creates { lines.append("creates \(Quotation.bare(creates))") }
        if let onlyif { lines.append("onlyif \(Quotation.bare(onlyif.text))") }
        if let unless { lines.append("unless \(Quotation.bare(unless.text))") }
        if refreshOnly { lines.append("refresh_only") }
        if returns != .zero { lines.append("returns \(returns)") }
        return lines
    }
}
