internal import OstlerProtocol

/// One task that is being executed.
final class Run {
    /// The number of its launch.
    let number: UInt64
    let task: String
    /// The id of the `execute` request.
    let request: [UInt8]
    let payload: CommandPayload
    var state = RunState.queued
    /// The number of the next `output`.
    var sequence: UInt64 = 0
    /// How many bytes of output the host still takes, below zero by one piece at most; nil for as many as there are.
    var credit: Int?
    /// Streams that are not read for want of credit.
    var unread: [Token] = []
    var hasNoCredit: Bool { credit.map { $0 <= 0 } ?? false }

    // What is open of the command; nil before it starts and after each end.
    var stdout: OutputPump?
    var stderr: OutputPump?
    var stdin: InputFeed?

    init(number: UInt64, task: String, request: [UInt8], payload: CommandPayload, credit: Int? = nil) {
        self.number = number
        self.task = task
        self.request = request
        self.payload = payload
        self.credit = credit
    }
}
