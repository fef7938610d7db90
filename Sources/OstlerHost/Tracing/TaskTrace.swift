internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks
internal import OstlerTelemetry

/// The spans of one task: itself, the attempt at it, each call of its plugin, each sandbox of its commands.
@LoopActor
final class TaskTrace {
    private struct Call {
        let context: TraceContext
        let start: Instant
    }

    private let tracing: HostTracing
    private let submittedName: String?
    private let number: Int
    /// What the task is a part of.
    private let parent: TraceContext
    private let task: TraceContext
    private let attempt: TraceContext
    private let submitted: Instant
    private var dispatched: Instant?
    private var call: Call?
    private var spans: [Span] = []

    /// A task that says which span it is a part of belongs to that trace, and only if the trace is to be recorded its spans
    /// are.
    /// - Parameters:
    ///   - submittedName: what it is called where its id is the host's own.
    ///   - number: of the attempt.
    ///   - tracing: the run's; nil if the run belongs to no trace.
    /// - Returns: nil if neither task nor run belong to a trace.
    init?(
        of spec: TaskSpec,
        named submittedName: String?,
        _ number: Int,
        _ tracing: HostTracing?,
        from submitted: Instant
    ) {
        let own = spec.traceparent.flatMap(TraceContext.init(traceparent:))
        guard let parent = own ?? tracing?.run else { return nil }
        let records = own?.isSampled ?? true
        let tracing = tracing.flatMap { records ? $0 : nil } ?? HostTracing(run: parent, record: nil)
        (self.tracing, self.submittedName, self.number) = (tracing, submittedName, number)
        (self.parent, self.submitted) = (parent, submitted)
        guard tracing.record != nil else {
            (task, attempt) = (parent, parent)
            return
        }
        var generator = SystemRandomNumberGenerator()
        task = parent.child(using: &generator)
        attempt = task.child(using: &generator)
    }

    private var isRecorded: Bool { tracing.record != nil }

    /// The task is sent to its plugin: plugin and commands are told what their spans are parts of.
    func beginCall(_ request: inout ExecuteRequest, for spec: TaskSpec, at moment: Instant) {
        var context = attempt
        if isRecorded {
            var generator = SystemRandomNumberGenerator()
            context = attempt.child(using: &generator)
            call = Call(context: context, start: moment)
            dispatched = dispatched ?? moment
        }
        request.traceparent = context.traceparent
        guard spec.environmentMode != .clean else { return }
        let own = Set(spec.environment.map(\.key))
        request.environment += context.variables.filter { !own.contains($0.key) }
    }

    /// The plugin has answered, or will not any more.
    /// - Parameter error: why it will not.
    func endCall(error: String? = nil) {
        guard let ended = call else { return }
        call = nil
        add("plugin call", ended.context, parent: attempt, kind: .client, from: ended.start, error: error)
    }

    func sandboxExited(_ report: ExitReport) {
        guard isRecorded, let dispatched else { return }
        let now = Instant.now
        let wall = Int64(clamping: report.usage.wallMicroseconds)
        let start = Instant(nanoseconds: max(dispatched.nanoseconds, now.nanoseconds - wall * 1000))
        let end: (key: String, value: Span.Value) =
            if let signal = report.signal {
                ("ostler.signal", .int(Int64(signal)))
            } else {
                ("process.exit.code", .int(Int64(report.exitCode)))
            }
        addSandbox(from: start, end)
    }

    func sandboxFailed(_ failure: LaunchFailure) {
        guard isRecorded else { return }
        addSandbox(
            from: .now,
            ("ostler.stage", .string(failure.stage)),
            error: "\(failure.stage): errno \(failure.errno)"
        )
    }

    private func addSandbox(from start: Instant, _ attribute: (key: String, value: Span.Value), error: String? = nil) {
        var generator = SystemRandomNumberGenerator()
        let context = attempt.child(using: &generator)
        add("sandbox", context, parent: attempt, from: start, [attribute], error: error)
    }

    /// The task has its outcome, and no secrets in it any more.
    /// - Parameter masked: takes secrets out of names, too.
    func finish(_ result: TaskResult, masked: (String) -> String) {
        guard let record = tracing.record else { return }
        endCall(error: result.outcome.rawValue)
        let error = result.outcome.satisfiesDependents ? nil : result.error?.message ?? result.outcome.rawValue
        if let dispatched {
            let attribute: (key: String, value: Span.Value) = ("ostler.attempt", .int(Int64(number)))
            add("attempt", attempt, parent: task, from: dispatched, [attribute], error: error)
        }
        var attributes: [(key: String, value: Span.Value)] = [
            ("ostler.task", .string(masked(submittedName ?? result.id))),
            ("ostler.executor", .string(result.executor)),
            ("ostler.outcome", .string(result.outcome.rawValue)), ("ostler.changed", .bool(result.changed)),
        ]
        if submittedName != nil { attributes.append(("ostler.wire_id", .string(result.id))) }
        if let plugin = result.plugin { attributes.append(("ostler.plugin", .string(plugin.name))) }
        if let code = result.error?.code { attributes.append(("error.type", .string(code))) }
        add("task", task, parent: parent, from: submitted, attributes, error: error)
        record(spans)
    }

    /// Adds a span that ends now.
    private func add(
        _ name: String,
        _ context: TraceContext,
        parent: TraceContext,
        kind: Span.Kind = .internal,
        from start: Instant,
        _ attributes: [(key: String, value: Span.Value)] = [],
        error: String? = nil
    ) {
        var span = Span(
            name,
            context,
            parent: parent.span,
            kind: kind,
            start: tracing.time(of: start),
            end: tracing.time(of: .now)
        )
        span.attributes = attributes
        span.error = error
        spans.append(span)
    }
}
