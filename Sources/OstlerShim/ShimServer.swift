internal import Glibc
internal import OstlerJSON
internal import OstlerPluginWire
internal import OstlerProtocol

/// What serves the tasks of one library.
protocol ShimEngine: AnyObject {
    /// Takes a task. The answer is sent by the engine, now or later.
    func execute(_ id: [UInt8], _ call: ExecuteCall)
    func cancel(_ task: String) -> CancelResult.State
    func health() -> HealthResult
    /// No more tasks come.
    func close()
}

/// A plugin whose executors are functions of a shared object: it speaks the protocol, and the library does the work.
final class ShimServer {
    private let input: HostInput
    private let answers: ShimAnswers
    private var conversation = Conversation()
    private var engine: (any ShimEngine)?

    /// Takes the descriptors over.
    init(input: Int32, output: Int32) {
        self.input = HostInput(input, waits: true)
        answers = ShimAnswers(taking: output)
    }

    /// Runs until the host is done with it, and returns the code to exit with.
    func run() -> Int32 {
        while true {
            do {
                switch answers.state {
                case .closed: return end()
                case .idle where conversation.state == .closing: return end()
                case .idle: break
                case .waiting(let room): if !hasInput(room) { continue }
                }
                switch input.read() {
                case .bytes:
                    while let request = try input.next() { handle(request) }
                case .nothing: break
                case .end:
                    try input.finish()
                    return end()
                }
            } catch {
                Startup.complain("the host sent \(error.reason)")
                return 2
            }
        }
    }

    private func end() -> Int32 {
        engine?.close()
        return 0
    }

    /// Waits for bytes of the host or for room for answers, and tells whether there are bytes. Where no answer is left
    /// to write, the read itself waits.
    private func hasInput(_ room: pollfd) -> Bool {
        var entries = [pollfd(fd: input.descriptor, events: Int16(POLLIN), revents: 0), room]
        _ = poll(&entries, nfds_t(entries.count), -1)
        if entries[1].revents != 0 { answers.send { _ in } }
        return entries[0].revents != 0
    }

    private func handle(_ request: HostRequest) {
        guard conversation.admits(request) else {
            answers.send { conversation.settle(request, $0) }
            return
        }
        switch request.call {
        case .initialize(let parameters): initialize(request.id, parameters)
        case .execute(let call): engine?.execute(request.id, call)
        case .cancel(let parameters):
            let reply = CancelResult(state: engine?.cancel(parameters.task) ?? .unknown)
            answers.send { $0.answer(request.id) { reply.encode(into: &$0) } }
        case .health:
            let reply = engine?.health() ?? HealthResult(status: .unhealthy, detail: "no library is loaded")
            answers.send { $0.answer(request.id) { reply.encode(into: &$0) } }
        case .credit, .shutdown, .unknown, .malformed: break
        }
    }

    private func initialize(_ id: [UInt8], _ request: InitializeRequest) {
        var version: Int?
        answers.send { version = conversation.version(id, request, $0) }
        guard let version else { return }
        do throws(Failure) {
            guard let shim = request.shim else {
                throw Failure(
                    "shim_without_plugin",
                    fault: .host,
                    message: "`initialize` has no member `shim`, so there is no library to serve",
                    hint: "ostler-shim is started by the host, for plugins of kind library and foreign"
                )
            }
            input.accept(frameBytes: request.maximumFrameBytes)
            input.readsContext = shim.kind == .library
            let engine: any ShimEngine =
                switch shim.kind {
                case .foreign: try ForeignEngine(shim, answers, frameBytes: request.maximumFrameBytes)
                case .library: try LibraryEngine(shim, request.config, answers, frameBytes: request.maximumFrameBytes)
                }
            self.engine = engine
            let executors = shim.members["executors"]?.array?.compactMap { $0["name"]?.string } ?? []
            let result = InitializeResult(
                version: version,
                name: shim.name,
                pluginVersion: shim.version,
                executors: executors
            )
            answers.send { conversation.begin(id, result, $0) }
        } catch {
            answers.send { $0.refuse(id, code: -32000, error) }
        }
    }
}
