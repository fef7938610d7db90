/// A piece of a task's output.
package struct LogChunk: Sendable, Equatable {
    /// `stdout`, `stderr`.
    package var stream: String
    package var bytes: [UInt8]

    package init(stream: String, bytes: [UInt8]) {
        self.stream = stream
        self.bytes = bytes
    }
}

/// A piece of output as the store has it.
package struct LogRecord: Sendable, Equatable {
    /// Grows within the task, over all attempts: follow from here on.
    package var sequence: Int64
    package var attempt: Int
    /// Milliseconds since 1970.
    package var time: Int64
    package var chunk: LogChunk
}
