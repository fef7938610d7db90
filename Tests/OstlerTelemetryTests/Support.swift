import Glibc
import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

@testable import OstlerTelemetry

/// Reports and texts that are hard to write.
enum Sample {
    typealias Component = ActionReport.Component

    static func component(
        _ name: String,
        _ outcome: Outcome = .succeeded,
        changed: Bool = true,
        duration: Int64 = 1000,
        failure: Failure? = nil
    ) -> Component {
        var component = Component(name: name, kind: "command", outcome: outcome, changed: changed, duration: duration)
        component.failure = failure
        return component
    }

    static func report(_ components: [Component], exitCode: Int32 = 0) -> ActionReport {
        var report = ActionReport(action: "run", runID: "r1", startedAt: 1_770_000_000_000)
        for component in components { report.add(component) }
        report.exitCode = exitCode
        report.duration = 1_204_000
        return report
    }

    /// What each form of a report gives a meaning to, and what none can hold.
    private static let alphabet: [Unicode.Scalar] =
        Array("ab1-+.)| \\`*_[]<>&\"'#!~=\n\r\t{}:/".unicodeScalars) + [
            "\u{0}", "\u{1B}", "\u{7F}", "\u{85}", "\u{2028}", "\u{FFFE}", "\u{E9}", "\u{1F600}",
        ]

    /// Text of such characters.
    static func odd(_ generator: inout SeededGenerator) -> String {
        var text = String.UnicodeScalarView()
        for _ in 0..<Int.random(in: 1...20, using: &generator) {
            text.append(alphabet[Int.random(in: 0..<alphabet.count, using: &generator)])
        }
        return String(text)
    }

    /// A report all of whose words are odd.
    static func oddReport(seed: UInt64) -> ActionReport {
        var generator = SeededGenerator(seed: seed)
        let components = (0..<20).map { _ in
            var failure = Failure(odd(&generator), fault: .task, message: odd(&generator))
            failure.hint = odd(&generator)
            var component = component(
                odd(&generator),
                Outcome.allCases.randomElement(using: &generator) ?? .failed,
                failure: failure
            )
            component.kind = odd(&generator)
            component.diagnostics = [odd(&generator), odd(&generator)]
            return component
        }
        return report(components, exitCode: 2)
    }
}

/// Programs that judge what was written; `scripts/test` brings them.
enum Judge {
    /// Whether promtool and the messages of OTLP are here; `scripts/test` fetches them.
    static let isHere = access(tools + "/promtool", X_OK) == 0
    static let isMissing: Comment = "promtool and the messages of OTLP are not here: scripts/fetch-telemetry-tools"

    static let tools = Surroundings.packageRoot() + "/.build/telemetry-tools"

    /// Whether a shell's command line accepts the text, which is its `$1`.
    static func accepts(_ text: String, _ script: String) throws {
        try withTemporaryDirectory { directory in
            let path = try directory.write("text", text)
            try Tool.run("/bin/sh", ["-c", script, "judge", path], in: directory.path)
        }
    }

    /// What a shell's command line writes of the text.
    static func output(of text: String, _ script: String) throws -> String {
        try withTemporaryDirectory { directory in
            let path = try directory.write("text", text)
            try Tool.run("/bin/sh", ["-c", script + " > output", "judge", path], in: directory.path)
            return String(decoding: try directory.read("output"), as: UTF8.self)
        }
    }
}
