internal import Glibc
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerStore
internal import OstlerTasks

/// Passes the output of tasks on from where it was left.
struct TaskLogReader {
    enum Form {
        /// The bytes, each stream to its own.
        case raw
        /// Lines with the number of their task before them.
        case prefixed
        /// A JSON object a piece.
        case json
    }

    private static let page = 256

    private let store: any TaskStore
    private let form: Form
    private let stream: String?
    /// Takes what is passed on, for descriptor 1 or 2.
    private let output: ([UInt8], Int32) throws -> Void
    /// What has been passed on of each task.
    private var cursors: [TaskID: Int64]
    /// The beginnings of lines whose ends have not come, by task and stream.
    private var halves: [String: (task: TaskID, stream: String, bytes: [UInt8])] = [:]

    init(
        _ store: any TaskStore,
        _ form: Form,
        stream: String? = nil,
        cursors: [TaskID: Int64] = [:],
        output: @escaping ([UInt8], Int32) throws -> Void = Results.write(bytes:to:)
    ) {
        self.store = store
        self.output = output
        self.form = form
        self.stream = stream
        self.cursors = cursors
    }

    /// Passes on what there is.
    mutating func drain(_ task: TaskID) throws {
        while true {
            let records = try store.log(of: task, after: cursors[task] ?? 0, limit: Self.page)
            for record in records where stream == nil || stream == record.chunk.stream { try write(record, of: task) }
            guard let last = records.last else { return }
            cursors[task] = last.sequence
        }
    }

    /// Passes on what there is.
    /// - Returns: whether that is all there will be: nothing is written once the outcome is there.
    mutating func follow(_ task: TaskID) throws -> Bool {
        let isDone = try store.details(of: task).summary.outcome != nil
        try drain(task)
        return isDone
    }

    /// Passes on lines that were not ended.
    mutating func finish() throws {
        for half in halves.values.sorted(by: { $0.task < $1.task }) where !half.bytes.isEmpty {
            try write(line: half.bytes, half.task, half.stream)
        }
        halves = [:]
    }

    private mutating func write(_ record: LogRecord, of task: TaskID) throws {
        switch form {
        case .raw: try output(record.chunk.bytes, record.chunk.stream == "stderr" ? 2 : 1)
        case .json: try output(json(record, of: task), 1)
        case .prefixed:
            let key = "\(task) \(record.chunk.stream)"
            var rest = (halves[key]?.bytes ?? []) + record.chunk.bytes
            while let end = rest.firstIndex(of: 0x0A) {
                try write(line: Array(rest[..<end]), task, record.chunk.stream)
                rest.removeSubrange(...end)
            }
            halves[key] = (task, record.chunk.stream, rest)
        }
    }

    private func write(line: [UInt8], _ task: TaskID, _ stream: String) throws {
        try output(Array("\(task): ".utf8) + line + [0x0A], stream == "stderr" ? 2 : 1)
    }

    private func json(_ record: LogRecord, of task: TaskID) -> [UInt8] {
        var writer = JSONWriter()
        writer.beginObject()
        writer.optional("task", task.rawValue)
        writer.optional("seq", record.sequence)
        writer.key("attempt")
        writer.int(record.attempt)
        writer.optional("time_ms", record.time)
        writer.optional("stream", record.chunk.stream)
        let isText = record.chunk.bytes.withUnsafeBufferPointer { UTF8Check.isValid($0) }
        if isText {
            writer.optional("text", String(decoding: record.chunk.bytes, as: UTF8.self))
        } else {
            writer.optional("base64", Base64.encode(record.chunk.bytes))
        }
        writer.endObject()
        writer.newline()
        return writer.bytes
    }
}
