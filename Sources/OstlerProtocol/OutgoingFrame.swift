public import OstlerJSON

/// Writes whole frames. `id` comes first and the body last, so that a reader's scan is short.
public enum OutgoingFrame {
    /// A request of the host.
    public static func request(
        _ writer: inout JSONWriter,
        id number: UInt64,
        of ids: MessageIDs,
        method: StaticString,
        params: (inout JSONWriter) -> Void
    ) {
        writer.beginObject()
        writer.key("id")
        writer.raw(idText(number, ids))
        writer.key("jsonrpc")
        writer.raw("\"2.0\"".utf8)
        writer.key("method")
        writer.string(method.description)
        writer.key("params")
        params(&writer)
        writer.endObject()
        writer.newline()
    }

    /// An answer to a request whose id is given as it stood in the request, quotes excluded.
    public static func response(
        _ writer: inout JSONWriter,
        id: some Collection<UInt8>,
        member: StaticString = "result",
        body: (inout JSONWriter) -> Void
    ) {
        writer.beginObject()
        writer.key("id")
        writer.raw([UInt8(ascii: "\"")] + id + [UInt8(ascii: "\"")])
        writer.key("jsonrpc")
        writer.raw("\"2.0\"".utf8)
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
        writer.key("jsonrpc")
        writer.raw("\"2.0\"".utf8)
        writer.key("method")
        writer.string(method.description)
        writer.key("params")
        params(&writer)
        writer.endObject()
        writer.newline()
    }

    private static func idText(_ number: UInt64, _ ids: MessageIDs) -> [UInt8] {
        var text: [UInt8] = []
        text.reserveCapacity(ids.prefix.count + 22)
        text.append(UInt8(ascii: "\""))
        text.append(contentsOf: ids.prefix)
        text.append(contentsOf: String(number).utf8)
        text.append(UInt8(ascii: "\""))
        return text
    }
}
