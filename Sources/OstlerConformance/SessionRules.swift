internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol

/// What holds in every session, whatever is tried in it: judges each line of the plugin by what was said before.
///
/// It does no input or output; lines come in, and what they break is kept, the first breach of each check.
struct SessionRules: Sendable {
    /// A check that a line has shown to fail.
    struct Breach: Sendable {
        let check: String
        let detail: String
    }

    /// What is known of a task.
    struct TaskRecord: Sendable {
        var credit: Int?
        var isCancelled = false
        var answer: PeerMessage?
        var nextSequence: Int64 = 0
        /// The pieces of each stream, in their order.
        var pieces: [OutputStream: [[UInt8]]] = [:]

        /// What it wrote to a stream.
        func output(_ stream: OutputStream) -> [UInt8] { (pieces[stream] ?? []).flatMap(\.self) }
    }

    private(set) var breaches: [Breach] = []
    private(set) var answers: [String: PeerMessage] = [:]
    private(set) var tasks: [String: TaskRecord] = [:]
    /// Messages of any kind, answers and notifications.
    private(set) var messageCount = 0
    private var methods: [String: (method: String, task: String?)] = [:]
    /// Behind a line that breaks the stream nothing can be judged.
    private(set) var isBroken = false
    /// Takes secrets out of what breaches show.
    var mask: SecretMask?
    /// It was told to go.
    private(set) var isDismissed = false

    /// Whether a task waits for its answer.
    var hasOpenTasks: Bool { tasks.values.contains { $0.answer == nil } }

    // MARK: What the host says

    mutating func asked(_ method: String, id: String, task: String? = nil) {
        methods[id] = (method, task)
        if method == "shutdown" { dismissed() }
    }

    /// It was told to go: it may give up its tasks by itself.
    mutating func dismissed() {
        isDismissed = true
        for name in tasks.keys { tasks[name]?.isCancelled = true }
    }

    mutating func opened(_ task: String, credit: Int?) {
        tasks[task] = TaskRecord(credit: credit)
    }

    mutating func cancelled(_ task: String) { tasks[task]?.isCancelled = true }

    mutating func credited(_ task: String, _ bytes: Int) {
        if let credit = tasks[task]?.credit { tasks[task]?.credit = credit + bytes }
    }

    // MARK: What the plugin says

    mutating func received(_ line: PeerLine) {
        guard !isBroken else { return }
        switch line {
        case .frame(let bytes): received(bytes)
        case .noise(let bytes): breach("M4-noise", "a line that is no message: \(Excerpt.of(shown(bytes)))")
        case .violation(let violation): broken(by: violation)
        case .end: break
        }
    }

    private mutating func broken(by violation: FrameViolation) {
        isBroken = true
        let excerpt = Excerpt.of(shown(Array(violation.excerpt.utf8)))
        switch violation.kind {
        case .oversize: breach("M2-length", "a line of more than max_frame_bytes: \(excerpt)")
        case .partial: breach("M1-line", "its stdout ended inside a line: \(excerpt)")
        case .malformed: breach("M3-json", "\(violation.detail): \(excerpt)")
        }
    }

    private func shown(_ line: [UInt8]) -> [UInt8] { mask?.masked(line: line) ?? line }

    private mutating func received(_ bytes: [UInt8]) {
        let message: PeerMessage
        do throws(PeerMessage.Fault) {
            message = try PeerMessage(bytes, shown: shown(bytes))
        } catch {
            isBroken = true
            return breach(error.check, error.detail)
        }
        messageCount += 1
        if !message.isMarked { breach("S2-mark", "not marked \"jsonrpc\": \"2.0\": \(message.excerpt)") }
        switch message.body {
        case .request: breach("S2-requests", "a request: \(message.excerpt)")
        case .notification(let method): notified(method, message)
        case .result, .error: answered(message)
        }
    }

    private mutating func answered(_ message: PeerMessage) {
        let id = String(decoding: message.id ?? [], as: UTF8.self)
        guard let (method, task) = methods[id] else {
            return breach("M9-id", "an answer to nothing that was asked: \(message.excerpt)")
        }
        guard answers[id] == nil else {
            return breach("M21-once", "a second answer to \(method): \(message.excerpt)")
        }
        answers[id] = message
        if case .error = message.body { judge(error: message) }
        guard KitRequest.executing.contains(method), let task else { return }
        tasks[task]?.answer = message
        if case .result = message.body { judge(result: message, of: task) }
    }

    private mutating func judge(error message: PeerMessage) {
        let error = message.value
        guard let code = error["code"]?.number?.exactInteger, Int32(exactly: code) != nil,
            error["message"]?.string != nil
        else {
            return breach("M45-errors", "an error needs a number as code and a message: \(message.excerpt)")
        }
        guard let data = error["data"], data.object != nil else { return }
        if let word = data["code"], word.string == nil {
            breach("M45-errors", "the code in data is no word: \(message.excerpt)")
        }
        do throws(JSONError) {
            _ = try Array(data.text.utf8).withUnsafeBufferPointer { (buffer) throws(JSONError) in
                var reader = JSONReader(buffer)
                return try Failure(reading: &reader)
            }
        } catch {
            breach("M45-errors", "data has not the shape of section 9: \(message.excerpt)")
        }
    }

    private mutating func judge(result message: PeerMessage, of task: String) {
        let result: ExecuteResult
        do throws(JSONError) {
            result = try message.read { (reader) throws(JSONError) in try ExecuteResult(reading: &reader) }
        } catch {
            return breach("M24-result", "\(error.reason): \(message.excerpt)")
        }
        if result.task != task { breach("M24-result", "asked for \(task): \(message.excerpt)") }
        if result.outcome == .succeeded, result.exitCode != 0 || result.signal != nil || result.error != nil {
            breach("M22-success", "succeeded, and yet not: \(message.excerpt)")
        }
        if result.outcome == .cancelled, tasks[task]?.isCancelled == false {
            breach("M33-uninvited", "nobody had cancelled \(task): \(message.excerpt)")
        }
    }

    private mutating func notified(_ method: String, _ message: PeerMessage) {
        switch method {
        case "output": output(message)
        case "progress":
            let progress = try? message.read { (reader) throws(JSONError) in try ProgressNotification(reading: &reader)
            }
            guard let progress else { return breach("M29-notices", "malformed: \(message.excerpt)") }
            if tasks[progress.task]?.answer != nil { breach("M21-once", "after the answer: \(message.excerpt)") }
        case "log":
            let log = try? message.read { (reader) throws(JSONError) in try LogNotification(reading: &reader) }
            guard let log else { return breach("M29-notices", "malformed: \(message.excerpt)") }
            if let task = log.task, tasks[task]?.answer != nil {
                breach("M21-once", "after the answer: \(message.excerpt)")
            }
        default: breach("S5-methods", "a notification that nobody knows: \(message.excerpt)")
        }
    }

    private mutating func output(_ message: PeerMessage) {
        let output: OutputNotification
        do throws(JSONError) {
            output = try message.read { (reader) throws(JSONError) in try OutputNotification(reading: &reader) }
        } catch {
            return breach("M26-output", "malformed, or more than 65,536 bytes: \(message.excerpt)")
        }
        guard var task = tasks[output.task] else {
            return breach("M27-order", "output of a task that was never given: \(message.excerpt)")
        }
        defer { tasks[output.task] = task }
        if task.answer != nil { breach("M27-order", "output after the answer: \(message.excerpt)") }
        if let sequence = message.value["seq"]?.number?.exactInteger {
            if sequence != task.nextSequence {
                breach("M27-order", "seq \(sequence) where \(task.nextSequence) is due: \(message.excerpt)")
            }
            task.nextSequence = sequence + 1
        }
        if let credit = task.credit {
            if credit <= 0 { breach("M49-credit", "output of \(output.task) without credit: \(message.excerpt)") }
            task.credit = credit - output.bytes.count
        }
        if task.answer == nil { task.pieces[output.stream, default: []].append(output.bytes) }
    }

    /// What can be told only when no more will come.
    mutating func ended() {
        for (name, task) in tasks {
            for (stream, pieces) in task.pieces where pieces.contains(where: { !Self.isText($0) }) {
                guard Self.isText(pieces.flatMap(\.self)) else { continue }
                breach("M28-characters", "a character of \(stream.rawValue) of \(name) was cut in two")
            }
        }
    }

    private static func isText(_ bytes: [UInt8]) -> Bool { bytes.withUnsafeBufferPointer { UTF8Check.isValid($0) } }

    mutating func breach(_ check: String, _ detail: String) {
        guard !breaches.contains(where: { $0.check == check }) else { return }
        breaches.append(Breach(check: check, detail: detail))
    }
}
