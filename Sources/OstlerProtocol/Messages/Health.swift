public import OstlerJSON

/// `health`: asks whether the executors can work now. It has no parameters and is answered also while tasks run.
public enum HealthRequest {
    public static let method: StaticString = "health"
}

/// The answer to `health`.
public struct HealthResult: Sendable, Equatable {
    public enum Status: String, Sendable {
        case healthy
        case degraded
        case unhealthy
    }

    public var status: Status
    public var detail: String?

    public init(status: Status, detail: String? = nil) {
        self.status = status
        self.detail = detail
    }

    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("status")
        writer.string(status.rawValue)
        writer.optional("detail", detail)
        writer.endObject()
    }

    public init(reading reader: inout JSONReader) throws(JSONError) {
        var (status, detail): (Status?, String?) = (nil, nil)
        let start = reader.index
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "status") {
                status = Status(rawValue: try reader.string())
            } else if reader.matches(key, "detail") {
                detail = try reader.string()
            } else {
                _ = try reader.skipValue()
            }
        }
        guard let status else { throw JSONError(.wrongType, at: start) }
        self.init(status: status, detail: detail)
    }
}
