internal import OstlerJSON

/// Something that took its time, as a part of a trace.
package struct Span: Sendable {
    /// As OTLP numbers them.
    package enum Kind: Int, Sendable {
        case `internal` = 1
        /// It calls something that may have spans of its own below it.
        case client = 3
    }

    package enum Value: Sendable, Equatable {
        case string(String)
        case int(Int64)
        case bool(Bool)
    }

    package let name: String
    package let context: TraceContext
    /// The span that it is a part of; nil for the first of its trace.
    package let parent: SpanID?
    package let kind: Kind
    /// Nanoseconds since 1970.
    package let start: Int64
    package var end: Int64
    package var attributes: [(key: String, value: Value)] = []
    /// What went wrong; nil if nothing did.
    package var error: String?

    package init(
        _ name: String,
        _ context: TraceContext,
        parent: SpanID?,
        kind: Kind = .internal,
        start: Int64,
        end: Int64
    ) {
        (self.name, self.context, self.parent, self.kind) = (name, context, parent, kind)
        self.start = start
        self.end = max(start, end)
    }
}

/// Spans as OTLP's JSON has them, an `ExportTraceServiceRequest` a line: what the file exporter of OpenTelemetry's collector
/// writes and its receiver reads.
package struct SpanLines: Sendable {
    /// The resource and the scope, which all lines have alike.
    private let head: [UInt8]
    private static let tail = Array("]}]}]}\n".utf8)

    /// - Parameters:
    ///   - version: of Ostler.
    ///   - attributes: of whoever records the spans, besides its name and version.
    package init(version: String, attributes: [(key: String, value: Span.Value)]) {
        let own: [(key: String, value: Span.Value)] = [
            ("service.name", .string("ostler")), ("service.version", .string(version)),
        ]
        var writer = JSONWriter()
        writer.attributes(own + attributes)
        let scope = #"{"name":"ostler","version":"# + JSONValue.string(version).text + "}"
        head =
            Array(#"{"resourceSpans":[{"resource":{"attributes":"#.utf8) + writer.bytes
            + Array(#"},"scopeSpans":[{"scope":"#.utf8) + Array((scope + #","spans":["#).utf8)
    }

    /// One line.
    package func line(_ spans: [Span]) -> [UInt8] {
        var writer = JSONWriter()
        writer.bytes = head
        for span in spans { span.encode(into: &writer) }
        return writer.bytes + Self.tail
    }
}

extension Span {
    fileprivate func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("traceId")
        writer.string(context.trace.description)
        writer.key("spanId")
        writer.string(context.span.description)
        if let parent {
            writer.key("parentSpanId")
            writer.string(parent.description)
        }
        writer.key("flags")
        writer.int(context.isSampled ? 1 : 0)
        writer.key("name")
        writer.string(name)
        writer.key("kind")
        writer.int(kind.rawValue)
        writer.key("startTimeUnixNano")
        writer.string("\(start)")
        writer.key("endTimeUnixNano")
        writer.string("\(end)")
        writer.key("attributes")
        writer.attributes(attributes)
        writer.key("status")
        writer.beginObject()
        if let error {
            writer.key("code")
            writer.int(2)
            writer.key("message")
            writer.string(error)
        }
        writer.endObject()
        writer.endObject()
    }
}

extension JSONWriter {
    /// Writes attributes; numbers are strings, since JSON's are not exact for all of them.
    fileprivate mutating func attributes(_ attributes: [(key: String, value: Span.Value)]) {
        beginArray()
        for (name, value) in attributes {
            beginObject()
            key("key")
            string(name)
            key("value")
            beginObject()
            switch value {
            case .string(let text):
                key("stringValue")
                string(text)
            case .int(let number):
                key("intValue")
                string("\(number)")
            case .bool(let isTrue):
                key("boolValue")
                bool(isTrue)
            }
            endObject()
            endObject()
        }
        endArray()
    }
}
