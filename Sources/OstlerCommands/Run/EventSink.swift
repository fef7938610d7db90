internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// Tells what happens to a task as it happens: an object a line, for `--events`.
@LoopActor
final class EventSink: TaskSink {
    private let task: String
    private let output: OutputWriter
    private var writer = JSONWriter()

    init(_ task: String, _ output: OutputWriter) {
        self.task = task
        self.output = output
    }

    func write(_ stream: OutputStream, _ bytes: [UInt8]) {
        emit("output") { writer in
            writer.key("stream")
            writer.string(stream.rawValue)
            bytes.withUnsafeBufferPointer { buffer in
                if UTF8Check.isValid(buffer) {
                    writer.key("text")
                    writer.string(utf8: buffer)
                } else {
                    writer.key("base64")
                    writer.string(Base64.encode(bytes))
                }
            }
        }
    }

    func note(_ notice: TaskNotice) {
        switch notice {
        case .started: emit("started") { _ in }
        case .progress(let progress):
            emit("progress") { writer in
                writer.key("progress")
                progress.encode(into: &writer)
            }
        case .log(let log):
            emit("log") { writer in
                writer.key("log")
                log.encode(into: &writer)
            }
        }
    }

    /// The last event of a task: its result.
    func finish(_ result: TaskResult) {
        emit("result") { writer in
            writer.key("result")
            result.encode(into: &writer)
        }
    }

    private func emit(_ event: StaticString, _ body: (inout JSONWriter) -> Void) {
        writer.removeAll()
        writer.beginObject()
        writer.key("event")
        writer.string(static: event)
        writer.key("task")
        writer.string(task)
        writer.key("time_ms")
        writer.int(WallClock.milliseconds)
        body(&writer)
        writer.endObject()
        writer.newline()
        output.write(writer.bytes)
    }

    var isCongested: Bool { output.isCongested }

    func whenDrained(_ action: @escaping @LoopActor () -> Void) {
        output.whenDrained(action)
    }
}
