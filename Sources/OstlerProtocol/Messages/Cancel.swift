public import OstlerJSON

/// `cancel`: asks that a task end soon. The task's own answer still comes by `execute`.
public struct CancelRequest: Sendable, Equatable {
    public static let method: StaticString = "cancel"

    public enum Reason: String, Sendable {
        case requested
        case timeout
        case limit
        case shutdown
    }

    public var task: String
    public var reason: Reason
    /// How long the host waits before it uses force, in milliseconds.
    public var grace: Int64

    public init(task: String, reason: Reason, grace: Int64) {
        self.task = task
        self.reason = reason
        self.grace = grace
    }

    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("task")
        writer.string(task)
        writer.key("reason")
        writer.string(reason.rawValue)
        writer.key("grace_ms")
        writer.int(grace)
        writer.endObject()
    }

    public init(reading reader: inout JSONReader) throws(JSONError) {
        self.init(task: "", reason: .requested, grace: 0)
        let start = reader.index
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "task") {
                task = try reader.string()
            } else if reader.matches(key, "reason") {
                reason = Reason(rawValue: try reader.string()) ?? .requested
            } else if reader.matches(key, "grace_ms") {
                grace = try reader.int()
            } else {
                _ = try reader.skipValue()
            }
        }
        guard !task.isEmpty else { throw JSONError(.wrongType, at: start) }
    }
}

/// The answer to `cancel`, given at once.
public struct CancelResult: Sendable, Equatable {
    public enum State: String, Sendable {
        case cancelling
        case unknown
        case tooLate = "too_late"
    }

    public var state: State

    public init(state: State) {
        self.state = state
    }

    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("state")
        writer.string(state.rawValue)
        writer.endObject()
    }

    public init(reading reader: inout JSONReader) throws(JSONError) {
        var state: State?
        let start = reader.index
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "state") {
                state = State(rawValue: try reader.string())
            } else {
                _ = try reader.skipValue()
            }
        }
        guard let state else { throw JSONError(.wrongType, at: start) }
        self.init(state: state)
    }
}
