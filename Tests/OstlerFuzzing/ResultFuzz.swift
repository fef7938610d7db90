internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerTasks

/// The parts of a plugin's messages: what is accepted says the same when it is written again, and no result says
/// succeeded unless the plugin did, without contradicting itself.
enum ResultFuzz {
    static func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(BrokenPromise) {
        for line in bytes.split(separator: 0x0A) {
            let text = Array(line)
            // Only valid frames get as far as this.
            guard try JSONPromises.parse(text)?.object != nil else { continue }
            try checkRoundTrip(OutputNotification.self, text)
            try checkRoundTrip(InitializeResult.self, text)
            try checkRoundTrip(HealthResult.self, text)
            try checkRoundTrip(CancelResult.self, text)
            try checkRoundTrip(LogNotification.self, text)
            try checkRoundTrip(ProgressNotification.self, text)
            if let failure = try checkRoundTrip(Failure.self, text) {
                try checkVerdict { $0.failure = (.failed, failure) }
            }
            if let answer = try checkRoundTrip(ExecuteResult.self, text) { try checkAnswer(answer) }
        }
    }

    @discardableResult
    private static func checkRoundTrip<Message: Coded>(
        _ type: Message.Type,
        _ text: [UInt8]
    ) throws(BrokenPromise) -> Message? {
        guard let message = read(type, text) else { return nil }
        var writer = JSONWriter()
        message.encode(into: &writer)
        try promise(JSONPromises.isValid(writer.bytes), "\(type) is written as something else than JSON")
        try promise(read(type, writer.bytes) == message, "\(type), written and read, is another one")
        return message
    }

    private static func read<Message: Coded>(_ type: Message.Type, _ text: [UInt8]) -> Message? {
        text.withUnsafeBufferPointer { buffer in
            var reader = JSONReader(buffer)
            return try? Message(reading: &reader)
        }
    }

    private static func checkAnswer(_ answer: ExecuteResult) throws(BrokenPromise) {
        let endings: [Evidence.Ending?] = [nil, .cancelled, .timeout(TimeLimit(milliseconds: 1000, observed: 1000))]
        for ending in endings {
            let outcome = try checkVerdict {
                $0.answer = answer
                $0.ending = ending
            }
            let isClean = answer.exitCode == 0 && answer.signal == nil && answer.error == nil
            let mayBe = ending == nil && answer.outcome == .succeeded && isClean
            try promise(outcome != .succeeded || mayBe, "succeeded: \(answer)")
            try promise(outcome != .cancelled || ending == .cancelled, "cancelled, which nobody asked for")
        }
    }

    @discardableResult
    private static func checkVerdict(_ change: (inout Evidence) -> Void) throws(BrokenPromise) -> Outcome {
        var evidence = Evidence()
        evidence.dispatched = true
        change(&evidence)
        let (outcome, failure) = evidence.verdict()
        let origin = TaskOrigin(runID: "r", principal: "uid:0")
        var result = TaskResult(id: "t", origin: origin, executor: "e", outcome: outcome)
        result.error = failure
        result.executorMetadata = evidence.answer?.metadata
        result.usage = evidence.answer?.usage
        var writer = JSONWriter()
        result.encode(into: &writer)
        try promise(JSONPromises.isValid(writer.bytes), "a result that is not JSON")
        try promise(!writer.bytes.contains(0x0A), "a result of two lines")
        return outcome
    }
}

/// A message that can be written and read.
private protocol Coded: Equatable {
    func encode(into writer: inout JSONWriter)
    init(reading reader: inout JSONReader) throws(JSONError)
}

extension CancelResult: Coded {}
extension ExecuteResult: Coded {}
extension Failure: Coded {}
extension HealthResult: Coded {}
extension InitializeResult: Coded {}
extension LogNotification: Coded {}
extension OutputNotification: Coded {}
extension ProgressNotification: Coded {}
