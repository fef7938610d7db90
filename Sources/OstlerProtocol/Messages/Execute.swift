public import OstlerJSON

/// `execute`: one task. It is self-contained, since a plugin may be restarted between any two tasks.
public struct ExecuteRequest: Sendable, Equatable {
    public static let method: StaticString = "execute"
    /// The same task, in a job of a workspace.
    public static let jobMethod: StaticString = "job/execute"

    /// The task's id; every message about the task carries it.
    public var task: String
    public var executor: String
    public var runID: String
    public var parentID: String?
    public var principal: String
    public var attempt: Int
    public var idempotencyKey: String?
    /// The span that executing the task is a part of, as W3C's Trace Context writes it; nil without a trace.
    public var traceparent: String?
    /// Wall clock, milliseconds since 1970, for display; nil if there is no deadline.
    public var deadline: Int64?
    /// What is left at the moment of sending, in milliseconds.
    public var remaining: Int64?
    /// The number under which commands of this task are launched over descriptor 3.
    public var launch: UInt64?
    /// Whether a stream from the submitter waits to become a launched command's standard input.
    public var hasStdin: Bool
    /// How many bytes of output the plugin may send before it is given more; nil for one that does not heed credit.
    public var credit: Int?
    /// Environment of the task; what the payload says of the same name wins.
    public var environment: [(key: String, value: String)]
    public var metadata: [(key: String, value: String)]
    /// The job that the task belongs to; nil for a task by itself.
    @Boxed public var place: WorkspacePlace?
    /// The bytes that the submitter sent.
    public var payload: [UInt8]

    public init(task: String, executor: String, runID: String, principal: String, payload: [UInt8]) {
        self.task = task
        self.executor = executor
        self.runID = runID
        self.principal = principal
        self.payload = payload
        attempt = 1
        hasStdin = false
        environment = []
        metadata = []
    }

    /// The members that all tasks of a run to one executor have alike, as JSON text without braces.
    package var preface: [UInt8] {
        var writer = JSONWriter()
        writer.key("executor")
        writer.string(executor)
        writer.key("run_id")
        writer.string(runID)
        writer.optional("parent_id", parentID)
        writer.key("principal")
        writer.string(principal)
        return writer.bytes
    }

    public func encode(into writer: inout JSONWriter) {
        encode(into: &writer, preface: preface)
    }

    /// Writes the parameters with a ``preface`` that was made before.
    package func encode(into writer: inout JSONWriter, preface: [UInt8]) {
        writer.beginObject()
        writer.key("task")
        writer.string(task)
        writer.raw(preface)
        writer.key("attempt")
        writer.int(attempt)
        writer.optional("idempotency_key", idempotencyKey)
        writer.optional("traceparent", traceparent)
        if let deadline {
            writer.key("deadline")
            writer.int(deadline)
        }
        if let remaining {
            writer.key("remaining_ms")
            writer.int(remaining)
        }
        if let launch {
            writer.key("launch")
            writer.int(launch)
        }
        if hasStdin {
            writer.key("stdin")
            writer.bool(true)
        }
        if let credit {
            writer.key("credit")
            writer.int(credit)
        }
        if !environment.isEmpty {
            writer.key("env")
            writer.strings(environment)
        }
        if !metadata.isEmpty {
            writer.key("metadata")
            writer.strings(metadata)
        }
        if let place {
            writer.key("workspace")
            place.encode(into: &writer)
        }
        writer.key("payload")
        writer.raw(payload)
        writer.endObject()
    }

    public init(reading reader: inout JSONReader) throws(JSONError) {
        self.init(task: "", executor: "", runID: "", principal: "", payload: [])
        try read(&reader)
    }

    /// Fills in what a request says where it stands: an initializer that can fail would copy it on its way out.
    /// - Parameter context: whether anything but task, executor and payload is asked for.
    package mutating func read(_ reader: inout JSONReader, context: Bool = true) throws(JSONError) {
        let start = reader.index
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "task") {
                task = try reader.string()
            } else if reader.matches(key, "executor") {
                executor = try reader.string()
            } else if reader.matches(key, "payload") {
                payload = Array(reader.bytes(in: try reader.skipValue()))
            } else {
                let isKnown = context ? try readContext(key, &reader) : false
                if !isKnown { _ = try reader.skipValue() }
            }
        }
        guard !task.isEmpty, !executor.isEmpty, !payload.isEmpty else { throw JSONError(.wrongType, at: start) }
    }

    private mutating func readContext(_ key: JSONKey, _ reader: inout JSONReader) throws(JSONError) -> Bool {
        if reader.matches(key, "run_id") {
            runID = try reader.string()
        } else if reader.matches(key, "parent_id") {
            parentID = try reader.string()
        } else if reader.matches(key, "principal") {
            principal = try reader.string()
        } else if reader.matches(key, "attempt") {
            attempt = Int(clamping: try reader.int())
        } else if reader.matches(key, "idempotency_key") {
            idempotencyKey = try reader.string()
        } else if reader.matches(key, "traceparent") {
            traceparent = try reader.string()
        } else if reader.matches(key, "deadline") {
            deadline = try reader.int()
        } else if reader.matches(key, "remaining_ms") {
            remaining = try reader.int()
        } else if reader.matches(key, "launch") {
            launch = UInt64(clamping: try reader.int())
        } else if reader.matches(key, "stdin") {
            hasStdin = try reader.bool()
        } else if reader.matches(key, "credit") {
            credit = Int(clamping: try reader.int())
        } else if reader.matches(key, "env") {
            environment = try reader.strings()
        } else if reader.matches(key, "metadata") {
            metadata = try reader.strings()
        } else if reader.matches(key, "workspace") {
            place = try WorkspacePlace(reading: &reader)
        } else {
            return false
        }
        return true
    }

    public static func == (left: ExecuteRequest, right: ExecuteRequest) -> Bool {
        left.task == right.task && left.executor == right.executor && left.runID == right.runID
            && left.parentID == right.parentID && left.principal == right.principal && left.attempt == right.attempt
            && left.idempotencyKey == right.idempotencyKey && left.traceparent == right.traceparent
            && left.deadline == right.deadline
            && left.remaining == right.remaining && left.launch == right.launch && left.hasStdin == right.hasStdin
            && left.credit == right.credit && left.place == right.place
            && left.environment.elementsEqual(right.environment, by: ==)
            && left.metadata.elementsEqual(right.metadata, by: ==) && left.payload == right.payload
    }
}

extension JSONWriter {
    /// Writes an object whose values are strings.
    package mutating func strings(_ members: [(key: String, value: String)]) {
        beginObject()
        for (name, text) in members {
            key(dynamic: name)
            string(text)
        }
        endObject()
    }
}

extension JSONReader {
    /// Reads an object whose values are strings.
    package mutating func strings() throws(JSONError) -> [(key: String, value: String)] {
        var members: [(key: String, value: String)] = []
        try beginObject()
        while let name = try nextKey() { members.append((string(of: name), try string())) }
        return members
    }
}
