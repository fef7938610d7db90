internal import Glibc
package import OstlerJSON
package import OstlerProtocol
package import OstlerSystem

/// Someone who has a session with a plugin. Called on the loop.
@LoopActor
package protocol SessionDelegate: AnyObject {
    /// The plugin wrote output of a task.
    func session(output: OutputNotification)
    /// The plugin told something of a task, or of itself.
    func session(notice: TaskNotice, of task: String?)
    /// The plugin's stream cannot be trusted any more, or has ended.
    func session(endedBy end: SessionEnd)
}

/// Why no more frames will come.
package enum SessionEnd: Sendable, Equatable {
    case violation(FrameViolation)
    case noise(lines: Int, excerpt: String)
    case endOfFile

    /// The same with excerpts as a message may have them: masked while they are whole, and cut then.
    func shown(masking mask: (String) -> String) -> SessionEnd {
        func cut(_ excerpt: String) -> String { String(mask(excerpt).prefix(FrameViolation.shownLength)) }
        switch self {
        case .violation(var violation):
            violation.excerpt = cut(violation.excerpt)
            return .violation(violation)
        case .noise(let lines, let excerpt): return .noise(lines: lines, excerpt: cut(excerpt))
        case .endOfFile: return self
        }
    }
}

/// One conversation with one executor process over its stdin and stdout: requests out, answers matched by id.
@LoopActor
package final class Session: EventHandler, TurnHandler {
    /// What an answer brought, borrowed from the frame.
    package enum Answer {
        case result(UnsafeBufferPointer<UInt8>)
        case error(UnsafeBufferPointer<UInt8>)
        /// The session ended first.
        case lost
    }

    /// Someone who has asked something and is told once what came of it.
    @LoopActor
    package protocol Asker: AnyObject {
        func answered(_ answer: Answer)
    }

    /// What happened that should not have, and was put up with.
    package struct Counters: Sendable {
        package var noise = 0
        package var unknownIDs = 0
        package var repeatedAnswers = 0
        package var unknownMethods = 0
        package var answers = 0
    }

    private let input: Int32
    private let output: Int32
    /// Let go at the end.
    private var delegate: (any SessionDelegate)?
    private let isStrict: Bool
    private var ids = MessageIDs()
    private var pending = PendingRequests()
    private var parser: FrameParser
    private var validator = JSONValidator()
    private var writer = JSONWriter()
    private var sent = 0
    /// Bytes that the pipe has taken in all, and of these those that the plugin had taken when the session was closed.
    private var written: UInt64 = 0
    package private(set) var taken = UInt64.max
    private var isFlushPlanned = false
    private var isBlocked = false
    private var holds = 0
    private var isOpen = true
    /// Above zero: answers are looked for after each write. Below: that many writes pass until the next try.
    private var eagerness = 1
    private static let eagerPause = 64
    package private(set) var counters = Counters()
    /// Where what is said is kept, if it is.
    private let tap: SessionRecorder.Tap?

    /// How many lines of noise are put up with; a plugin that floods is at fault.
    package static let noiseLimit = 1000
    private static let strayLimit = 10_000

    /// Takes over the host's ends of the plugin's stdin and stdout.
    package init(
        input: Int32,
        output: Int32,
        maximumFrameBytes: Int,
        isStrict: Bool,
        tap: SessionRecorder.Tap? = nil,
        delegate: any SessionDelegate
    ) throws(SystemFailure) {
        self.tap = tap
        self.input = input
        self.output = output
        self.delegate = delegate
        self.isStrict = isStrict
        parser = FrameParser(maximumFrameBytes: maximumFrameBytes)
        OwnedFD.setNonblocking(input)
        OwnedFD.setNonblocking(output)
        try EventLoop.shared.watch(output, for: .read, self)
    }

    // MARK: Out

    /// Sends a request; the asker is told once what came of it. Returns where the request begins in the stream to the
    /// plugin.
    @discardableResult
    package func request(
        _ method: StaticString,
        from asker: any Asker,
        params: (inout JSONWriter) -> Void
    ) -> UInt64 {
        guard isOpen else {
            asker.answered(.lost)
            return .max
        }
        let place = written + UInt64(writer.bytes.count - sent)
        let number = pending.insert(asker, numbered: &ids)
        let start = writer.bytes.count
        OutgoingFrame.request(&writer, id: number, of: ids, method: method, params: params)
        tap?.sent(writer.bytes[start...])
        planFlush()
        return place
    }

    /// Sends a request whose answer a closure takes.
    package func request(
        _ method: StaticString,
        params: (inout JSONWriter) -> Void,
        completion: @escaping @LoopActor (Answer) -> Void
    ) {
        request(method, from: AnswerAction(completion), params: params)
    }

    /// Tells the plugin something that it does not answer.
    package func notify(_ method: StaticString, params: (inout JSONWriter) -> Void) {
        guard isOpen else { return }
        let start = writer.bytes.count
        OutgoingFrame.notification(&writer, method: method, params: params)
        tap?.sent(writer.bytes[start...])
        planFlush()
    }

    private func planFlush() {
        guard !isFlushPlanned, !isBlocked else { return }
        isFlushPlanned = true
        EventLoop.shared.atEndOfTurn(self)
    }

    package func endOfTurn() {
        isFlushPlanned = false
        flush()
        readEagerly()
    }

    /// Writes what is waiting, as far as the pipe takes it. It never waits: the plugin may be waiting for us.
    fileprivate func flush() {
        guard isOpen else { return }
        while sent < writer.bytes.count {
            let count = writer.bytes.withUnsafeBytes { bytes in
                write(input, bytes.baseAddress.unsafelyUnwrapped + sent, bytes.count - sent)
            }
            if count < 0 {
                if errno == EINTR { continue }
                setBlocked(errno == EAGAIN)
                // A broken pipe shows on the plugin's stdout and exit as well, where it is told apart.
                if errno != EAGAIN { (writer, sent) = (JSONWriter(), 0) }
                return
            }
            sent += count
            written += UInt64(count)
        }
        writer.removeAll()
        sent = 0
        setBlocked(false)
    }

    /// The pipe is watched only while it is full: an unwatched one cannot wake the loop for ever once it is broken.
    private func setBlocked(_ blocked: Bool) {
        guard blocked != isBlocked else { return }
        isBlocked = blocked
        if blocked {
            try? EventLoop.shared.watch(input, for: .write, PipeWriter(self))
        } else {
            EventLoop.shared.unwatch(input)
        }
    }

    // MARK: In

    package func ready(_ events: Readiness) {
        // A bounded amount a turn, so that a flood leaves room for the other plugins.
        for _ in 0..<4 {
            guard holds == 0, let count = readOnce(), count >= 1 << 12 else { return }
        }
    }

    /// Looks for answers right after a write, while that pays: where plugin and host share a core, or the machine is
    /// busy, the plugin has answered before the host runs again, and waiting for events would only cost time.
    private func readEagerly() {
        guard eagerness > 0 else {
            eagerness += 1
            return
        }
        let before = counters.answers
        ready(.read)
        if counters.answers == before { eagerness = -Self.eagerPause }
    }

    /// Takes all that is still in the pipe of a process that is gone, even if reading is paused.
    package func drain() {
        while readOnce() != nil {}
    }

    /// Reads once and handles what came. Nil if there is nothing for now, or will never be again.
    private func readOnce() -> Int? {
        guard isOpen else { return nil }
        let (count, error) = parser.withTail { tail in
            let count = read(output, tail.baseAddress, tail.count)
            return (max(count, 0), (count, errno))
        }
        if count < 0, error == EINTR || error == EAGAIN { return nil }
        takeFrames()
        guard isOpen else { return nil }
        guard count <= 0 else { return count }
        endOfFile()
        return nil
    }

    private func takeFrames() {
        while isOpen, let event = parser.next() { take(event) }
    }

    private func take(_ event: FrameParser.Event) {
        switch event {
        case .violation(let violation): end(.violation(violation))
        case .noise(let range):
            counters.noise += 1
            if let tap { parser.withBytes(range) { tap.noise($0) } }
            guard isStrict || counters.noise > Self.noiseLimit else { return }
            end(.noise(lines: counters.noise, excerpt: excerpt(of: range)))
        case .frame(let range):
            if let tap { parser.withBytes(range) { tap.received($0) } }
            let reason = parser.withBytes(range) { frame in dispatch(frame) }
            guard let reason, isOpen else { return }
            var violation = FrameViolation(
                kind: .malformed,
                offset: parser.streamOffset(range.lowerBound),
                length: range.count,
                excerpt: excerpt(of: range)
            )
            violation.detail = reason
            end(.violation(violation))
        }
    }

    private func excerpt(of range: Range<Int>) -> String {
        parser.withBytes(range) { String(decoding: $0.prefix(FrameViolation.keptBytes), as: UTF8.self) }
    }

    /// Handles one frame; returns what is wrong with it, if anything.
    private func dispatch(_ frame: UnsafeBufferPointer<UInt8>) -> String? {
        do {
            let envelope = try Envelope(checking: frame, with: &validator)
            switch envelope.kind {
            case .invalid(let reason): return reason
            case .request:
                counters.unknownMethods += 1
                return nil
            case .notification: return try notification(envelope, frame)
            case .response:
                respond(envelope, frame)
                return nil
            }
        } catch {
            return "\(error.reason), at byte \(error.offset + 1) of the line"
        }
    }

    private func respond(_ envelope: Envelope, _ frame: UnsafeBufferPointer<UInt8>) {
        guard let id = envelope.id, let number = ids.number(of: frame[id]) else {
            counters.unknownIDs += 1
            return stray()
        }
        guard let asker = pending.remove(number) else {
            counters.repeatedAnswers += 1
            return stray()
        }
        counters.answers += 1
        if let result = envelope.result {
            asker.answered(.result(UnsafeBufferPointer(rebasing: frame[result])))
        } else if let error = envelope.error {
            asker.answered(.error(UnsafeBufferPointer(rebasing: frame[error])))
        }
    }

    /// Answers that belong to nothing are dropped, up to a flood of them.
    private func stray() {
        let count = counters.unknownIDs + counters.repeatedAnswers
        guard isStrict || count > Self.strayLimit else { return }
        end(.noise(lines: count, excerpt: "answers to requests that are not open"))
    }

    private func notification(_ envelope: Envelope, _ frame: UnsafeBufferPointer<UInt8>) throws(JSONError) -> String? {
        guard let params = envelope.params else { return "\(envelope.method ?? "a notification") without params" }
        switch envelope.method {
        case "output":
            var reader = JSONReader(UnsafeBufferPointer(rebasing: frame[params]))
            delegate?.session(output: try OutputNotification(reading: &reader))
        case "progress":
            var reader = JSONReader(UnsafeBufferPointer(rebasing: frame[params]))
            let progress = try ProgressNotification(reading: &reader)
            delegate?.session(notice: .progress(progress), of: progress.task)
        case "log":
            var reader = JSONReader(UnsafeBufferPointer(rebasing: frame[params]))
            let log = try LogNotification(reading: &reader)
            delegate?.session(notice: .log(log), of: log.task)
        default: counters.unknownMethods += 1
        }
        return nil
    }

    private func endOfFile() {
        if let last = parser.finish() { take(last) }
        end(.endOfFile)
    }

    // MARK: Flow and end

    /// Stops reading until ``release()``, for someone who cannot take more for now; each call counts.
    package func hold() {
        holds += 1
        guard isOpen, holds == 1 else { return }
        EventLoop.shared.unwatch(output)
    }

    package func release() {
        holds -= 1
        guard isOpen, holds == 0 else { return }
        try? EventLoop.shared.watch(output, for: .read, self)
    }

    /// Ends the session: completions hear `lost`, then the delegate hears why.
    private func end(_ reason: SessionEnd) {
        guard isOpen else { return }
        let delegate = delegate
        close()
        delegate?.session(endedBy: reason)
    }

    /// Closes both pipes; what was still open is answered with `lost`.
    package func close() {
        guard isOpen else { return }
        isOpen = false
        taken = written - UInt64(Pipe.unreadBytes(input))
        EventLoop.shared.unwatch(output)
        EventLoop.shared.unwatch(input)
        _ = Glibc.close(output)
        _ = Glibc.close(input)
        for asker in pending.removeAll() { asker.answered(.lost) }
        delegate = nil
    }
}

@LoopActor
private final class AnswerAction: Session.Asker {
    private let action: @LoopActor (Session.Answer) -> Void

    init(_ action: @escaping @LoopActor (Session.Answer) -> Void) {
        self.action = action
    }

    func answered(_ answer: Session.Answer) {
        action(answer)
    }
}

/// Continues a write when the pipe has room again.
@LoopActor
private final class PipeWriter: EventHandler {
    private weak var session: Session?

    init(_ session: Session) {
        self.session = session
    }

    func ready(_ events: Readiness) {
        session?.flush()
    }
}
