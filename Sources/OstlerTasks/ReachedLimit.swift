package import OstlerJSON
package import OstlerProtocol

/// A limit that something of a task ran into.
package struct ReachedLimit: Sendable, Equatable {
    package var limit: Failure.Limit
    /// Where, if there are several places that have this limit each for itself.
    package var place: String?

    package init(_ limit: Failure.Limit, at place: String? = nil) {
        self.limit = limit
        self.place = place
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("name")
        writer.string(limit.name)
        writer.key("limit")
        writer.int(limit.limit)
        writer.key("observed")
        writer.int(limit.observed)
        writer.optional("at", place)
        writer.endObject()
    }
}
