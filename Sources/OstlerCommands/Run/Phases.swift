internal import OstlerSystem
internal import Synchronization

/// How long the phases of a command took.
final class Phases: Sendable {
    private let marks: Mutex<[(name: String, at: Instant)]>
    private let isOn: Bool

    init(isOn: Bool) {
        self.isOn = isOn
        marks = Mutex(isOn ? [("start", .now)] : [])
    }

    func mark(_ name: String) {
        if isOn { marks.withLock { $0.append((name, .now)) } }
    }

    func report() {
        let marks = marks.withLock { $0 }
        guard isOn, let first = marks.first, let last = marks.last else { return }
        for (before, after) in zip(marks, marks.dropFirst()) {
            line(after.name, after.at.microseconds(since: before.at))
        }
        line("total", last.at.microseconds(since: first.at))
    }

    private func line(_ name: String, _ microseconds: Int64) {
        Log.detail(name + String(repeating: " ", count: max(1, 32 - name.count)) + "\(microseconds) us")
    }
}
