public import OstlerJSON

/// Writes whole frames. `id` comes first and the body last, so that a reader's scan is short.
public enum OutgoingFrame {
    private static var version: StaticString { "\"jsonrpc\":\"2.0\"" }

    /// A request of the host.
    public static func request(
        _ writer: inout JSONWriter,
        id number: UInt64,
        of ids: MessageIDs,
        method: StaticString,
        params: (inout JSONWriter) -> Void
    ) {
        writer.part("{\"id\":\"")
        writer.part(ids.prefix, number: number)
        writer.part("\",\"jsonrpc\":\"2.0\",\"method\":\"")
        writer.part(method)
        writer.part("\",\"params\":")
        params(&writer)
        writer.endObject()
        writer.newline()
    }

    /// An answer to a request whose id is given as it stood in the request, quotes excluded.
    public static func response(
        _ writer: inout JSONWriter,
        id: [UInt8],
        member: StaticString = "result",
        body: (inout JSONWriter) -> Void
    ) {
        writer.part("{\"id\":\"")
        writer.part(id)
        writer.part("\",\"jsonrpc\":\"2.0\"")
        writer.endPart()
        writer.key(member)
        body(&writer)
        writer.endObject()
        writer.newline()
    }

    /// A message that has no answer.
    public static func notification(
        _ writer: inout JSONWriter,
        method: StaticString,
        params: (inout JSONWriter) -> Void
    ) {
        writer.beginObject()
        writer.raw(version)
        writer.key("method")
        writer.string(static: method)
        writer.key("params")
        params(&writer)
        writer.endObject()
        writer.newline()
    }
}
