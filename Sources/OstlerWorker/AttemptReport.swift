internal import OstlerJSON
internal import OstlerProtocol
package import OstlerStore
internal import OstlerSystem
package import OstlerTasks

/// What a worker has to say of an attempt that is over.
package struct AttemptReport: Sendable {
    /// Bytes of a stream that stand in the result itself; all of a longer one is attached.
    package static let inlineBytes = 64 << 10
    /// The last words of a task that stand in the timeline.
    private static let lastWords = 1 << 10

    let lease: Lease
    var result: TaskResult
    /// Output that is not in the store yet.
    let log: [LogChunk]
    let isLogTruncated: Bool
    /// The worker's name.
    let worker: String

    package init(_ lease: Lease, _ result: TaskResult, log: [LogChunk], isLogTruncated: Bool, worker: String) {
        (self.lease, self.result, self.log) = (lease, result, log)
        (self.isLogTruncated, self.worker) = (isLogTruncated, worker)
    }

    /// As the store takes it. Large results are made into text here: not on the loop.
    package func completion() -> Completion {
        var stored = result
        var attachments: [Attachment] = []
        shorten(&stored.output, "stdout", &attachments)
        shorten(&stored.errorOutput, "stderr", &attachments)
        var writer = JSONWriter()
        stored.encode(into: &writer)
        return Completion(
            lease,
            AttemptEnd(result),
            result: writer.bytes,
            attachments: attachments,
            notes: notes,
            log: log
        )
    }

    private func shorten(_ output: inout CapturedOutput, _ name: String, _ attachments: inout [Attachment]) {
        let bytes = output.bytes
        guard bytes.count > Self.inlineBytes else { return }
        attachments.append(Attachment(name: name, bytes: bytes))
        output = output.shortened(to: Self.inlineBytes)
    }

    // MARK: The timeline

    private var notes: [Note] {
        var notes = [Note("route", route), Note("execution", execution)]
        if let guarding = result.guarding { notes.append(Note("guard") { guarding.encode(into: &$0) }) }
        notes += result.limitsReached.map { reached in Note("limit") { reached.encode(into: &$0) } }
        if let cancellation = result.cancellation { notes.append(Note("cancel") { cancellation.encode(into: &$0) }) }
        if isLogTruncated {
            notes.append(
                Note("log") {
                    $0.beginObject()
                    $0.key("kept_bytes")
                    $0.int(AttemptLog.mostBytes)
                    $0.endObject()
                }
            )
        }
        guard !result.outcome.satisfiesDependents else { return notes }
        if let isolation = result.isolation { notes.append(Note("sandbox", detail: isolation)) }
        notes.append(Note("failure", failure))
        return notes
    }

    /// Who had it.
    private func route(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("worker")
        writer.string(worker)
        writer.key("executor")
        writer.string(result.executor)
        if let plugin = result.plugin {
            writer.key("plugin")
            writer.string(plugin.name)
            writer.key("version")
            writer.string(plugin.version)
        }
        // A task that is not allowed any more has got no plugin.
        writer.key("policy")
        writer.string(
            result.outcome == .denied ? "denied" : result.outcome == .invalid ? "invalid" : "allowed"
        )
        writer.endObject()
    }

    private func execution(_ writer: inout JSONWriter) {
        writer.beginObject()
        writer.key("outcome")
        writer.string(result.outcome.rawValue)
        writer.key("exit_code")
        writer.int(result.exitCode)
        if let signal = result.signal {
            writer.key("signal")
            writer.int(signal)
        }
        writer.key("running_us")
        writer.int(result.timing.running)
        writer.key("output_bytes")
        writer.int(result.output.total + result.errorOutput.total)
        if let usage = result.usage {
            writer.key("usage")
            usage.encode(into: &writer)
        }
        writer.endObject()
    }

    private func failure(_ writer: inout JSONWriter) {
        writer.beginObject()
        if let error = result.error {
            writer.key("error")
            error.encode(into: &writer)
        }
        writer.optional("hint", result.hint)
        let words = result.errorOutput.bytes.suffix(Self.lastWords)
        if !words.isEmpty { writer.optional("stderr", String(decoding: words, as: UTF8.self)) }
        writer.optional("executor_stderr", result.executorStderr.map { String($0.suffix(Self.lastWords)) })
        writer.endObject()
    }
}

extension Note {
    fileprivate init(_ topic: String, _ body: (inout JSONWriter) -> Void) {
        var writer = JSONWriter()
        body(&writer)
        self.init(topic, detail: writer.bytes)
    }
}
