internal import OstlerHost
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks
internal import OstlerTelemetry

/// Takes what becomes of a command's tasks or resources, and tells it as it was asked to.
@LoopActor
final class Telemetry {
    /// How often metrics are written at most, in milliseconds.
    private static let pace: Int64 = 5000

    /// For the host that runs the tasks; nil if they belong to no trace.
    nonisolated var tracing: HostTracing? { trace?.tracing }

    private nonisolated let trace: RunTrace?
    private nonisolated let action: String
    private nonisolated let started = Instant.now
    private nonisolated let reports: [(form: ReportForm, file: ReplacedFile?)]
    private nonisolated let metricsFile: ReplacedFile?
    private let thread = WorkerThread()
    private var report: ActionReport
    private var metrics: ActionMetrics
    private var timer: TimerID?
    private var failures: [Failure] = []

    /// Writes the first metrics, so that what cannot be written is known before anything is run.
    nonisolated init(_ action: String, _ context: RunContext, _ options: TelemetryOptions, _ trace: RunTrace?) throws {
        (self.action, self.trace) = (action, trace)
        reports = try options.reports.map { ($0.form, try $0.path.map { try ReplacedFile($0) }) }
        metricsFile = try options.metricsPath.map { try ReplacedFile($0) }
        let metrics = ActionMetrics(action: action)
        try metricsFile?.write(Array(metrics.prometheus.utf8), isDurable: false)
        self.metrics = metrics
        var report = ActionReport(action: action, runID: context.runID, startedAt: WallClock.milliseconds)
        report.traceID = trace?.context.trace.description
        self.report = report
    }

    // MARK: What happens

    /// Takes a task that has ended.
    /// - Parameter vault: whose secrets are not told, whoever has asked for them.
    func add(_ result: TaskResult, under vault: SecretVault) {
        guard !reports.isEmpty || metricsFile != nil else { return }
        if let health = result.outcome.executorHealth { metrics.set(health, of: result.executor, kind: "executor") }
        let component = ActionReport.Component(result)
        add(vault.mask.map { mask in component.concealed { mask.masked($0) } } ?? component)
    }

    /// Takes a resource of a manifest that was dealt with.
    func add(resource: ActionReport.Component) {
        metrics.set(resource.health, of: resource.name, kind: resource.kind)
        add(resource)
    }

    /// Takes a line of a file that is no task.
    /// - Parameter place: file and line.
    func add(_ failure: Failure, at place: String) {
        var component = ActionReport.Component(
            name: place,
            kind: "line",
            outcome: .invalid,
            changed: false,
            duration: 0
        )
        component.failure = failure
        add(component)
    }

    private func add(_ component: ActionReport.Component) {
        if !reports.isEmpty { report.add(component) }
        guard metricsFile != nil else { return }
        metrics.count(component)
        guard timer == nil else { return }
        timer = EventLoop.shared.schedule(at: .now.advanced(milliseconds: Self.pace)) { [weak self] in
            self?.timer = nil
            self?.writeMetrics(status: nil)
        }
    }

    // MARK: What is told

    private var duration: Int64 { Instant.now.microseconds(since: started) }

    private func writeMetrics(status: ActionReport.Status?) {
        guard let metricsFile else { return }
        metrics.set(duration: duration, status: status)
        let metrics = metrics
        write { () throws(Failure) in try metricsFile.write(Array(metrics.prometheus.utf8), isDurable: false) }
    }

    /// Writes on a thread of its own: the loop does not wait for the disk.
    private func write(_ body: @escaping @Sendable () throws(Failure) -> Void) {
        thread.perform {
            Result { () throws(Failure) in try body() }
        } reply: { [weak self] result in
            guard let self, case .failure(let failure) = result, !failures.contains(failure) else { return }
            failures.append(failure)
        }
    }

    /// Tells all that is to be told at the end.
    /// - Parameter exitCode: that the command is to end with.
    /// - Returns: the exit code to end with: another one only if something could not be written.
    func finish(exitCode: Int32) async -> Int32 {
        if let timer { EventLoop.shared.cancel(timer) }
        (report.duration, report.exitCode) = (duration, exitCode)
        let report = report
        for (form, file) in reports {
            guard let file else {
                Log.raw(report.rendered(as: form))
                continue
            }
            write { () throws(Failure) in try file.write(Array(report.rendered(as: form).utf8)) }
        }
        writeMetrics(status: report.status)
        await withUnsafeContinuation { continuation in
            thread.perform {
            } reply: {
                continuation.resume()
            }
        }
        for failure in failures { Log.failure(failure) }
        let hasSpans =
            await trace?.finish(action, from: started, exitCode: exitCode, status: report.status) ?? true
        return failures.isEmpty && hasSpans ? exitCode : Outcome.infra.exitCode
    }
}
