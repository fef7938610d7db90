public import OstlerJSON
internal import OstlerProtocol

/// What a handler returns.
public struct TaskResult: Sendable {
    public static let succeeded = TaskResult()

    /// 0 is success, anything else failure; -1 with a signal, or where there is none.
    public var exitCode: Int32
    /// The signal that ended the work.
    public var signal: Int32?
    /// Resources that were used, as far as they are known.
    public var usage: Usage?
    /// What the executor adds; it becomes `executor_metadata` of the task's result.
    public var metadata: JSONValue?

    /// Times are in microseconds.
    public struct Usage: Sendable, Equatable {
        public var user: UInt64
        public var system: UInt64
        public var wall: UInt64
        /// The most memory that was in use at once, in bytes.
        public var peakBytes: UInt64

        public init(user: UInt64, system: UInt64, wall: UInt64, peakBytes: UInt64) {
            self.user = user
            self.system = system
            self.wall = wall
            self.peakBytes = peakBytes
        }
    }

    public init(exitCode: Int32 = 0, signal: Int32? = nil, usage: Usage? = nil, metadata: JSONValue? = nil) {
        self.exitCode = exitCode
        self.signal = signal
        self.usage = usage
        self.metadata = metadata
    }

    /// The answer for a task. Success has exit code 0 and no signal (M22).
    func answer(_ task: String) -> ExecuteResult {
        let isSuccess = exitCode == 0 && signal == nil
        var answer = ExecuteResult(
            task: task,
            outcome: isSuccess ? .succeeded : .failed,
            exitCode: signal == nil ? exitCode : -1
        )
        answer.signal = signal
        answer.usage = usage.map {
            ExecuteResult.Usage(user: $0.user, system: $0.system, wall: $0.wall, peak: $0.peakBytes)
        }
        answer.metadata = metadata.map { Array($0.text.utf8) }
        return answer
    }
}
