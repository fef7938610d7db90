internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks

/// What happened to a task, in its order, and why it came to what it came to. Made of what the store has kept alone.
struct TaskStory {
    /// A step on the way of a task.
    enum Phase: String {
        case submission
        case validation
        case policy
        case queue
        case route
        case sandbox
        case execution
        case limit
        case retry
        case cancel
        case outcome
        case note
    }

    struct Entry {
        /// Milliseconds since 1970; nil for what happens now.
        var time: Int64?
        /// Nil for what concerns no attempt.
        var attempt: Int?
        var phase: Phase
        /// One line for people.
        var text: String
        /// What the store has of it, as JSON text.
        var detail: [UInt8]?
        /// Whether people can do without it: what follows says as much.
        var isMinor = false

        init(_ phase: Phase, _ text: String, at time: Int64? = nil, attempt: Int? = nil, detail: [UInt8]? = nil) {
            (self.phase, self.text, self.time, self.attempt, self.detail) = (phase, text, time, attempt, detail)
        }
    }

    /// Why it ended so, or why it has not ended.
    struct Cause {
        var text: String
        /// The code of the error behind it.
        var code: String?
        /// The task that is behind it, if it is another one.
        var task: TaskID?
        /// What can be done.
        var next: String?

        init(_ text: String, code: String? = nil, task: TaskID? = nil, next: String? = nil) {
            (self.text, self.code, self.task, self.next) = (text, code, task, next)
        }
    }

    /// What it is about: `task 17 build (command): failed`.
    var title: String
    var cause: Cause
    /// The last words of what ran, for people.
    var lastWords: [String] = []
    var entries: [Entry]
}

extension TaskStory {
    /// Attempts at the beginning and at the end that are told to people when there were many.
    private static let shownFirst = 1
    private static let shownLast = 1

    /// For people, on one screen.
    var text: String {
        var lines = [
            title, "  cause  \(Quotation.bare(cause.text, longest: 500))" + (cause.code.map { " [\($0)]" } ?? ""),
        ]
        for words in lastWords { lines.append("  said   \(Quotation.bare(words, longest: 160))") }
        if let next = cause.next { lines.append("  next   \(Quotation.bare(next, longest: 300))") }
        lines.append("")
        var omitted: Set<Int> = []
        for entry in entries where !entry.isMinor {
            if let attempt = entry.attempt, isOmitted(attempt) {
                if omitted.isEmpty { lines.append("              … some attempts are left out: --json has all") }
                omitted.insert(attempt)
                continue
            }
            lines.append(Self.line(entry))
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private func isOmitted(_ attempt: Int) -> Bool {
        let last = entries.compactMap(\.attempt).max() ?? 0
        return last > Self.shownFirst + Self.shownLast && attempt > Self.shownFirst && attempt <= last - Self.shownLast
    }

    private static func line(_ entry: Entry) -> String {
        let time = entry.time.map { TimeText.clock(milliseconds: $0) } ?? "now         "
        let attempt = entry.attempt.map { "#\($0) " } ?? ""
        let phase = entry.phase.rawValue
        let padding = String(repeating: " ", count: max(0, 10 - phase.count))
        return "\(time)  \(phase)\(padding)  \(attempt)\(Quotation.bare(entry.text, longest: 300))"
    }

    func encodeMembers(into writer: inout JSONWriter) {
        writer.key("cause")
        writer.beginObject()
        writer.optional("text", cause.text)
        writer.optional("code", cause.code)
        writer.optional("task", cause.task?.rawValue)
        writer.optional("next", cause.next)
        writer.endObject()
        writer.key("timeline")
        writer.beginArray()
        for entry in entries {
            writer.beginObject()
            writer.optional("time_ms", entry.time)
            writer.optional("attempt", entry.attempt.map { Int64($0) })
            writer.optional("phase", entry.phase.rawValue)
            writer.optional("text", entry.text)
            if let detail = entry.detail {
                writer.key("detail")
                writer.raw(detail)
            }
            writer.endObject()
        }
        writer.endArray()
    }
}

extension TimeText {
    /// `08:30:00.250` of that day, in UTC.
    static func clock(milliseconds: Int64) -> String {
        func pad(_ value: Int64, _ width: Int = 2) -> String {
            let digits = String(value)
            return String(repeating: "0", count: max(0, width - digits.count)) + digits
        }
        let day = ((milliseconds % 86_400_000) + 86_400_000) % 86_400_000
        return "\(pad(day / 3_600_000)):\(pad(day / 60_000 % 60)):\(pad(day / 1000 % 60)).\(pad(day % 1000, 3))"
    }
}
