import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

@testable import OstlerTelemetry

/// Metrics, judged by Prometheus' own tool.
@Suite struct ActionMetricsTests {
    private static let accept = "\(Judge.tools)/promtool check metrics < \"$1\""

    private func metrics(_ components: [ActionReport.Component]) -> ActionMetrics {
        var metrics = ActionMetrics(action: "run")
        for component in components { metrics.count(component) }
        return metrics
    }

    @Test func `Each component is counted once in its outcome and once in its state`() {
        let metrics = metrics([
            Sample.component("a"), Sample.component("b", .failed), Sample.component("c", changed: false),
        ])
        let lines = metrics.prometheus.split(separator: "\n")
        for line in [
            #"ostler_tasks_total{action="run",kind="command",outcome="succeeded"} 2"#,
            #"ostler_tasks_total{action="run",kind="command",outcome="failed"} 1"#,
            #"ostler_events_total{action="run",kind="command",state="changed"} 1"#,
            #"ostler_events_total{action="run",kind="command",state="failed"} 1"#,
            #"ostler_events_total{action="run",kind="command",state="stable"} 1"#,
            #"executor_errors_total{action="run",type="failed"} 1"#,
            #"executor_action_status{action="run",status="running"} 1"#,
            #"executor_action_duration_seconds_count{action="run",kind="command"} 3"#,
            #"executor_action_duration_seconds_sum{action="run",kind="command"} 0.003000"#,
        ] {
            #expect(lines.contains(line[...]), "\(line) in\n\(metrics.prometheus)")
        }
    }

    @Test(arguments: [
        (Int64(0), "0.001"), (1_000, "0.001"), (1_001, "0.005"), (1_800_000_000, "1800"), (1_800_000_001, "+Inf"),
    ])
    func `A duration counts in the first bucket that holds it and in all above`(duration: Int64, bucket: String) {
        let text = metrics([Sample.component("a", duration: duration)]).prometheus
        let counts = text.split(separator: "\n").filter { $0.contains("_bucket{") }.map { line in
            (bound: line.split(separator: "\"")[5], isCounted: line.hasSuffix(" 1"))
        }
        let first = counts.firstIndex(where: \.isCounted) ?? counts.count
        #expect(counts[first...].map(\.bound).first.map(String.init) == bucket)
        #expect(counts[first...].count(where: \.isCounted) == counts.count - first)
        #expect(counts.count == DurationHistogram.bounds.count + 1)
    }

    @Test func `Codes of errors are counted by themselves up to a bound, and the rest together`() {
        let components = (0..<ActionMetrics.mostWords + 20).map { number in
            Sample.component("c", .failed, failure: Failure("code-\(number)", fault: .task, message: ""))
        }
        let lines = metrics(components + components).prometheus.split(separator: "\n")
            .filter { $0.hasPrefix("executor_errors_total{") }
        #expect(lines.count == ActionMetrics.mostWords + 1)
        #expect(lines.contains(#"executor_errors_total{action="run",type="other"} 40"#))
    }

    @Test func `Executors that nobody has make no series without end`() {
        let components = (0..<1000).map { number in
            var component = Sample.component("c", .invalid)
            component.kind = "executor-\(number)"
            return component
        }
        let kinds = Set(
            metrics(components).prometheus.split(separator: "\n").compactMap { line in
                line.firstRange(of: "kind=\"").map { String(line[$0.upperBound...].prefix { $0 != "\"" }) }
            }
        )
        #expect(kinds.count == ActionMetrics.mostWords + 1 && kinds.contains("other"))
    }

    @Test(.enabled(if: Judge.isHere, Judge.isMissing))
    func `promtool accepts them before anything has ended, and when all has`() throws {
        var metrics = ActionMetrics(action: "worker")
        try Judge.accepts(metrics.prometheus, Self.accept)
        metrics.count(Sample.component("a"))
        metrics.set(.healthy, of: "command", kind: "executor")
        metrics.set(.unhealthy, of: "other", kind: "executor")
        metrics.set(duration: 12_345_678, status: .partial)
        #expect(
            metrics.prometheus.contains(
                #"executor_component_health{action="worker",kind="executor",component="other"} 0"#
            )
        )
        #expect(metrics.prometheus.contains(#"executor_action_status{action="worker",status="partial"} 1"#))
        #expect(metrics.prometheus.contains(#"ostler_run_duration_seconds{action="worker"} 12.345678"#))
        try Judge.accepts(metrics.prometheus, Self.accept)
    }

    @Test(.enabled(if: Judge.isHere, Judge.isMissing), arguments: 1...10 as ClosedRange<UInt64>)
    func `Whatever a plugin calls things, promtool accepts them`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        var metrics = ActionMetrics(action: "run")
        for component in Sample.oddReport(seed: seed).components {
            metrics.count(component)
            metrics.set(component.health, of: Sample.odd(&generator), kind: Sample.odd(&generator))
        }
        try Judge.accepts(metrics.prometheus, Self.accept)
    }
}
