internal import OstlerConfig
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerResources
internal import OstlerTasks

/// Tells what became of each resource, and of all: on stdout, a line or an object each; trouble also on stderr.
final class ApplyReport {
    private let isJSON: Bool
    private let isMonitor: Bool
    /// Whether something could not be written.
    private(set) var isLost = false

    init(isJSON: Bool, isMonitor: Bool) {
        self.isJSON = isJSON
        self.isMonitor = isMonitor
    }

    func tell(_ outcome: ResourceOutcome) {
        if let excuse = outcome.excuse { Log.warning(excuse, .init(task: outcome.title, place: outcome.place)) }
        if isJSON {
            var writer = JSONWriter()
            outcome.encode(into: &writer)
            write(String(decoding: writer.bytes, as: UTF8.self) + "\n")
        } else {
            write(outcome.line(isMonitor: isMonitor) + "\n" + Quotation.lines(outcome.diff ?? ""))
        }
        // A person has it in the object on stdout already; whoever reads the log may have nothing else.
        guard let error = outcome.error, !isJSON || Log.format != .plain else { return }
        Log.failure(error, .init(task: outcome.title, place: outcome.place))
    }

    /// - Parameter changedAgain: what a second pass has changed, or could not do.
    func finish(_ tally: ResourceTally, isNoop: Bool, changedAgain: [String]) {
        if isJSON {
            var writer = JSONWriter()
            tally.encode(into: &writer, isNoop: isNoop, changedAgain: changedAgain)
            write(String(decoding: writer.bytes, as: UTF8.self) + "\n")
        } else {
            write(tally.text + (isNoop ? " (noop: nothing was done)" : "") + "\n")
        }
        guard !changedAgain.isEmpty else { return }
        let names = changedAgain.prefix(20).map { Quotation.bare($0, longest: 200) }.joined(separator: ", ")
        Log.error("not idempotent: a second pass did again: \(names)", code: "not_idempotent")
    }

    private func write(_ text: String) {
        guard !isLost else { return }
        do {
            try Results.write(text)
        } catch {
            isLost = true
        }
    }
}

extension ResourceOutcome {
    /// `exec#name refreshed`, with what belongs to it.
    func line(isMonitor: Bool) -> String {
        let checks = self.checks.map { "\($0.name) \($0.status.rawValue)" }.joined(separator: ", ")
        let name = Quotation.bare(title, longest: 2000)
        guard !isMonitor || state != .stable else { return "\(name) " + (checks.isEmpty ? "no health checks" : checks) }
        var line = "\(name) \(word)"
        switch state {
        case .unmet: line += ": " + unmet.map(\.description).joined(separator: ", ")
        case .failed: line += ": " + Quotation.bare(error?.message ?? "", longest: 2000)
        case .refreshed: line += trigger.map { " via " + Quotation.bare($0.description, longest: 2000) } ?? ""
        case .changed where !differences.isEmpty: line += ": " + differences.joined(separator: ", ")
        case .stable: line += stability.map { " (\($0.rawValue))" } ?? ""
        default: break
        }
        if let message = message ?? excuse { line += ": " + Quotation.bare(message, longest: 2000) }
        return line + (checks.isEmpty ? "" : " [\(checks)]")
    }

    private var word: String {
        switch state {
        case .unmet: "skipped due to unmet requirement"
        case .failed, .skipped, .refreshed, .changed, .unknown, .stable: state.rawValue
        }
    }
}

extension ResourceTally {
    /// `4 resources: 1 failed, 2 changed (1 refreshed), 1 stable`.
    var text: String {
        let words: [(ResourceOutcome.State, String)] = [
            (.failed, "failed"), (.unmet, "skipped due to unmet requirement"), (.skipped, "skipped"),
            (.changed, "changed"), (.unknown, "unknown"), (.stable, "stable"),
        ]
        let parts = words.compactMap { state, word -> String? in
            let number = count(state)
            guard number > 0 else { return nil }
            return "\(number) \(word)" + (state == .changed && refreshed > 0 ? " (\(refreshed) refreshed)" : "")
        }
        let told = parts + (noop > 0 ? ["\(noop) noop"] : [])
        var text = "\(total) resource\(total == 1 ? "" : "s")" + (told.isEmpty ? "" : ": ")
        text += told.joined(separator: ", ")
        if degraded > 0 { text += "; \(degraded) degraded" }
        return text + (notReached > 0 ? "; \(notReached) not reached" : "")
    }
}
