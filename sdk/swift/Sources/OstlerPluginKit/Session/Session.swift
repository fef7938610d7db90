internal import COstlerShims
internal import Glibc
internal import OstlerJSON
internal import OstlerPluginWire
internal import OstlerProtocol

/// One run of the plugin's process: the conversation with the host, on a thread of its own.
///
/// Handlers run on Swift's pool. Whatever they do there, the host's `cancel` and `health` are answered from here.
final class Session {
    /// Where the conversation stands.
    private enum Phase: Equatable {
        case new
        case ready
        /// The host wants nothing more; what runs has until then to end by itself.
        case closing(until: ContinuousClock.Instant)
    }

    /// How long cancelled handlers may take after the host's end. It uses force after a second (M37).
    private static let parting = Duration.milliseconds(500)

    private let plugin: Plugin
    private let input: HostInput
    private let output: HostOutput
    private let waker: Waker
    private let outbox: Outbox
    private let readiness: Readiness
    private let tasks = OpenTasks()
    private var channel: LaunchChannel?
    private var phase = Phase.new
    private var config = JSONValue.object(JSONObject())
    private var pieceBytes = OutputNotification.maximumBytes
    private var isInputOpen = true
    private var exitCode: Int32 = 0

    init(_ plugin: Plugin, _ input: HostInput, _ output: HostOutput, _ waker: Waker) {
        self.plugin = plugin
        self.input = input
        self.output = output
        self.waker = waker
        outbox = Outbox(waker)
        readiness = Readiness(waker)
    }

    /// Serves the host to the end of the session; returns the code to exit with.
    func serve() -> Int32 {
        while !isOver { turn() }
        return exitCode
    }

    private var isOver: Bool {
        if output.isClosed { return true }
        guard case .closing(let end) = phase else { return false }
        return (tasks.isEmpty || ContinuousClock.now >= end) && output.pending == 0
    }

    /// Waits once, handles what there is, writes once.
    private func turn() {
        let wanted = readiness.wanted
        var polled = [
            pollfd(fd: waker.descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: isInputOpen ? input.descriptor : -1, events: Int16(POLLIN), revents: 0),
            pollfd(fd: output.pending > 0 ? output.descriptor : -1, events: Int16(POLLOUT), revents: 0),
            pollfd(fd: channel?.watched ?? -1, events: Int16(POLLIN), revents: 0),
        ]
        let fixed = polled.count
        polled += wanted
        _ = poll(&polled, nfds_t(polled.count), timeout)
        waker.hear()
        if polled[1].revents != 0 { readHost() }
        if polled[3].revents != 0 { channel?.receive() }
        if !wanted.isEmpty { readiness.wake(polled[fixed...]) }
        outbox.empty(into: output)
        _ = output.flush()
        outbox.report(unwritten: output.pending)
    }

    /// In milliseconds, as `poll` takes it.
    private var timeout: Int32 {
        guard case .closing(let end) = phase else { return -1 }
        let left = max(.zero, end - .now).components
        return Int32(clamping: left.seconds * 1000 + left.attoseconds / 1_000_000_000_000_000)
    }

    // MARK: Requests

    private func readHost() {
        do {
            switch input.read() {
            case .bytes: break
            case .nothing: return
            case .end:
                try input.finish()
                return close()
            }
            while let request = try input.next() { handle(request) }
        } catch {
            StandardStreams.complain(plugin.name, "the host sent \(error.reason)")
            exitCode = 65
            close()
        }
    }

    /// Takes nothing more from the host, and asks what runs to end.
    private func close() {
        isInputOpen = false
        if case .closing = phase { return }
        phase = .closing(until: .now + Self.parting)
        for task in tasks.all { task.cancel(.shutdown) }
    }

    private func handle(_ request: HostRequest) {
        switch (phase, request.call) {
        case (_, .unknown(let method)):
            refuse(request, -32601, "unknown_method", "this plugin has no method \"\(method)\"")
        case (_, .malformed(let method, let error)):
            let reason = error.map { ": \($0.reason), at byte \($0.offset)" } ?? ": there are none"
            refuse(request, -32602, "invalid_params", "the parameters of \"\(method)\" cannot be read\(reason)")
        case (_, .health):
            let health = plugin.health().result
            output.answer(request.id) { health.encode(into: &$0) }
        case (_, .credit(let credit)): tasks[credit.task]?.renew(credit.bytes)
        case (_, .shutdown):
            output.answer(request.id) { writer in
                writer.beginObject()
                writer.endObject()
            }
            close()
        case (.new, .initialize(let parameters)): initialize(request, parameters)
        case (.ready, .execute(let call)): execute(request, call.request)
        case (_, .cancel(let parameters)): cancel(request, parameters)
        case (.new, .execute):
            refuse(request, -32002, "not_initialized", "the first request must be \"initialize\"")
        case (.ready, .initialize):
            refuse(request, -32600, "already_initialized", "\"initialize\" was answered before")
        case (.closing, .initialize), (.closing, .execute):
            refuse(request, -32600, "shutting_down", "the session is at its end")
        }
    }

    private func refuse(_ request: HostRequest, _ number: Int, _ code: String, _ message: String) {
        output.refuse(request.id, code: number, Failure(code, fault: .host, message: message))
    }

    private func initialize(_ request: HostRequest, _ parameters: InitializeRequest) {
        guard let version = ProtocolVersions.supported.negotiate(with: parameters.versions) else {
            let failure = Failure(
                "protocol_version",
                fault: .executor,
                message: "this plugin speaks protocol \(ProtocolVersions.supported), the host \(parameters.versions)",
                hint: "install a plugin and a host of the same release"
            )
            return output.refuse(request.id, code: -32000, failure)
        }
        phase = .ready
        config = parameters.config
        if parameters.launch { channel = LaunchChannel(readiness) }
        input.accept(frameBytes: parameters.maximumFrameBytes)
        pieceBytes = HostOutput.pieceBytes(frameBytes: parameters.maximumFrameBytes)
        let result = InitializeResult(
            version: version,
            name: plugin.name,
            pluginVersion: plugin.version,
            executors: plugin.executors.keys.sorted(),
            heedsCredit: true
        )
        output.answer(request.id) { result.encode(into: &$0) }
    }

    private func execute(_ request: HostRequest, _ parameters: ExecuteRequest) {
        guard let handler = plugin.executors[parameters.executor] else {
            let message = "this plugin has no executor \"\(parameters.executor)\""
            return refuse(request, -32602, "unknown_executor", message)
        }
        let task = ExecutorTask(
            parameters,
            config: config[parameters.executor] ?? .object(JSONObject()),
            pieceBytes: pieceBytes,
            outbox: outbox,
            channel: channel
        )
        guard tasks.add(task) else {
            let message = "the task \"\(parameters.task)\" is being executed already"
            return refuse(request, -32602, "duplicate_task", message)
        }
        task.start { [tasks, outbox] in
            let result = await task.execute(handler)
            task.settle()
            tasks.remove(task.id) {
                outbox.write { writer in
                    OutgoingFrame.response(&writer, id: request.id) { result.encode(into: &$0) }
                }
            }
        }
    }

    private func cancel(_ request: HostRequest, _ parameters: CancelRequest) {
        let state = tasks[parameters.task]?.cancel(parameters.reason) ?? .unknown
        let result = CancelResult(state: state)
        output.answer(request.id) { result.encode(into: &$0) }
    }
}
