internal import OstlerJSON
internal import OstlerProtocol
internal import Synchronization

extension ExecutorTask {
    /// The two streams of a task.
    public enum Stream: String, Sendable {
        case stdout
        case stderr
    }

    /// Sends output, byte for byte; returns when the host has given credit for all of it. After the task's answer it does
    /// nothing.
    public func write(_ text: String, to stream: Stream = .stdout) async {
        await write(Array(text.utf8), to: stream)
    }

    /// Sends output that may be no text; see ``write(_:to:)-(String,_)``.
    public func write(_ bytes: [UInt8], to stream: Stream = .stdout) async {
        var rest = bytes[...]
        while !rest.isEmpty {
            await credit()
            await outbox.room()
            let piece = min(rest.count, pieceBytes)
            let count = rest.count > piece ? whole(rest.prefix(piece)) : piece
            switch send(rest.prefix(count), stream) {
            case .sent: rest.removeFirst(count)
            case .noCredit: continue
            case .answered: return
            }
        }
    }

    /// Tells people how far the task has come. `value` counts to `total`, in `unit`.
    public func progress(_ value: Double, of total: Double? = nil, unit: String? = nil, message: String? = nil) async {
        var notification = ProgressNotification(task: id, value: value)
        notification.total = total
        notification.unit = unit
        notification.message = message
        await notify(ProgressNotification.method) { notification.encode(into: &$0) }
    }

    public enum LogLevel: String, Sendable {
        case debug
        case info
        case warning
        case error
    }

    /// A line for the operator.
    public func log(_ message: String, level: LogLevel = .info) async {
        let level = LogNotification.Level(rawValue: level.rawValue) ?? .info
        let notification = LogNotification(level: level, message: message, task: id)
        await notify(LogNotification.method) { notification.encode(into: &$0) }
    }

    /// The host takes so much more output.
    func renew(_ bytes: Int) {
        let waiting = state.withLock { state -> [CheckedContinuation<Void, Never>] in
            guard let credit = state.credit else { return [] }
            let sum = credit.addingReportingOverflow(bytes)
            state.credit = sum.overflow ? .max : sum.partialValue
            defer { state.waiting = [] }
            return state.waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    // MARK: Sending

    private enum Sending {
        case sent
        /// Another writer of this task was faster.
        case noCredit
        case answered
    }

    /// Waits until the host takes output of this task; its neighbours go on (M49, M50).
    private func credit() async {
        await withCheckedContinuation { continuation in
            let mayGo = state.withLock { state in
                if state.isAnswered || (state.credit ?? 1) > 0 { return true }
                state.waiting.append(continuation)
                return false
            }
            if mayGo { continuation.resume() }
        }
    }

    private func send(_ piece: ArraySlice<UInt8>, _ stream: Stream) -> Sending {
        state.withLock { state in
            guard !state.isAnswered else { return .answered }
            guard (state.credit ?? 1) > 0 else { return .noCredit }
            state.credit = state.credit.map { $0 - piece.count }
            defer { state.sequence += 1 }
            outbox.write { writer in
                OutgoingFrame.notification(&writer, method: OutputNotification.method) { writer in
                    piece.withUnsafeBufferPointer {
                        OutputNotification.encode(
                            into: &writer,
                            task: id,
                            stream: stream == .stdout ? .stdout : .stderr,
                            sequence: state.sequence,
                            bytes: $0
                        )
                    }
                }
            }
            return .sent
        }
    }

    private func notify(_ method: StaticString, _ params: (inout JSONWriter) -> Void) async {
        await outbox.room()
        state.withLock { state in
            guard !state.isAnswered else { return }
            outbox.write { OutgoingFrame.notification(&$0, method: method, params: params) }
        }
    }

    /// How much of a piece can be sent without cutting a character (M28).
    private func whole(_ piece: ArraySlice<UInt8>) -> Int {
        piece.count - piece.withUnsafeBufferPointer { UTF8Tail.incomplete($0) }
    }
}
