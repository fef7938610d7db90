internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks
internal import OstlerWorker
internal import Testing

/// What is kept of an attempt.
@Suite struct AttemptReportTests {
    private let lease = Lease(task: TaskID(rawValue: 3), attempt: 2, worker: WorkerID(rawValue: 1))

    private func result(_ outcome: Outcome) -> TaskResult {
        let origin = TaskOrigin(runID: "r", principal: "p")
        return TaskResult(id: "t", origin: origin, executor: "command", outcome: outcome, exitCode: 1)
    }

    private func completion(_ result: TaskResult, isLogTruncated: Bool = false) -> Completion {
        AttemptReport(lease, result, log: [], isLogTruncated: isLogTruncated, worker: "w").completion()
    }

    private func detail(_ topic: String, of completion: Completion) throws -> JSONValue {
        let note = try #require(completion.notes.first { $0.topic == topic }, "\(completion.notes.map(\.topic))")
        return try JSONValue(parsing: try #require(note.detail))
    }

    @Test func `A short result stands as it is, with who had it and how it went`() throws {
        var short = result(.succeeded)
        short.output.append(Array("out\n".utf8))
        let completion = completion(short)
        var writer = JSONWriter()
        short.encode(into: &writer)
        #expect(completion.result == writer.bytes)
        #expect(completion.attachments.isEmpty)
        #expect(completion.notes.map(\.topic) == ["route", "execution"])
        #expect(try detail("route", of: completion)["worker"]?.string == "w")
        #expect(try detail("execution", of: completion)["output_bytes"] == .number(.int(4)))
    }

    /// Three bytes a character, so that the limit falls into one.
    @Test func `Of a long stream the result has the beginning in whole characters, and an attachment all`() throws {
        var long = result(.succeeded)
        let bytes = Array(String(repeating: "€", count: 30_000).utf8)
        long.errorOutput.append(bytes)
        let completion = completion(long)
        let stream = try #require(try JSONValue(parsing: completion.result)["stderr"])
        let text = try #require(stream["text"]?.string)
        #expect(text.utf8.count == AttemptReport.inlineBytes / 3 * 3 && text.allSatisfy { $0 == "€" })
        #expect(stream["bytes"] == .number(.int(Int64(bytes.count))))
        #expect(stream["truncated"] == .bool(true))
        #expect(completion.attachments == [Attachment(name: "stderr", bytes: bytes)])
    }

    @Test func `A failure tells its error, its last words, its sandbox and the limits that were reached`() throws {
        var failed = result(.limit)
        let reached = Failure.Limit(name: "memory", limit: 10, observed: 12)
        failed.error = Failure("out_of_memory", fault: .task, message: "too much", limit: reached)
        failed.limitsReached = [ReachedLimit(reached)]
        failed.errorOutput.append(Array(String(repeating: "x", count: 5000).utf8))
        failed.isolation = Array(#"{"profile":"strict"}"#.utf8)
        failed.cancellation = .init(reason: "limit", stage: .killed, survivors: "none")
        let completion = completion(failed, isLogTruncated: true)
        let topics = completion.notes.map(\.topic)
        #expect(topics == ["route", "execution", "limit", "cancel", "log", "sandbox", "failure"])
        let failure = try detail("failure", of: completion)
        #expect(failure["error"]?["code"]?.string == "out_of_memory")
        #expect(failure["stderr"]?.string?.count == 1024)
        #expect(try detail("limit", of: completion)["observed"] == .number(.int(12)))
        #expect(try detail("cancel", of: completion)["survivors"]?.string == "none")
        #expect(try detail("sandbox", of: completion)["profile"]?.string == "strict")
        #expect(completion.end == AttemptEnd(failed))
    }

    @Test func `A task that is not allowed any more says so where its way is told`() throws {
        #expect(try detail("route", of: completion(result(.denied)))["policy"]?.string == "denied")
        #expect(try detail("route", of: completion(result(.failed)))["policy"]?.string == "allowed")
    }
}
