import OstlerJSON
import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

@testable import OstlerTelemetry

/// What a report counts, and what it advises.
@Suite struct ActionReportTests {
    private typealias State = ActionReport.Component.State

    private func component(
        _ outcome: Outcome,
        _ changed: Bool,
        _ isRefreshed: Bool,
        _ isNoop: Bool
    ) -> ActionReport.Component {
        var component = Sample.component("c", outcome, changed: changed)
        (component.isRefreshed, component.isNoop) = (isRefreshed, isNoop)
        return component
    }

    @Test(arguments: [
        (Outcome.succeeded, true, false, false, "changed"), (.succeeded, false, false, false, "stable"),
        (.succeeded, true, true, false, "refreshed"), (.succeeded, true, true, true, "noop"),
        (.skipped, false, false, false, "skipped"), (.skipped, false, false, true, "noop"),
        (.failed, true, false, false, "failed"), (.failed, true, true, true, "failed"),
        (.timeout, true, false, false, "failed"), (.invalid, false, false, true, "failed"),
        (.cancelled, false, false, false, "failed"), (.partial, true, true, false, "failed"),
    ])
    func `A component has one state, and what failed is never counted as changed`(
        outcome: Outcome,
        changed: Bool,
        isRefreshed: Bool,
        isNoop: Bool,
        state: String
    ) {
        let component = component(outcome, changed, isRefreshed, isNoop)
        #expect(component.state.rawValue == state)
        var report = Sample.report([component])
        #expect(report.states == [component.state: 1])
        report.add(component)
        #expect(report.states.values.reduce(0, +) == report.total)
    }

    @Test func `Health follows from the outcome unless a check has found it`() {
        #expect(Sample.component("a").health == .healthy)
        #expect(Sample.component("a", .skipped).health == .healthy)
        #expect(Sample.component("a", .partial).health == .degraded)
        #expect(Sample.component("a", .failed).health == .unhealthy)
        var observed = Sample.component("a")
        observed.observedHealth = .degraded
        #expect(observed.health == .degraded)
    }

    @Test(arguments: [
        (Int32(0), "success"), (1, "failure"), (2, "partial"), (3, "invalid"), (4, "timeout"), (5, "error"),
        (75, "error"), (130, "interrupted"), (143, "interrupted"),
    ])
    func `The status is that of the exit code`(code: Int32, status: String) {
        #expect(Sample.report([], exitCode: code).status.rawValue == status)
    }

    @Test func `Of very many components the first are kept, and failures for themselves`() {
        var report = ActionReport(action: "run", runID: "r", startedAt: 0, keeping: 2)
        for number in 0..<5 { report.add(Sample.component("good-\(number)")) }
        for number in 0..<3 { report.add(Sample.component("bad-\(number)", .failed)) }
        #expect(report.components.map(\.name) == ["good-0", "good-1", "bad-0", "bad-1"])
        #expect(report.omitted == 4)
        #expect(report.total == 8)
        #expect(report.outcomes == [.succeeded: 5, .failed: 3])
        #expect(report.durations.total == 8000)
    }

    @Test func `A hint is recommended once, with what it is for; what concerns most comes first`() {
        func failed(_ name: String, _ hint: String?) -> ActionReport.Component {
            var failure = Failure("x", fault: .task, message: "m")
            failure.hint = hint
            return Sample.component(name, .failed, failure: failure)
        }
        let components =
            [failed("a", "one"), Sample.component("b", .timeout), failed("c", nil), Sample.component("d")]
            + (1...4).map { failed("e\($0)", "many") }
        let recommendations = Sample.report(components).recommendations
        #expect(recommendations.map(\.count) == [4, 1, 1])
        #expect(recommendations.map(\.text).first == "many")
        #expect(recommendations.first?.examples == ["e1", "e2", "e3"])
        #expect(recommendations.dropFirst().map(\.examples) == [["a"], ["b"]])
    }

    @Test func `A task that failed brings its exit code and its last words`() {
        var result = TaskResult(
            id: "t",
            origin: TaskOrigin(runID: "r", principal: "p"),
            executor: "command",
            outcome: .failed,
            exitCode: 3
        )
        let lines = (1...30).map { "line \($0)\n" }.joined()
        result.errorOutput.append(Array(lines.utf8))
        result.timing.running = 5000
        let component = ActionReport.Component(result)
        #expect(component.diagnostics == (21...30).map { "line \($0)" })
        #expect(component.reason == "failed: exit code 3")
        #expect(component.duration == 5000)
        result.outcome = .succeeded
        #expect(ActionReport.Component(result).diagnostics.isEmpty)
    }
}
