public import OstlerJSON

/// `credit`: a notification of the host. So much more output of a task is taken.
public struct CreditNotification: Sendable, Equatable {
    public static let method: StaticString = "credit"

    public var task: String
    /// Of output, before any encoding.
    public var bytes: Int

    public init(task: String, bytes: Int) {
        self.task = task
        self.bytes = bytes
    }

    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("task")
        writer.string(task)
        writer.key("bytes")
        writer.int(bytes)
        writer.endObject()
    }

    /// Both members must be there; ``OstlerJSON/JSONError/Code/wrongType`` otherwise.
    public init(reading reader: inout JSONReader) throws(JSONError) {
        var (task, bytes): (String?, Int?) = (nil, nil)
        let start = reader.index
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "task") {
                task = try reader.string()
            } else if reader.matches(key, "bytes") {
                bytes = Int(clamping: try reader.int())
            } else {
                _ = try reader.skipValue()
            }
        }
        guard let task, let bytes, bytes >= 0 else { throw JSONError(.wrongType, at: start) }
        self.init(task: task, bytes: bytes)
    }
}
