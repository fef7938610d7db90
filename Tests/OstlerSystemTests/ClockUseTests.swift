import OstlerTestSupport
import Testing

/// No deadline is counted on a clock that can be set.
@Suite struct `The time of day` {
    /// Where it is looked at: what is shown to people and written into results, and the age of files.
    private static let readers = [
        "Sources/OstlerCatalog/Listing/OutlineCache.swift",
        "Sources/OstlerCommands/Output/LogEntry.swift", "Sources/OstlerCommands/Run/EventSink.swift",
        "Sources/OstlerCommands/Telemetry/Telemetry.swift",
        "Sources/OstlerHost/Recording/SessionRecorder.swift", "Sources/OstlerHost/TaskResult+Refused.swift",
        "Sources/OstlerHost/TaskRun.swift", "Sources/OstlerHost/Tracing/HostTracing.swift",
        "Sources/OstlerSystem/MonotonicClock.swift", "Sources/ostler-bench/QueueBench.swift",
        "Sources/ostler-bench/StoreBench.swift", "Sources/ostler-bench/Submitters.swift",
    ]

    /// Those who tell the store what time it is. Its moments are times of day, since a task may wait longer than a machine
    /// runs; the store itself asks no clock.
    private static let tellers = [
        "Sources/OstlerCommands/Explain/", "Sources/OstlerCommands/History/", "Sources/OstlerCommands/Queue/",
        "Sources/OstlerCommands/Tasks/", "Sources/OstlerCommands/Worker/", "Sources/OstlerWorker/",
    ]

    private static let words = [
        "CLOCK_REALTIME", "CLOCK_TAI", "gettimeofday", "WallClock", "Date(", "Date.now", "time(nil)", "time(NULL)",
        "timespec_get", "SuspendingClock",
    ]

    @Test func `it is looked at in these places only`() throws {
        var found: Set<String> = []
        for folder in ["Sources", "Plugins"] {
            for file in try Self.sources(in: folder) {
                let text = String(
                    decoding: try contents(ofFile: Surroundings.packageRoot() + "/" + file),
                    as: UTF8.self
                )
                if Self.words.contains(where: { text.contains($0) }) { found.insert(file) }
            }
        }
        #expect(found.filter { file in !Self.tellers.contains { file.hasPrefix($0) } } == Set(Self.readers))
    }

    @Test func `where a task is run it is written down and never compared`() throws {
        let path = Surroundings.packageRoot() + "/Sources/OstlerHost/TaskRun.swift"
        let lines = String(decoding: try contents(ofFile: path), as: UTF8.self).split(separator: "\n")
        let uses = lines.filter { $0.contains("WallClock") || $0.contains("submittedAt") }
        #expect(
            uses.map { $0.drop { $0 == " " } } == [
                "let submittedAt: Int64", "submittedAt = WallClock.milliseconds",
                "request.deadline = submittedAt + waited + remaining",
            ]
        )
    }

    private static func sources(in folder: String) throws -> [String] {
        var files: [String] = []
        var waiting = [folder]
        while let next = waiting.popLast() {
            for name in namesOfDirectory(Surroundings.packageRoot() + "/" + next) {
                let path = next + "/" + name
                if [".swift", ".c", ".h"].contains(where: { name.hasSuffix($0) }) {
                    files.append(path)
                } else if !name.contains(".") {
                    waiting.append(path)
                }
            }
        }
        return files
    }
}
