internal import COstlerExecutor
internal import Glibc
internal import OstlerJSON
internal import OstlerPluginWire
internal import OstlerProtocol
internal import Synchronization

/// A task in the hands of a library: what it says of the task goes to the host, from any of its threads.
final class LibraryTask: Sendable {
    let id: String
    private let answers: ShimAnswers
    private let pieceBytes: Int
    private let resultBytes: Int
    private let stream = Mutex(Stream())
    /// Never held while something is written: whoever cancels does not wait for a slow host.
    private let state = Mutex(State())

    private struct Stream {
        var sequence: UInt64 = 0
        var hasEnded = false
    }

    private struct State {
        var result: [UInt8]?
        var failure: Failure?
        var isCancelled = false
        var hasEnded = false
    }

    init(_ id: String, _ answers: ShimAnswers, frameBytes: Int) {
        self.id = id
        self.answers = answers
        // Bytes that are no text take a third more, control characters six times as much.
        pieceBytes = HostOutput.pieceBytes(frameBytes: frameBytes)
        resultBytes = frameBytes - 8192
    }

    // MARK: What the library says

    func write(_ stream: OutputStream, _ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        self.stream.withLock { state in
            guard !state.hasEnded else { return false }
            var rest = bytes[...]
            while !rest.isEmpty {
                let piece = UnsafeBufferPointer(rebasing: rest.prefix(pieceBytes))
                let sequence = state.sequence
                answers.sendAll { $0.output(id, stream, sequence, piece) }
                state.sequence += 1
                rest = rest.dropFirst(piece.count)
            }
            return true
        }
    }

    func tell(_ body: (HostOutput) -> Void) -> Bool {
        stream.withLock { stream in
            guard !stream.hasEnded else { return false }
            answers.sendAll(body)
            return true
        }
    }

    func setResult(_ json: UnsafeBufferPointer<UInt8>) -> Bool {
        var validator = JSONValidator()
        guard (try? validator.validate(json)) != nil else { return false }
        return state.withLock { state in
            guard !state.hasEnded else { return false }
            state.result = Array(json)
            return true
        }
    }

    func fail(_ code: String, _ message: String) -> Bool {
        state.withLock { state in
            guard !state.hasEnded, !code.isEmpty else { return false }
            state.failure = Failure(code, fault: .task, sideEffects: .possible, message: message)
            return true
        }
    }

    var isCancelled: Bool { state.withLock { $0.isCancelled } }

    // MARK: What the host says

    /// False if the task has ended already.
    func cancel() -> Bool {
        state.withLock { state in
            state.isCancelled = true
            return !state.hasEnded
        }
    }

    /// The task's answer, when `execute` has returned.
    func end(_ status: Int32) -> ExecuteResult {
        stream.withLock { $0.hasEnded = true }
        return state.withLock { state in
            state.hasEnded = true
            var result = ExecuteResult(task: id, outcome: status == 0 ? .succeeded : .failed, exitCode: status)
            if status < 0 || status > 255 { result.exitCode = -1 }
            result.error = state.failure
            if status == 0, state.failure != nil {
                result.error = Failure(
                    "inconsistent_result",
                    fault: .executor,
                    sideEffects: .possible,
                    message: "the library calls the task a failure and a success"
                )
                result.outcome = .failed
                result.exitCode = -1
            } else if status != 0, state.isCancelled, state.failure == nil {
                result.outcome = .cancelled
            }
            if let value = state.result {
                if value.count <= resultBytes {
                    result.result = value
                } else {
                    result = .failed(id, .resultTooLarge(value.count, resultBytes))
                }
            }
            return result
        }
    }
}

extension LibraryTask {
    /// Hands the task to `body` as C has it.
    func withC<R>(
        _ request: ExecuteRequest,
        _ body: (UnsafePointer<ostler_task>) -> R
    ) -> R {
        request.task.withCString { id in
            request.executor.withCString { executor in
                (request.payload + [0]).withUnsafeBufferPointer { payload in
                    var task = TaskForC(
                        task: ostler_task(),
                        owner: Unmanaged.passUnretained(self).toOpaque()
                    )
                    task.task.size = MemoryLayout<ostler_task>.size
                    task.task.id = id
                    task.task.executor = executor
                    task.task.payload = UnsafeRawPointer(payload.baseAddress)?.assumingMemoryBound(to: CChar.self)
                    task.task.payload_length = request.payload.count
                    task.task.remaining_ms = request.remaining ?? -1
                    task.task.attempt = UInt32(clamping: request.attempt)
                    task.setFunctions()
                    return withUnsafePointer(to: &task) { pointer in
                        body(UnsafeRawPointer(pointer).assumingMemoryBound(to: ostler_task.self))
                    }
                }
            }
        }
    }
}

/// What a library sees, and behind it who is meant.
private struct TaskForC {
    var task: ostler_task
    var owner: UnsafeMutableRawPointer

    mutating func setFunctions() {
        task.output = { task, stream, bytes, length in
            guard let owner = TaskForC.owner(task), let bytes = bytes ?? (length == 0 ? UnsafeRawPointer(task) : nil),
                let stream = [OSTLER_STDOUT: OutputStream.stdout, OSTLER_STDERR: .stderr][stream]
            else { return -1 }
            let start = bytes.assumingMemoryBound(to: UInt8.self)
            return owner.write(stream, UnsafeBufferPointer(start: start, count: length)) ? 0 : -1
        }
        task.progress = { task, value, total, message in
            guard let owner = TaskForC.owner(task), value.isFinite else { return -1 }
            var progress = ProgressNotification(task: owner.id, value: value)
            progress.total = total >= 0 && total.isFinite ? total : nil
            progress.message = message.map { String(cString: $0) }
            return owner.tell { $0.notify(ProgressNotification.method) { progress.encode(into: &$0) } } ? 0 : -1
        }
        task.log = { task, level, message in
            guard let owner = TaskForC.owner(task), let message, (0...3).contains(level) else { return -1 }
            let levels: [LogNotification.Level] = [.debug, .info, .warning, .error]
            let log = LogNotification(level: levels[Int(level)], message: String(cString: message), task: owner.id)
            return owner.tell { $0.notify(LogNotification.method) { log.encode(into: &$0) } } ? 0 : -1
        }
        task.result = { task, json, length in
            guard let owner = TaskForC.owner(task), let json else { return -1 }
            let start = UnsafeRawPointer(json).assumingMemoryBound(to: UInt8.self)
            return owner.setResult(UnsafeBufferPointer(start: start, count: length)) ? 0 : -1
        }
        task.fail = { task, code, message in
            guard let owner = TaskForC.owner(task), let code, let message else { return -1 }
            return owner.fail(String(cString: code), String(cString: message)) ? 0 : -1
        }
        task.cancelled = { task in TaskForC.owner(task)?.isCancelled == true ? 1 : 0 }
    }

    private static func owner(_ task: UnsafePointer<ostler_task>?) -> LibraryTask? {
        guard let task else { return nil }
        let whole = UnsafeRawPointer(task).assumingMemoryBound(to: TaskForC.self)
        return Unmanaged<LibraryTask>.fromOpaque(whole.pointee.owner).takeUnretainedValue()
    }
}
