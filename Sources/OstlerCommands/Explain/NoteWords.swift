internal import OstlerJSON
internal import OstlerStore

/// A note on a timeline in words: what submitter and worker say of checks, route, sandbox, limits and ends.
struct NoteWords {
    private let topic: String
    private let detail: JSONValue?

    init(_ topic: String, _ detail: JSONValue?) {
        self.topic = topic
        self.detail = detail
    }

    var phase: TaskStory.Phase {
        switch topic {
        case "checked": .validation
        case "route": .route
        case "execution", "guard", "log", "failure", "recovery": .execution
        case "sandbox": .sandbox
        case "limit": .limit
        case "cancel": .cancel
        default: .note
        }
    }

    var text: String {
        switch topic {
        case "checked": checked
        case "route": route
        case "execution": execution
        case "guard": guardWords
        case "log": "more output than is kept: the end of it is only counted"
        case "failure": failure
        case "recovery": recovery
        case "sandbox": sandbox
        case "limit": limit
        case "cancel": cancel
        default: topic + (detail.map { " \($0.text)" } ?? "")
        }
    }

    private func word(_ name: String) -> String? { detail?[name]?.string }

    private var plugin: String {
        [word("plugin"), word("version")].compactMap(\.self).joined(separator: " ")
    }

    private var checked: String {
        let policy = ["profile", "network"].compactMap { name in word(name).map { "\(name) \($0)" } }
        return "right by the schema of \(plugin); allowed by policy" + (policy.isEmpty ? "" : ": ")
            + policy.joined(separator: ", ") + (word("idempotency").map { "; executor is \($0)" } ?? "")
    }

    private var route: String {
        let worker = word("worker").map { "on the worker \($0)" } ?? ""
        switch word("policy") {
        case "denied": return "policy denies it \(worker)"
        case "invalid": return "refused \(worker): the task is wrong there"
        default: return (plugin.isEmpty ? "" : "plugin \(plugin) ") + worker
        }
    }

    private var execution: String {
        var parts = [word("outcome") ?? "over"]
        if let signal = detail?["signal"]?.int {
            parts.append("signal \(signal)")
        } else if let code = detail?["exit_code"]?.int, code >= 0 {
            parts.append("exit code \(code)")
        }
        if let ran = detail?["running_us"]?.int { parts.append("ran \(TimeText.brief(milliseconds: ran / 1000))") }
        if let bytes = detail?["output_bytes"]?.int { parts.append("wrote \(bytes) bytes") }
        if let peak = detail?["usage"]?["peak_bytes"]?.int, peak > 0 { parts.append("peak \(peak >> 20) MiB") }
        return parts.joined(separator: ", ")
    }

    private var guardWords: String {
        "\(word("effect") ?? "decided"): \(word("detail") ?? "")" + (word("by").map { " (\($0))" } ?? "")
    }

    private var failure: String {
        if let error = detail?["error"] {
            return (error["message"]?.string ?? "failed") + (error["code"]?.string.map { " [\($0)]" } ?? "")
        }
        return word("hint") ?? "the work failed"
    }

    private var recovery: String {
        let worker = detail?["worker"]?.int.map { "worker \($0)" } ?? "its worker"
        let left = word("survivors") == "none" ? "nothing is left" : "nothing shows whether something is left"
        return "\(worker) is gone; \(left) of what it had started"
    }

    private var sandbox: String {
        let layers = detail?["layers"]?.array ?? []
        let enforced = layers.filter { $0["enforced"]?.bool == true }.count
        let missing = layers.filter { $0["enforced"]?.bool != true && $0["asked"]?.string != "no" }
            .compactMap { $0["layer"]?.string }
        return "profile \(word("profile") ?? "?"), \(enforced) of \(layers.count) layers enforced"
            + (missing.isEmpty ? "" : "; not \(missing.joined(separator: ", "))")
    }

    private var limit: String {
        let (limit, observed) = (detail?["limit"]?.int, detail?["observed"]?.int)
        return
            "reached \(word("name") ?? "a limit"): \(observed.map(String.init) ?? "?") of \(limit.map(String.init) ?? "?")"
            + (word("at").map { " at \($0)" } ?? "")
    }

    private var cancel: String {
        let survivors =
            word("survivors") == "none" ? "nothing of it is left" : "nothing shows whether something is left"
        return "ended (\(word("reason") ?? "requested"))" + (word("stage").map { " by \($0)" } ?? "") + ": \(survivors)"
    }
}
