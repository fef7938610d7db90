import OstlerJSON
import OstlerProtocol
import OstlerTasks
import Testing

@testable import OstlerTelemetry

/// What a report takes over from a task, and what it says of itself.
@Suite struct ReportRulesTests {
    private func result(_ outcome: Outcome, _ change: (inout TaskResult) -> Void) -> TaskResult {
        var result = TaskResult(
            id: "t",
            origin: TaskOrigin(runID: "r", principal: "p"),
            executor: "command",
            outcome: outcome,
            exitCode: 3
        )
        change(&result)
        return result
    }

    @Test func `A signal says more than an exit code, and an error more than both`() {
        let killed = ActionReport.Component(result(.failed) { $0.signal = 9 })
        #expect(killed.reason == "failed: signal 9")
        let named = ActionReport.Component(
            result(.failed) {
                $0.signal = 9
                $0.error = Failure("killed", fault: .infra, message: "no memory was left")
            }
        )
        #expect(named.reason == "failed [killed]: no memory was left" && named.ending == nil)
    }

    @Test func `A guess is told before the last words, and not where the error is known`() {
        let guess = result(.failed) {
            $0.hint = "is it installed?"
            $0.errorOutput.append(Array("\none\n\n\ntwo".utf8))
        }
        #expect(ActionReport.Component(guess).diagnostics == ["is it installed?", "one", "two"])
        var known = guess
        known.error = Failure("x", fault: .task, message: "m")
        #expect(ActionReport.Component(known).diagnostics == ["one", "two"])
    }

    @Test func `Where the executor is at fault its last words count, cut to lines that a page can hold`() {
        let crashed = result(.executorCrash) {
            $0.errorOutput.append(Array("of the task\n".utf8))
            $0.executorStderr = String(repeating: "x", count: 1000) + "\nshort"
        }
        #expect(ActionReport.Component(crashed).diagnostics == [String(repeating: "x", count: 400), "short"])
    }

    @Test func `Parts that a report does not have are left out of each form`() throws {
        let empty = Sample.report([])
        #expect(empty.rendered(as: .text) == "run: success, 0 components in 1.204 s\n  run r1, exit code 0\n")
        #expect(!empty.rendered(as: .markdown).contains("##"))
        let document = try JSONValue(parsing: empty.rendered(as: .json))
        #expect(document["trace_id"] == nil && document["components"]?.array == [])
        #expect(document["metrics"]?["mean_us"] == 0, "nothing is divided by no components")
        var traced = empty
        traced.traceID = "abc"
        #expect(try JSONValue(parsing: traced.rendered(as: .json))["trace_id"] == "abc")
        #expect(traced.rendered(as: .text).contains("run r1, exit code 0, trace abc\n"))
    }

    @Test func `What is only counted is told in each form for people and programs`() throws {
        var report = ActionReport(action: "run", runID: "r", startedAt: 0, keeping: 1)
        for number in 0..<4 { report.add(Sample.component("c\(number)")) }
        #expect(report.rendered(as: .text).contains("  and 3 more that are only counted\n"))
        #expect(report.rendered(as: .markdown).contains("\n\n3 more are only counted.\n\n"))
        let document = try JSONValue(parsing: report.rendered(as: .json))
        #expect(document["components_omitted"] == 3 && document["components"]?.array?.count == 1)
        #expect(document["summary"]?["components"] == 4)
    }

    @Test func `A recommendation for many names three of them`() {
        let one = ActionReport.Recommendation(text: "t", count: 1, examples: ["a"])
        #expect(one.scope == "a")
        let report = Sample.report((1...5).map { Sample.component("c\($0)", .lost) })
        #expect(report.recommendations.map(\.scope) == ["5 components, such as c1, c2, c3"])
    }

    @Test(arguments: Outcome.allCases)
    func `What neither explains itself nor says what to do gets advice`(outcome: Outcome) {
        let explained: Set<Outcome> = [.succeeded, .skipped, .failed, .cancelled, .invalid]
        let advice = Sample.report([Sample.component("a", outcome)]).recommendations
        #expect(advice.isEmpty == explained.contains(outcome))
        var failure = Failure("x", fault: .task, message: "m")
        failure.hint = "do this"
        let hinted = Sample.report([Sample.component("a", outcome, failure: failure)]).recommendations
        // What did not fail has nothing that could be done about it.
        #expect(hinted.map(\.text) == (outcome == .succeeded || outcome == .skipped ? [] : ["do this"]))
    }
}
