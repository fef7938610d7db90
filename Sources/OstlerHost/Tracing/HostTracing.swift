package import OstlerSystem
package import OstlerTelemetry

/// The trace that a host's tasks belong to.
package struct HostTracing: Sendable {
    /// The span that the tasks are parts of.
    package let run: TraceContext
    /// Takes the spans of a task when it has ended; nil if none are recorded. What stands in `run` is then handed on to
    /// plugins and commands as it is.
    package let record: (@LoopActor @Sendable ([Span]) -> Void)?
    /// From the clock that never jumps to nanoseconds since 1970, the same for all spans of a run: a span never ends before
    /// it began, and none stands out of the one that it is a part of.
    private let offset: Int64

    package init(run: TraceContext, record: (@LoopActor @Sendable ([Span]) -> Void)?) {
        (self.run, self.record) = (run, record)
        offset = WallClock.nanoseconds - Instant.now.nanoseconds
    }

    /// A moment in nanoseconds since 1970.
    package func time(of moment: Instant) -> Int64 { moment.nanoseconds + offset }
}
