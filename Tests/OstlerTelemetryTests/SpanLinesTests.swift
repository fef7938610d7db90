import OstlerTestSupport
import Testing

@testable import OstlerTelemetry

/// Spans, judged by OTLP's own messages.
@Suite struct SpanLinesTests {
    private static let accept =
        "PYTHONPATH=\(Judge.tools)/python python3 \(Surroundings.packageRoot())/Tests/Fixtures/telemetry/check-spans.py"

    @Test(.enabled(if: Judge.isHere, Judge.isMissing), arguments: 1...5 as ClosedRange<UInt64>)
    func `Whatever they are called, they are read as they were written`(seed: UInt64) throws {
        var generator = SeededGenerator(seed: seed)
        let root = TraceOrigin.none.begin(using: &generator)
        let start: Int64 = 1_770_000_000_000_000_000
        var child = Span(
            Sample.odd(&generator),
            root.child(using: &generator),
            parent: root.span,
            kind: .client,
            start: start + 5,
            end: start + 7
        )
        child.attributes = [
            (Sample.odd(&generator), .string(Sample.odd(&generator))), ("n", .int(.max)), ("b", .bool(true)),
        ]
        child.error = Sample.odd(&generator)
        let whole = Span("run", root, parent: nil, start: start, end: start + 9)
        let lines = SpanLines(version: "1", attributes: [("ostler.run_id", .string(Sample.odd(&generator)))])
        let text = String(decoding: lines.line([child]) + lines.line([whole]), as: UTF8.self)
        #expect(text.split(separator: "\n").count == 2)
        try Judge.accepts(text, Self.accept + " \"$1\"")
    }

    @Test func `A clock that went back makes no span that ends before it began`() {
        var generator = SeededGenerator(seed: 1)
        let context = TraceOrigin.none.begin(using: &generator)
        #expect(Span("s", context, parent: nil, start: 10, end: 5).end == 10)
    }
}
