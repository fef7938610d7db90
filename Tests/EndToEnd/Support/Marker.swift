internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Synchronization

/// A number that no other test uses, as the seconds that commands of one test sleep: their processes are told by it.
struct Marker: Sendable {
    private static let counter = Atomic<Int>(0)
    let seconds: String

    init() {
        let number = Self.counter.add(1, ordering: .relaxed).newValue
        seconds = "30\(100 + number % 900).\(getpid())"
    }

    /// The processes of this machine that sleep so long.
    var processes: [Int32] {
        namesOfDirectory("/proc").compactMap { name in
            guard let number = Int32(name), let line = try? contents(ofFile: "/proc/\(name)/cmdline") else {
                return nil
            }
            let words = line.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
            return words.first == "sleep" && words.last == seconds && isAlive(number) ? number : nil
        }
    }

    /// A command line of two processes that sleep, one in a session of its own.
    func argv(stubborn: Bool = false) -> [String] {
        ["sh", "-c", (stubborn ? "trap '' TERM; " : "") + "setsid sleep \(seconds) & sleep \(seconds)"]
    }

    /// A line of a file of tasks that runs it.
    func taskLine(_ id: String, stubborn: Bool = false) -> String {
        let words = argv(stubborn: stubborn).dropFirst().map { JSONValue.string($0) }
        let task: JSONValue = [
            "id": .string(id), "executor": "command", "payload": ["command": "sh", "args": .array(Array(words))],
        ]
        return task.text + "\n"
    }

    /// Waits until so many of the processes are there.
    func waitFor(_ count: Int, within limit: Duration = .seconds(30)) -> Bool {
        let deadline = ContinuousClock.now.advanced(by: limit)
        while ContinuousClock.now < deadline {
            if processes.count >= count { return true }
            usleep(5000)
        }
        return processes.count >= count
    }
}
