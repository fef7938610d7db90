internal import OstlerJSON
internal import OstlerPluginWire
internal import OstlerProtocol

// The host's requests.
extension CommandPlugin {
    func readHost() {
        do {
            switch input.read() {
            case .bytes: break
            case .nothing: return
            case .end:
                exitCode = 0
                return try input.finish()
            }
            while exitCode == nil, let request = try input.next() { handle(request) }
        } catch {
            Log.write("the host sent \(error.reason)")
            exitCode = 2
        }
    }

    private func handle(_ request: HostRequest) {
        guard session.admits(request) else { return session.settle(request, output) }
        let id = request.id
        switch request.call {
        case .initialize(let parameters): initialize(id, parameters)
        case .execute(let call): execute(id, call.request)
        case .cancel(let parameters): cancel(id, parameters)
        case .health: answerHealth(id)
        case .credit(let credit): take(credit)
        case .shutdown, .unknown, .malformed: break
        }
    }

    private func initialize(_ id: [UInt8], _ request: InitializeRequest) {
        guard let version = session.version(id, request, output) else { return }
        if !request.launch, let launcher {
            poller.remove(launcher.descriptor)
            self.launcher = nil
        }
        input.accept(frameBytes: request.maximumFrameBytes)
        pieceBytes = HostOutput.pieceBytes(frameBytes: request.maximumFrameBytes)
        let result = InitializeResult(
            version: version,
            name: Self.name,
            pluginVersion: Self.version,
            executors: [Self.name],
            heedsCredit: true
        )
        session.begin(id, result, output)
    }

    private func answerHealth(_ id: [UInt8]) {
        let result =
            if let launcher {
                launcher.isOpen
                    ? HealthResult(status: .healthy)
                    : HealthResult(status: .unhealthy, detail: "the launch channel is closed")
            } else {
                HealthResult(status: .unhealthy, detail: "the plugin was not granted `launch`")
            }
        output.answer(id) { result.encode(into: &$0) }
    }

    // MARK: Tasks

    private func execute(_ id: [UInt8], _ request: ExecuteRequest) {
        guard request.executor == Self.name else {
            return output.refuse(id, -32602, "unknown_executor", "this plugin has no executor \"\(request.executor)\"")
        }
        guard numbers[request.task] == nil else {
            return output.refuse(id, -32602, "duplicate_task", "the task \"\(request.task)\" is being executed already")
        }
        do throws(Failure) {
            guard let launcher else { throw Failure.launchNotGranted("it has no launch channel") }
            guard let task = request.launch else { throw Failure.launchNotGranted("the task has no launch number") }
            guard launcher.isOpen else { throw Failure.launcherGone(sideEffects: .none) }
            var payload = try CommandPayload(parsing: request.payload)
            try payload.inherit(request.environment)
            launch(id, request, task, payload, launcher)
        } catch {
            let result = ExecuteResult.failed(request.task, error)
            output.answer(id) { result.encode(into: &$0) }
        }
    }

    private func cancel(_ id: [UInt8], _ request: CancelRequest) {
        let run = numbers[request.task].flatMap { runs[$0] }
        let reply = CancelResult(state: run?.state.cancelReply ?? .unknown)
        output.answer(id) { reply.encode(into: &$0) }
        if let run { advance(run, .cancel) }
    }
}
