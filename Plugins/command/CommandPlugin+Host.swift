internal import OstlerJSON
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
        let id = request.id
        switch (session, request.call) {
        case (_, .unknown(let method)):
            refuse(id, -32601, "unknown_method", "this plugin has no method \"\(method)\"")
        case (_, .malformed(let method, let error)):
            let reason = error.map { ": \($0.reason), at byte \($0.offset)" } ?? ": there are none"
            refuse(id, -32602, "invalid_params", "the parameters of \"\(method)\" cannot be read\(reason)")
        case (_, .health): answerHealth(id)
        case (_, .credit(let credit)): take(credit)
        case (_, .shutdown):
            session = .closing
            output.answer(id) { writer in
                writer.beginObject()
                writer.endObject()
            }
        case (.new, .initialize(let parameters)): initialize(id, parameters)
        case (.ready, .execute(let parameters)): execute(id, parameters)
        case (.new, .execute), (.new, .cancel):
            refuse(id, -32002, "not_initialized", "the first request must be \"initialize\"")
        case (.ready, .cancel(let parameters)), (.closing, .cancel(let parameters)): cancel(id, parameters)
        case (.ready, .initialize):
            refuse(id, -32600, "already_initialized", "\"initialize\" was answered before")
        case (.closing, .initialize), (.closing, .execute):
            refuse(id, -32600, "shutting_down", "\"shutdown\" was answered before")
        }
    }

    private func refuse(_ id: [UInt8], _ number: Int, _ code: String, _ message: String) {
        output.refuse(id, code: number, Failure(code, fault: .host, message: message))
    }

    private func initialize(_ id: [UInt8], _ request: InitializeRequest) {
        guard let version = ProtocolVersions.supported.negotiate(with: request.versions) else {
            let failure = Failure(
                "protocol_version",
                fault: .executor,
                message: request.versions.refusal(ofPlugin: .supported),
                hint: "install a plugin and a host of the same release"
            )
            return output.refuse(id, code: -32000, failure)
        }
        session = .ready
        if !request.launch, let launcher {
            poller.remove(launcher.descriptor)
            self.launcher = nil
        }
        input.accept(frameBytes: request.maximumFrameBytes)
        pieceBytes = Self.pieceBytes(frameBytes: request.maximumFrameBytes)
        let result = InitializeResult(
            version: version,
            name: Self.name,
            pluginVersion: Self.version,
            executors: [Self.name],
            heedsCredit: true
        )
        output.answer(id) { result.encode(into: &$0) }
    }

    /// How much output fits a frame even if each byte needs an escape of six.
    static func pieceBytes(frameBytes: Int) -> Int {
        min(OutputNotification.maximumBytes, max(64, (frameBytes - 1024) / 6))
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
            return refuse(id, -32602, "unknown_executor", "this plugin has no executor \"\(request.executor)\"")
        }
        guard numbers[request.task] == nil else {
            return refuse(id, -32602, "duplicate_task", "the task \"\(request.task)\" is being executed already")
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
