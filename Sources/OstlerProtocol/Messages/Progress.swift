public import OstlerJSON

/// `progress`: how far a task is, for people. It is never a sign of life.
public struct ProgressNotification: Sendable, Equatable {
    public static let method: StaticString = "progress"

    public var task: String
    public var value: Double
    public var total: Double?
    public var unit: String?
    public var message: String?

    public init(task: String, value: Double) {
        self.task = task
        self.value = value
    }

    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("task")
        writer.string(task)
        writer.key("value")
        writer.double(value)
        if let total {
            writer.key("total")
            writer.double(total)
        }
        writer.optional("unit", unit)
        writer.optional("message", message)
        writer.endObject()
    }

    public init(reading reader: inout JSONReader) throws(JSONError) {
        self.init(task: "", value: 0)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "task") {
                task = try reader.string()
            } else if reader.matches(key, "value") {
                value = try reader.number().double
            } else if reader.matches(key, "total") {
                total = try reader.number().double
            } else if reader.matches(key, "unit") {
                unit = try reader.string()
            } else if reader.matches(key, "message") {
                message = try reader.string()
            } else {
                _ = try reader.skipValue()
            }
        }
    }
}
