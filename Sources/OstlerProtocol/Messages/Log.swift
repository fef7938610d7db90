public import OstlerJSON

/// `log`: a diagnostic line with a level. Free text on stderr does as well.
public struct LogNotification: Sendable, Equatable {
    public static let method: StaticString = "log"

    public enum Level: String, Sendable {
        case debug
        case info
        case warning
        case error
    }

    public var level: Level
    public var message: String
    public var task: String?

    public init(level: Level, message: String, task: String? = nil) {
        self.level = level
        self.message = message
        self.task = task
    }

    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("level")
        writer.string(level.rawValue)
        writer.key("message")
        writer.string(message)
        writer.optional("task", task)
        writer.endObject()
    }

    public init(reading reader: inout JSONReader) throws(JSONError) {
        self.init(level: .info, message: "")
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "level") {
                level = Level(rawValue: try reader.string()) ?? .info
            } else if reader.matches(key, "message") {
                message = try reader.string()
            } else if reader.matches(key, "task") {
                task = try reader.string()
            } else {
                _ = try reader.skipValue()
            }
        }
    }
}
