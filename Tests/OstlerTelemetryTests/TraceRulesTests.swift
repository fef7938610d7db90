import OstlerJSON
import OstlerTestSupport
import Testing

@testable import OstlerTelemetry

/// Names of traces and spans, and what is written of a span.
@Suite struct TraceRulesTests {
    /// Gives what it was told to, then ones.
    private struct Draws: RandomNumberGenerator {
        var numbers: [UInt64]

        mutating func next() -> UInt64 { numbers.isEmpty ? 1 : numbers.removeFirst() }
    }

    @Test func `No trace and no span is named by zeros alone, however the dice fall`() {
        var draws = Draws(numbers: [0, 0, 0, 5])
        #expect(TraceID.random(using: &draws).description == String(repeating: "0", count: 31) + "5")
        draws.numbers = [0, 0, 0xAB]
        #expect(SpanID.random(using: &draws).description == "00000000000000ab")
        #expect(draws.numbers.isEmpty)
    }

    @Test(arguments: 1...20 as ClosedRange<UInt64>)
    func `What is handed on is read as it was, and one wrong character anywhere makes it nothing`(seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let context = TraceContext(
            trace: .random(using: &random),
            span: .random(using: &random),
            isSampled: Bool.random(using: &random)
        )
        #expect(TraceContext(traceparent: context.traceparent) == context)
        let bytes = Array(context.traceparent.utf8)
        for place in bytes.indices {
            var spoilt = bytes
            spoilt[place] =
                [UInt8(ascii: "g"), UInt8(ascii: "A"), UInt8(ascii: "_"), 0xFF].randomElement(using: &random) ?? 0
            #expect(TraceContext(traceparent: String(decoding: spoilt, as: UTF8.self)) == nil, "place \(place)")
            let short = String(decoding: bytes[..<place], as: UTF8.self)
            #expect(TraceContext(traceparent: short) == nil, "cut at \(place)")
        }
    }

    @Test func `A span below another has its trace and its flag, and a name of its own`() {
        var random = SeededGenerator(seed: 1)
        for isSampled in [true, false] {
            let context = TraceContext(
                trace: .random(using: &random),
                span: .random(using: &random),
                isSampled: isSampled
            )
            let child = context.child(using: &random)
            #expect(child.trace == context.trace && child.isSampled == isSampled && child.span != context.span)
        }
    }

    @Test func `A caller's trace without a span is gone on with, and recorded`() throws {
        var random = SeededGenerator(seed: 1)
        let trace = try #require(TraceID("0af7651916cd43dd8448eb211c80319c"))
        let run = TraceOrigin.trace(trace).begin(using: &random)
        #expect(run.trace == trace && run.isSampled)
        #expect(TraceOrigin.trace(trace).parentSpan == nil, "it is the first of its trace")
    }

    @Test func `A variable that is empty says nothing and is not complained about`() {
        let found = TraceOrigin.find(option: "", environment: ["TRACEPARENT": "", "TRACE_ID": "", "SPAN_ID": "x"])
        #expect(found.origin == .none && found.ignored.isEmpty)
    }

    @Test func `A span is written with exact numbers, and leaves out what it does not have`() throws {
        var random = SeededGenerator(seed: 1)
        let root = TraceContext(trace: .random(using: &random), span: .random(using: &random), isSampled: false)
        var span = Span("s", root, parent: nil, kind: .client, start: .max - 1, end: .max)
        span.attributes = [("least", .int(.min)), ("no", .bool(false)), ("empty", .string(""))]
        let child = Span("c", root.child(using: &random), parent: root.span, start: 1, end: 2)
        let line = SpanLines(version: "1.2", attributes: [("own", .int(7))]).line([span, child])
        let document = try JSONValue(parsing: line)
        let resource = try #require(document["resourceSpans"]?.array?.first)
        let keys = resource["resource"]?["attributes"]?.array?.map { $0["key"]?.string }
        #expect(keys == ["service.name", "service.version", "own"])
        let scope = try #require(resource["scopeSpans"]?.array?.first)
        #expect(scope["scope"]?["version"] == "1.2")
        let spans = try #require(scope["spans"]?.array)
        try #require(spans.count == 2)
        #expect(spans[0]["startTimeUnixNano"] == "9223372036854775806")
        #expect(spans[0]["endTimeUnixNano"] == "9223372036854775807")
        #expect(spans[0]["flags"] == 0 && spans[0]["kind"] == 3)
        #expect(spans[0]["parentSpanId"] == nil && spans[0]["status"]?["code"] == nil)
        let values = try #require(spans[0]["attributes"]?.array).map { $0["value"] }
        #expect(values[0]?["intValue"] == "-9223372036854775808")
        #expect(values[1]?["boolValue"] == false && values[2]?["stringValue"] == "")
        #expect(spans[1]["parentSpanId"]?.string == root.span.description && spans[1]["kind"] == 1)
    }
}
