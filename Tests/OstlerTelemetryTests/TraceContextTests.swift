import OstlerTestSupport
import Testing

@testable import OstlerTelemetry

/// W3C's Trace Context.
@Suite struct TraceContextTests {
    private static let trace = "0af7651916cd43dd8448eb211c80319c"
    private static let span = "b7ad6b7169203331"

    @Test(arguments: [
        ("00-\(trace)-\(span)-01", true), ("00-\(trace)-\(span)-00", false), ("00-\(trace)-\(span)-03", true),
        ("00-\(trace)-\(span)-02", false), ("cc-\(trace)-\(span)-01", true),
        ("cc-\(trace)-\(span)-01-what-comes", true),
    ])
    func `A header is read, also of a later version`(text: String, isSampled: Bool) throws {
        let context = try #require(TraceContext(traceparent: text))
        #expect(context.trace.description == Self.trace)
        #expect(context.span.description == Self.span)
        #expect(context.isSampled == isSampled)
        #expect(context.traceparent == "00-\(Self.trace)-\(Self.span)-0\(isSampled ? 1 : 0)")
    }

    @Test(arguments: [
        "", "00", "00-\(trace)-\(span)", "00-\(trace)-\(span)-0", "00-\(trace)-\(span)-01-", "00-\(trace)-\(span)-01-x",
        "ff-\(trace)-\(span)-01", "cc-\(trace)-\(span)-01.x", "00-\(trace.uppercased())-\(span)-01",
        "00-\(trace)-\(span.uppercased())-01", "00-00000000000000000000000000000000-\(span)-01",
        "00-\(trace)-0000000000000000-01", "00_\(trace)_\(span)_01", "00-\(trace)-\(span)-0x",
        " 00-\(trace)-\(span)-01",
        "0-\(trace)-\(span)-001",
    ])
    func `What W3C says must be ignored is`(text: String) {
        #expect(TraceContext(traceparent: text) == nil)
    }

    @Test func `The option counts, then TRACEPARENT, then TRACE_ID with SPAN_ID`() throws {
        let other = "00-11111111111111111111111111111111-2222222222222222-00"
        let header = "00-\(Self.trace)-\(Self.span)-01"
        let plain = ["TRACE_ID": Self.trace, "SPAN_ID": Self.span]
        let parent = TraceOrigin.parent(try #require(TraceContext(traceparent: header)))
        #expect(TraceOrigin.find(option: header, environment: ["TRACEPARENT": other]).origin == parent)
        let both = plain.merging(["TRACEPARENT": other]) { $1 }
        #expect(TraceOrigin.find(option: nil, environment: both).origin.parentSpan?.description == "2222222222222222")
        #expect(TraceOrigin.find(option: nil, environment: plain).origin == parent)
        let trace = try #require(TraceID(Self.trace))
        #expect(TraceOrigin.find(option: nil, environment: ["TRACE_ID": Self.trace]).origin == .trace(trace))
        #expect(TraceOrigin.find(option: nil, environment: [:]).origin == .none)
        #expect(TraceOrigin.find(option: nil, environment: ["SPAN_ID": Self.span]).origin == .none)
    }

    @Test func `What cannot be read is passed over and named`() {
        let found = TraceOrigin.find(
            option: "x",
            environment: ["TRACEPARENT": "y", "TRACE_ID": Self.trace, "SPAN_ID": "z"]
        )
        #expect(found.ignored.map(\.name) == ["--traceparent", "TRACEPARENT", "SPAN_ID"])
        #expect(found.origin == TraceID(Self.trace).map { .trace($0) })
        #expect(TraceOrigin.find(option: nil, environment: ["TRACE_ID": "0"]).origin == .none)
    }

    @Test func `A run stands below its caller's span and keeps the trace and its flag`() throws {
        var generator = SeededGenerator(seed: 1)
        let caller = try #require(TraceContext(traceparent: "00-\(Self.trace)-\(Self.span)-00"))
        let run = TraceOrigin.parent(caller).begin(using: &generator)
        #expect(run.trace == caller.trace && run.span != caller.span && !run.isSampled)
        let fresh = TraceOrigin.none.begin(using: &generator)
        #expect(fresh.isSampled && fresh.trace != caller.trace)
        #expect(TraceContext(traceparent: fresh.traceparent) == fresh)
        #expect(fresh.variables.map(\.key) == ["TRACEPARENT", "TRACE_ID", "SPAN_ID"])
    }
}
