/// Where a run's trace comes from: from whoever started it, or from nowhere.
package enum TraceOrigin: Sendable, Equatable {
    /// A span of the caller.
    case parent(TraceContext)
    /// The caller's trace, without a span.
    case trace(TraceID)
    case none

    /// What was said of the caller's trace and means nothing; it is passed over.
    package struct Ignored: Sendable, Equatable {
        /// Such as `TRACEPARENT`.
        package let name: String
        package let value: String
    }

    package static let (parentVariable, traceVariable, spanVariable) = ("TRACEPARENT", "TRACE_ID", "SPAN_ID")

    /// What counts is the option, then `TRACEPARENT`, then `TRACE_ID` with or without `SPAN_ID`. What cannot be read is
    /// passed over, and a new trace begins, as W3C's Trace Context says.
    package static func find(
        option: String?,
        environment: [String: String]
    ) -> (origin: TraceOrigin, ignored: [Ignored]) {
        var ignored: [Ignored] = []
        for (name, text) in [("--traceparent", option), (parentVariable, environment[parentVariable])] {
            guard let text, !text.isEmpty else { continue }
            if let context = TraceContext(traceparent: text) { return (.parent(context), ignored) }
            ignored.append(Ignored(name: name, value: text))
        }
        guard let text = environment[traceVariable], !text.isEmpty else { return (.none, ignored) }
        guard let trace = TraceID(text) else {
            return (.none, ignored + [Ignored(name: traceVariable, value: text)])
        }
        guard let spanText = environment[spanVariable], !spanText.isEmpty else { return (.trace(trace), ignored) }
        guard let span = SpanID(spanText) else {
            return (.trace(trace), ignored + [Ignored(name: spanVariable, value: spanText)])
        }
        return (.parent(TraceContext(trace: trace, span: span, isSampled: true)), ignored)
    }

    /// The context of the run's own span.
    package func begin(using generator: inout some RandomNumberGenerator) -> TraceContext {
        switch self {
        case .parent(let context): context.child(using: &generator)
        case .trace(let trace): TraceContext(trace: trace, span: .random(using: &generator), isSampled: true)
        case .none:
            TraceContext(
                trace: .random(using: &generator),
                span: .random(using: &generator),
                isSampled: true
            )
        }
    }

    /// What a run that leaves no span of its own hands on; nil if there is no trace.
    package func handedOn(using generator: inout some RandomNumberGenerator) -> TraceContext? {
        switch self {
        case .parent(let context): context
        case .trace: begin(using: &generator)
        case .none: nil
        }
    }

    /// The caller's span, if it has one.
    package var parentSpan: SpanID? {
        if case .parent(let context) = self { context.span } else { nil }
    }
}

extension TraceContext {
    /// The variables by which it is handed on to commands.
    package var variables: [(key: String, value: String)] {
        [
            (TraceOrigin.parentVariable, traceparent), (TraceOrigin.traceVariable, trace.description),
            (TraceOrigin.spanVariable, span.description),
        ]
    }
}
