import OstlerProtocol
import OstlerTasks
import Testing

@testable import OstlerTelemetry

/// What becomes of an outcome, a word and a number in a metric.
@Suite struct MetricsRulesTests {
    private func lines(_ metrics: ActionMetrics, _ family: String) -> [String] {
        metrics.prometheus.split(separator: "\n").filter { $0.hasPrefix(family + "{") }.map(String.init)
    }

    @Test(arguments: Outcome.allCases)
    func `A task says something of its executor only if that had it`(outcome: Outcome) {
        let expected: ActionReport.Component.Health? =
            switch outcome {
            case .executorCrash, .executorProtocol, .sandboxError: .unhealthy
            case .succeeded, .failed, .limit, .cancelled, .partial, .timeout: .healthy
            // Decided by the host, before or after it: the executor was not asked.
            case .skipped, .dependencyFailed, .invalid, .denied, .expired, .lost, .infra: nil
            }
        #expect(outcome.executorHealth == expected)
    }

    @Test func `A component's health is one series that follows what was said last`() {
        var metrics = ActionMetrics(action: "run")
        #expect(!metrics.prometheus.contains("executor_component_health"), "a family without samples is left out")
        for (health, value) in [
            (ActionReport.Component.Health.unhealthy, "0"), (.degraded, "0.5"), (.healthy, "1"),
        ] {
            metrics.set(health, of: "e", kind: "executor")
            #expect(
                lines(metrics, "executor_component_health") == [
                    #"executor_component_health{action="run",kind="executor",component="e"} "# + value
                ]
            )
        }
    }

    @Test func `One status holds at a time, and it is running until the command has ended`() {
        var metrics = ActionMetrics(action: "run")
        func holding() -> [String] { lines(metrics, "executor_action_status").filter { $0.hasSuffix(" 1") } }
        #expect(holding() == [#"executor_action_status{action="run",status="running"} 1"#])
        for status in ActionReport.Status.allCases {
            metrics.set(duration: 1, status: status)
            #expect(holding() == ["executor_action_status{action=\"run\",status=\"\(status.rawValue)\"} 1"])
        }
        metrics.set(duration: 2, status: nil)
        #expect(holding() == [#"executor_action_status{action="run",status="running"} 1"#])
        #expect(lines(metrics, "executor_action_status").count == ActionReport.Status.allCases.count + 1)
    }

    @Test func `Attempts beyond the first are counted, and none is less than none`() {
        var metrics = ActionMetrics(action: "run")
        var report = Sample.report([])
        for attempts in [0, 1, 3, 5] {
            var component = Sample.component("a")
            component.attempts = attempts
            metrics.count(component)
            report.add(component)
        }
        #expect(lines(metrics, "ostler_retries_total") == [#"ostler_retries_total{action="run"} 6"#])
        #expect(report.retries == 6)
    }

    @Test func `A failure counts by its code, what succeeded in spite of one does not`() {
        var metrics = ActionMetrics(action: "run")
        let failure = Failure("no_host", fault: .task, message: "")
        metrics.count(Sample.component("a", .timeout, failure: failure))
        metrics.count(Sample.component("b", .timeout))
        metrics.count(Sample.component("c", .succeeded, failure: failure))
        #expect(
            lines(metrics, "executor_errors_total") == [
                #"executor_errors_total{action="run",type="no_host"} 1"#,
                #"executor_errors_total{action="run",type="timeout"} 1"#,
            ]
        )
    }

    @Test func `A clock that went back takes nothing from the sum`() {
        var metrics = ActionMetrics(action: "run")
        for duration in [Int64(-5_000_000), 2_000] { metrics.count(Sample.component("a", duration: duration)) }
        #expect(
            lines(metrics, "executor_action_duration_seconds_sum") == [
                #"executor_action_duration_seconds_sum{action="run",kind="command"} 0.002000"#
            ]
        )
        #expect(
            lines(metrics, "executor_action_duration_seconds_bucket").prefix(2).map { String($0.suffix(2)) }
                == [" 1", " 2"]
        )
    }

    @Test(arguments: [
        ("a\"b", #"a\"b"#), ("a\\n", #"a\\n"#), ("a\nb", #"a\nb"#),
        ("a\tb\u{7F}\u{2028}", "a\u{FFFD}b\u{FFFD}\u{FFFD}~e9dab5ad4964ac36"),
        (String(repeating: "é", count: 200), String(repeating: "é", count: 200)),
        (String(repeating: "é", count: 300), String(repeating: "é", count: 183) + "~f23488e9e5502015"),
    ])
    func `A label's value is escaped and has an end`(word: String, shown: String) {
        var metrics = ActionMetrics(action: "run")
        metrics.set(.healthy, of: word, kind: "k")
        #expect(metrics.prometheus.contains("{action=\"run\",kind=\"k\",component=\"\(shown)\"} 1\n"))
    }

    @Test func `Names that would look alike are series of their own`() throws {
        var metrics = ActionMetrics(action: "apply")
        let path = "/" + String(repeating: "a", count: 300)
        let names = [path + "b", path + "c", "x\u{202E}", "x\u{202D}", "x\u{FFFD}"]
        for name in names { metrics.set(.healthy, of: name, kind: "file") }
        #expect(Set(lines(metrics, "executor_component_health")).count == names.count)
    }

    @Test(arguments: [
        (Int64(0), "0.000000"), (1, "0.000001"), (999_999, "0.999999"), (1_000_000, "1.000000"), (-1, "-0.000001"),
        (-1_500_000, "-1.500000"), (.max, "9223372036854.775807"), (.min, "-9223372036854.775808"),
    ])
    func `Seconds are exact to the microsecond, and cut to the millisecond`(microseconds: Int64, text: String) {
        #expect(Seconds.text(microseconds: microseconds) == text)
        #expect(Seconds.short(microseconds: microseconds) == String(text.dropLast(3)))
    }
}
