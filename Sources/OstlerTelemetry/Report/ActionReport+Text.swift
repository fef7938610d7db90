internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerTasks

extension ActionReport {
    /// For people, on a terminal: what a component brought in is shown and not obeyed.
    var text: String {
        var lines = ["\(action): \(status.rawValue), \(count(total)) in \(Seconds.short(microseconds: duration)) s"]
        lines.append("  run \(runID), exit code \(exitCode)" + (traceID.map { ", trace \($0)" } ?? ""))
        if !components.isEmpty { lines += ["", "components"] + components.map(line) }
        if omitted > 0 { lines.append("  and \(omitted) more that are only counted") }
        let failures = failures
        if !failures.isEmpty { lines += ["", "failures"] + failures.flatMap(explanation) }
        if total > 0 { lines += ["", "metrics"] + figures.map { "  \($0.name): \($0.value)" } }
        let recommendations = recommendations
        if !recommendations.isEmpty {
            lines += ["", "recommendations"]
            lines += recommendations.map { "  \(Self.shown($0.text)) (\(Self.shown($0.scope)))" }
        }
        return lines.map { $0 + "\n" }.joined()
    }

    private func count(_ components: Int) -> String { "\(components) component\(components == 1 ? "" : "s")" }

    private func line(_ component: Component) -> String {
        let state = component.state.rawValue
        let column = state + String(repeating: " ", count: Component.State.longestName - state.count)
        return
            "  \(column)  \(Self.shown(component.name)) (\(Self.shown(component.kind))), \(component.outcome.rawValue), "
            + "\(component.health.rawValue), \(Seconds.short(microseconds: component.duration)) s"
    }

    private func explanation(_ component: Component) -> [String] {
        var lines = ["  \(Self.shown(component.name)): \(Self.shown(component.reason))"]
        lines += component.diagnostics.map { "    | " + Self.shown($0) }
        if let hint = component.failure?.hint { lines.append("    hint: " + Self.shown(hint)) }
        return lines
    }

    private static func shown(_ text: String) -> String { Quotation.bare(text, longest: 500) }
}

extension ActionReport {
    /// The report's figures, for people.
    var figures: [(name: String, value: String)] {
        func list(_ counts: [(name: String, count: Int)]) -> String {
            counts.map { "\($0.count) \($0.name)" }.joined(separator: ", ")
        }
        return [
            ("outcomes", list(outcomeCounts)), ("states", list(stateCounts)), ("retries", "\(retries)"),
            ("seconds of work", Seconds.short(microseconds: durations.total)),
            ("shortest", Seconds.short(microseconds: durations.shortest)),
            ("mean", Seconds.short(microseconds: durations.mean)),
            ("longest", Seconds.short(microseconds: durations.longest)),
        ]
    }
}

extension ActionReport.Component {
    /// Why it failed, in a line: `failed [command_not_found]: there is no program "x"`.
    var reason: String {
        guard let failure else { return outcome.rawValue + (ending.map { ": " + $0 } ?? "") }
        return "\(outcome.rawValue) [\(failure.code)]: \(failure.message)"
    }
}

extension ActionReport.Component.State {
    fileprivate static let longestName = allCases.map(\.rawValue.count).max() ?? 0
}
