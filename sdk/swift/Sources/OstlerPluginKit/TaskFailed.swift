internal import OstlerJSON
internal import OstlerProtocol

/// The work has failed, or could not be done; the task's outcome is `failed`.
public struct TaskFailed: Error, Sendable {
    /// Whose doing it is.
    public enum Fault: String, Sendable {
        case user
        case task
        case executor
        case host
        case sandbox
        case infra
    }

    /// Whether trying again can help.
    public enum Retry: String, Sendable {
        case never
        case same
        case otherNode = "other_node"
        case after
    }

    /// Whether the work may have changed the world.
    public enum SideEffects: String, Sendable {
        case none
        case possible
        case done
    }

    /// One sentence for a person: what went wrong, and where.
    public var message: String
    /// Stable, snake_case; one that ends in `_denied` makes the outcome `denied`.
    public var code: String
    public var fault: Fault
    public var retry: Retry
    public var sideEffects: SideEffects
    /// The JSON pointer of the member at fault, as `/payload/name`.
    public var pointer: String?
    /// What to do about it.
    public var hint: String?
    /// Never 0; -1 where nothing had an exit code.
    public var exitCode: Int32

    public init(
        _ message: String,
        code: String = "executor_error",
        fault: Fault = .task,
        retry: Retry = .never,
        sideEffects: SideEffects = .possible,
        pointer: String? = nil,
        hint: String? = nil,
        exitCode: Int32 = 1
    ) {
        self.message = message
        self.code = code
        self.fault = fault
        self.retry = retry
        self.sideEffects = sideEffects
        self.pointer = pointer
        self.hint = hint
        self.exitCode = exitCode
    }

    func answer(_ task: String) -> ExecuteResult {
        var answer = ExecuteResult(task: task, outcome: .failed, exitCode: exitCode == 0 ? 1 : exitCode)
        answer.error = Failure(
            code,
            fault: Failure.Fault(rawValue: fault.rawValue) ?? .executor,
            retry: Failure.Retry(rawValue: retry.rawValue) ?? .never,
            sideEffects: Failure.SideEffects(rawValue: sideEffects.rawValue) ?? .possible,
            message: message,
            pointer: pointer.map { JSONPointer($0) },
            hint: hint
        )
        return answer
    }
}
