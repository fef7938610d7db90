public import OstlerJSON

/// The one answer to `execute`. A non-zero exit code is a result, not an error.
public struct ExecuteResult: Sendable, Equatable {
    /// What a plugin can say of a task. Everything else is for the host to judge.
    public enum Outcome: String, Sendable {
        case succeeded
        case failed
        case cancelled
    }

    /// Resources that the task used, as far as the plugin knows.
    public struct Usage: Sendable, Equatable {
        public var userMicroseconds: UInt64
        public var systemMicroseconds: UInt64
        public var wallMicroseconds: UInt64
        public var peakBytes: UInt64

        public init(user: UInt64, system: UInt64, wall: UInt64, peak: UInt64) {
            userMicroseconds = user
            systemMicroseconds = system
            wallMicroseconds = wall
            peakBytes = peak
        }
    }

    public var task: String
    public var outcome: Outcome
    /// -1 for a signal death or a program that could not be started.
    public var exitCode: Int32
    /// The signal that ended it.
    public var signal: Int32?
    public var usage: Usage?
    @Boxed public var error: Failure?
    /// The value that the task was for, as JSON text; nil for a task whose worth is its output.
    public var result: [UInt8]?
    /// What the executor adds, as JSON text; nil for nothing.
    public var metadata: [UInt8]?

    public init(task: String, outcome: Outcome, exitCode: Int32) {
        self.task = task
        self.outcome = outcome
        self.exitCode = exitCode
    }

    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("task")
        writer.string(task)
        writer.key("outcome")
        switch outcome {
        case .succeeded: writer.string(static: "succeeded")
        case .failed: writer.string(static: "failed")
        case .cancelled: writer.string(static: "cancelled")
        }
        writer.key("exit_code")
        writer.int(exitCode)
        if let signal {
            writer.key("signal")
            writer.int(signal)
        }
        if let usage {
            writer.key("usage")
            usage.encode(into: &writer)
        }
        if let error {
            writer.key("error")
            error.encode(into: &writer)
        }
        if let result {
            writer.key("result")
            writer.raw(result)
        }
        if let metadata {
            writer.key("metadata")
            writer.raw(metadata)
        }
        writer.endObject()
    }

    /// `task` and `outcome` must be there and be known; ``OstlerJSON/JSONError/Code/wrongType`` otherwise.
    public init(reading reader: inout JSONReader) throws(JSONError) {
        self.init(task: "", outcome: .failed, exitCode: 0)
        try read(&reader)
    }

    /// Fills in what an answer says where the result stands: an initializer that can fail would copy it on its way out.
    package mutating func read(_ reader: inout JSONReader) throws(JSONError) {
        var outcome: Outcome?
        let start = reader.index
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "task") {
                task = try reader.string()
            } else if reader.matches(key, "outcome") {
                outcome = try Outcome(reading: &reader)
            } else if reader.matches(key, "exit_code") {
                exitCode = try reader.int32(in: -1...Int32.max)
            } else if reader.matches(key, "signal") {
                signal = try reader.int32(in: 1...127)
            } else if reader.matches(key, "usage") {
                usage = try Usage(reading: &reader)
            } else if reader.matches(key, "error") {
                error = try Failure(reading: &reader)
            } else if reader.matches(key, "result") {
                result = Array(reader.bytes(in: try reader.skipValue()))
            } else if reader.matches(key, "metadata") {
                metadata = Array(reader.bytes(in: try reader.skipValue()))
            } else {
                _ = try reader.skipValue()
            }
        }
        guard let outcome, !task.isEmpty else { throw JSONError(.wrongType, at: start) }
        self.outcome = outcome
    }
}

extension JSONReader {
    /// A number that another one would be mistaken for if it were cut to size is of the wrong type.
    fileprivate mutating func int32(in range: ClosedRange<Int32>) throws(JSONError) -> Int32 {
        skipSpace()
        let start = index
        guard let value = Int32(exactly: try int()), range.contains(value) else {
            throw JSONError(.wrongType, at: start)
        }
        return value
    }
}

extension ExecuteResult.Outcome {
    /// Nil for a word that is none of them. Compared where it stands: each answer has one.
    fileprivate init?(reading reader: inout JSONReader) throws(JSONError) {
        reader.skipSpace()
        let word = try reader.rawString()
        if reader.matches(word, "succeeded") {
            self = .succeeded
        } else if reader.matches(word, "failed") {
            self = .failed
        } else if reader.matches(word, "cancelled") {
            self = .cancelled
        } else {
            return nil
        }
    }
}

extension ExecuteResult.Usage {
    public func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("user_us")
        writer.int(userMicroseconds)
        writer.key("system_us")
        writer.int(systemMicroseconds)
        writer.key("wall_us")
        writer.int(wallMicroseconds)
        writer.key("peak_bytes")
        writer.int(peakBytes)
        writer.endObject()
    }

    public init(reading reader: inout JSONReader) throws(JSONError) {
        self.init(user: 0, system: 0, wall: 0, peak: 0)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "user_us") {
                userMicroseconds = UInt64(clamping: try reader.int())
            } else if reader.matches(key, "system_us") {
                systemMicroseconds = UInt64(clamping: try reader.int())
            } else if reader.matches(key, "wall_us") {
                wallMicroseconds = UInt64(clamping: try reader.int())
            } else if reader.matches(key, "peak_bytes") {
                peakBytes = UInt64(clamping: try reader.int())
            } else {
                _ = try reader.skipValue()
            }
        }
    }
}

extension ExecuteResult {
    /// A task of which nothing was started, or whose end is not known.
    package static func failed(_ task: String, _ failure: Failure) -> ExecuteResult {
        var result = ExecuteResult(task: task, outcome: .failed, exitCode: -1)
        result.error = failure
        return result
    }
}
