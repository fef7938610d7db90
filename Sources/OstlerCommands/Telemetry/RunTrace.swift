internal import OstlerHost
internal import OstlerSystem
internal import OstlerTelemetry

/// The trace that a run belongs to: what tasks stand below, and where spans are kept.
struct RunTrace: Sendable {
    /// Handed on to tasks, and told in the log: of the run's own span, or of the caller's if none are kept.
    let context: TraceContext
    let tracing: HostTracing
    private let parent: SpanID?
    private let file: SpanFile?

    /// - Returns: nil if the caller has no trace and spans are not asked for.
    init?(_ origin: TraceOrigin, spanPath: String?, runID: String) throws {
        guard origin != .none || spanPath != nil else { return nil }
        var generator = SystemRandomNumberGenerator()
        let own = origin.begin(using: &generator)
        let file = try spanPath.map { try SpanFile($0, runID: runID) }
        // A trace that its beginner does not want recorded is handed on and leaves no spans.
        let isRecorded = file != nil && own.isSampled
        if case .parent(let caller) = origin, !isRecorded { context = caller } else { context = own }
        parent = origin.parentSpan
        self.file = isRecorded ? file : nil
        guard isRecorded, let file else {
            tracing = HostTracing(run: context, record: nil)
            return
        }
        tracing = HostTracing(run: context) { file.add($0) }
    }

    /// Keeps the run's own span, which is its last.
    /// - Returns: whether all spans are kept.
    @LoopActor
    func finish(_ action: String, from start: Instant, exitCode: Int32, status: ActionReport.Status) async -> Bool {
        guard let file else { return true }
        let (begun, ended) = (tracing.time(of: start), tracing.time(of: .now))
        var span = Span("ostler " + action, context, parent: parent, start: begun, end: ended)
        span.attributes = [("ostler.action", .string(action)), ("process.exit.code", .int(Int64(exitCode)))]
        span.error = status == .success ? nil : status.rawValue
        file.add([span])
        return await file.finish()
    }
}
