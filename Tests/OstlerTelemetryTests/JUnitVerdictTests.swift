import OstlerProtocol
import OstlerTasks
import Testing

@testable import OstlerTelemetry

/// What CI is told of each outcome, and in which words.
@Suite struct JUnitVerdictTests {
    private static let failures: Set<Outcome> = [
        .failed, .limit, .dependencyFailed, .cancelled, .partial, .timeout, .expired,
    ]
    private static let errors: Set<Outcome> = [
        .invalid, .denied, .sandboxError, .executorCrash, .executorProtocol, .lost, .infra,
    ]

    /// The test case of the only component.
    private func line(_ component: ActionReport.Component) throws -> String {
        let lines = Sample.report([component]).rendered(as: .junit).split(separator: "\n")
        try #require(lines.count == 4, "head, suite, case and end")
        return String(lines[2])
    }

    @Test(arguments: Outcome.allCases)
    func `What failed by its own doing is a failure, and what could not be run is an error`(outcome: Outcome) throws {
        let start = #"  <testcase classname="command" name="a" time="0.001""#
        let word = outcome.rawValue
        let end: String
        if Self.failures.contains(outcome) {
            end = "><failure type=\"\(word)\" message=\"\(word)\">\(word)</failure></testcase>"
        } else if Self.errors.contains(outcome) {
            end = "><error type=\"\(word)\" message=\"\(word)\">\(word)</error></testcase>"
        } else if outcome == .skipped {
            end = #"><skipped message="there was nothing to do"/></testcase>"#
        } else {
            end = "/>"
        }
        #expect(try line(Sample.component("a", outcome)) == start + end)
    }

    @Test func `The type is the code of the error, and the text holds all that is known`() throws {
        var failure = Failure("no_host", fault: .task, message: "there is no host")
        failure.hint = "name one"
        var component = Sample.component("a", .denied, failure: failure)
        component.diagnostics = ["one", "two"]
        let reason = "denied [no_host]: there is no host"
        let expected =
            "<error type=\"no_host\" message=\"\(reason)\">\(reason)&#10;one&#10;two&#10;hint: name one</error>"
        #expect(try line(component).contains(expected))
    }

    @Test func `What was only tried on paper is skipped, unless it failed`() throws {
        var component = Sample.component("a")
        component.isNoop = true
        #expect(try line(component).contains(#"<skipped message="noop"/>"#))
        component.outcome = .failed
        #expect(try line(component).contains("<failure "))
    }

    @Test func `What was skipped for a reason says it`() throws {
        let failure = Failure("unless", fault: .user, message: "the file is there")
        let component = Sample.component("a", .skipped, failure: failure)
        #expect(try line(component).contains(#"<skipped message="the file is there"/>"#))
    }

    @Test func `What has no case of its own is counted and named`() {
        var report = ActionReport(action: "run", runID: "r", startedAt: 0, keeping: 1)
        var told = Sample.component("n")
        told.isNoop = true
        for component in [
            Sample.component("a"), Sample.component("b"), told, Sample.component("c", .failed),
            Sample.component("d", .denied), Sample.component("e", .skipped),
        ] { report.add(component) }
        let xml = report.rendered(as: .junit)
        #expect(xml.contains(#"tests="6" failures="1" errors="1" skipped="2""#))
        #expect(xml.split(separator: "\n").count { $0.contains("<testcase ") } == 2)
        #expect(
            xml.contains("<system-out>4 more are only counted: they have no test case here</system-out>\n</testsuite>")
        )
    }

    @Test func `A suite counts each verdict, and takes the sum of its cases unless it is told its time`() {
        let cases: [JUnitSuite.Case] = [
            .init(className: "c", name: "a", milliseconds: 1500, .passed),
            .init(className: "c", name: "b", milliseconds: 20, .failed(type: "t", message: "m", text: "x")),
            .init(className: "c", name: "d", milliseconds: 3, .broken(type: "t", message: "m", text: "x")),
            .init(className: "c", name: "e", milliseconds: 0, .skipped(message: "m")),
            .init(className: "c", name: "f", milliseconds: 0, .skipped(message: "m")),
        ]
        let counts = #"tests="5" failures="1" errors="1" skipped="2""#
        #expect(JUnitSuite(name: "s", cases).xml.contains("<testsuite name=\"s\" \(counts) time=\"1.523\">"))
        #expect(JUnitSuite(name: "s", cases, milliseconds: 61_000).xml.contains(" time=\"61.000\">"))
    }

    @Test func `Text keeps its lines and its marks; what XML cannot hold is replaced`() {
        let text = "<a href=\"x\">&amp;\u{1B}\u{FFFF}\u{202E}\n\t"
        let xml = JUnitSuite(
            name: "s",
            [.init(className: "c", name: text, milliseconds: 0, .passed)]
        ).xml
        #expect(xml.contains("name=\"&lt;a href=&quot;x&quot;&gt;&amp;amp;\u{FFFD}\u{FFFD}\u{FFFD}&#10;&#9;\""))
    }
}
