internal import OstlerHost
internal import OstlerProtocol
internal import OstlerResources
internal import OstlerSystem
internal import OstlerTasks
internal import OstlerTelemetry

/// The span of a resource whose turn it is: what is run for it is a part of it.
struct ResourceTrace {
    let context: TraceContext
    private let tracing: HostTracing
    private let record: @LoopActor @Sendable ([Span]) -> Void
    private let start = Instant.now

    /// - Returns: nil if no spans are kept.
    init?(_ tracing: HostTracing?) {
        guard let tracing, let record = tracing.record else { return nil }
        var generator = SystemRandomNumberGenerator()
        context = tracing.run.child(using: &generator)
        (self.tracing, self.record) = (tracing, record)
    }

    /// Its turn has ended.
    /// - Parameter outcome: as it may be told.
    @LoopActor
    func finish(_ outcome: ResourceOutcome) {
        var span = Span(
            "resource",
            context,
            parent: tracing.run.span,
            start: tracing.time(of: start),
            end: tracing.time(of: .now)
        )
        span.attributes = [
            ("ostler.resource", .string(outcome.title)), ("ostler.state", .string(outcome.state.rawValue)),
            ("ostler.changed", .bool(outcome.changed)),
        ]
        if let code = outcome.error?.code { span.attributes.append(("error.type", .string(code))) }
        if outcome.event.isUnmet { span.error = outcome.error?.message ?? outcome.state.rawValue }
        record([span])
    }
}
