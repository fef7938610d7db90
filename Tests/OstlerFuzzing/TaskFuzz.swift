internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerTasks

/// A line of a file of tasks is refused with a code and a place, or becomes a request that the plugin reads as it was
/// meant.
enum TaskFuzz {
    static func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(BrokenPromise) {
        var parser = TaskSpecParser()
        var queueParser = TaskSpecParser(for: .queue)
        for line in bytes.split(separator: 0x0A) {
            try check(Array(line), &parser)
            try checkQueued(Array(line), &queueParser)
        }
    }

    /// What is kept of a task for a queue is read again as the same task, and says nothing to the queue any more.
    private static func checkQueued(_ line: [UInt8], _ parser: inout TaskSpecParser) throws(BrokenPromise) {
        let spec: TaskSpec
        do throws(Failure) {
            spec = try line.withUnsafeBufferPointer { (buffer) throws(Failure) in
                try parser.parse(buffer, defaultID: "line-1")
            }
        } catch {
            return try checkRefusal(error, of: line)
        }
        var writer = JSONWriter()
        spec.encode(into: &writer)
        var inline = TaskSpecParser()
        let kept = try? writer.bytes.withUnsafeBufferPointer { try inline.parse($0, defaultID: "other") }
        try promise(
            kept != nil,
            "a task that was taken is not read again: \(Quotation.text(String(decoding: writer.bytes, as: UTF8.self)))"
        )
        try promise(kept?.payload == spec.payload && kept?.id == spec.id, "what is kept is another task")
        guard let request = spec.queueing else { return }
        try promise(request.timeToLive.map { $0 > 0 } ?? true, "a time to live of \(request.timeToLive ?? 0) ms")
        let words = request.needs + [request.queue].compactMap(\.self)
        try promise(words.allSatisfy(QueueRequest.isWord), "a queue or a need that cannot be typed")
        if let retry = request.retry {
            let isFine = (1...RetryPolicy.mostAttempts).contains(retry.attempts) && retry.least <= retry.most
            try promise(isFine, "tries that make no sense: \(retry)")
        }
    }

    private static func check(_ line: [UInt8], _ parser: inout TaskSpecParser) throws(BrokenPromise) {
        let spec: TaskSpec
        do throws(Failure) {
            spec = try line.withUnsafeBufferPointer { (buffer) throws(Failure) in
                try parser.parse(buffer, defaultID: "line-1")
            }
        } catch {
            return try checkRefusal(error, of: line)
        }
        guard let document = try JSONPromises.parse(line) else { throw BrokenPromise("a task that is no JSON") }
        // What only a queue can heed must not be taken and forgotten.
        let isForQueue = ["queue", "after", "needs", "not_before", "ttl"].contains { document[$0] != nil }
        try promise(!isForQueue && document["executor"]?.string != "", "a task that must be refused")
        let payload = try? JSONValue(parsing: spec.payload)
        try promise(payload != nil && payload == document["payload"], "the payload is not the one of the line")
        try promise((1...200).contains(spec.id.utf8.count), "an id of \(spec.id.utf8.count) bytes")
        try promise(spec.timeout.flatMap(\.self).map { $0 > 0 } ?? true, "a time limit of no time")
        try checkRequest(spec)
    }

    private static func checkRefusal(_ failure: Failure, of line: [UInt8]) throws(BrokenPromise) {
        try promisePresentable(failure.message)
        if let hint = failure.hint { try promisePresentable(hint) }
        try promise(failure.fault == .user && failure.sideEffects == .none, "a refusal that blames \(failure.fault)")
        let isJSON = JSONPromises.isValid(line)
        try promise(isJSON == (failure.code != "invalid_json"), "\(failure.code) for a line that is JSON: \(isJSON)")
    }

    /// The frame that carries the task must keep the rules of the protocol, and say the same.
    private static func checkRequest(_ spec: TaskSpec) throws(BrokenPromise) {
        var request = ExecuteRequest(
            task: spec.id,
            executor: spec.executor,
            runID: "r",
            principal: "uid:0",
            payload: spec.payload
        )
        request.environment = spec.environment
        request.metadata = spec.metadata
        request.idempotencyKey = spec.idempotencyKey
        var writer = JSONWriter()
        let ids = MessageIDs(high: 1, low: 2)
        OutgoingFrame.request(&writer, id: 1, of: ids, method: ExecuteRequest.method) { request.encode(into: &$0) }
        let frame = Array(writer.bytes.dropLast())
        try promise(JSONPromises.isValid(frame) && !frame.contains(0x0A), "the frame of the task breaks the protocol")
        let read = frame.withUnsafeBufferPointer { buffer -> ExecuteRequest? in
            var validator = JSONValidator()
            guard let params = try? Envelope(checking: buffer, with: &validator).params else { return nil }
            var reader = JSONReader(UnsafeBufferPointer(rebasing: buffer[params]))
            return try? ExecuteRequest(reading: &reader)
        }
        try promise(read == request, "the plugin reads another task than was sent")
    }
}

/// A fault that shows only for a task that is right in all of its parts and one byte away from a seed: bytes at random do
/// not come by it.
enum PlantedFuzz {
    static func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(BrokenPromise) {
        var parser = TaskSpecParser()
        guard let spec = try? parser.parse(bytes, defaultID: "line-1") else { return }
        try promise(spec.environmentMode != .clean || spec.timeout.flatMap(\.self) ?? 0 < 2000, "the planted fault")
    }
}
