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

    // What is open of the command; nil before it starts and after each end.
    var stdout: OutputPump?
    var stderr: OutputPump?
    var stdin: InputFeed?

    init(number: UInt64, task: String, request: [UInt8], payload: CommandPayload) {
        self.number = number
        self.task = task
        self.request = request
        self.payload = payload
    }
}
