internal import COstlerLaunch
internal import Glibc
internal import OstlerLaunchWire
internal import OstlerPluginWire
internal import OstlerProtocol
internal import OstlerSystem

// The launcher's events.
extension CommandPlugin {
    func launch(
        _ id: [UInt8],
        _ request: ExecuteRequest,
        _ task: UInt64,
        _ payload: CommandPayload,
        _ launcher: LaunchChannel
    ) {
        lastNumber += 1
        let run = Run(number: lastNumber, task: request.task, request: id, payload: payload, credit: request.credit)
        runs[run.number] = run
        numbers[run.task] = run.number
        let launch = LaunchRequest(number: run.number, task: task, hasStdin: request.hasStdin, payload: payload)
        note(launcher.submit(launch), for: run)
    }

    func sendQueuedLaunches() {
        guard let launcher, launcher.isOpen else { return }
        let results = launcher.sendQueued { runs[$0] != nil }
        for (number, sending) in results {
            if let run = runs[number] { note(sending, for: run) }
        }
    }

    private func note(_ sending: LaunchChannel.Sending, for run: Run) {
        switch sending {
        case .sent: advance(run, .sent)
        // A lost channel becomes readable, too: it is dealt with when what the launcher still said has been read.
        case .queued, .lost: break
        case .failed(let failure):
            let stage = Int32(OSTLER_STAGE_REQUEST.rawValue)
            advance(run, .refused(LaunchFailure(stage: stage, errno: failure.errno, detail: failure.call)))
        }
    }

    /// Takes a bounded number of events, so that other descriptors have their turn.
    func readLauncher() {
        for _ in 0..<64 {
            guard let launcher, launcher.isOpen else { return }
            switch launcher.receive() {
            case .packet(let packet): handle(packet)
            case .empty: return
            case .closed: return loseLauncher()
            }
        }
    }

    private func loseLauncher() {
        guard let launcher, launcher.isOpen else { return }
        Log.write("the launch channel is closed")
        poller.remove(launcher.descriptor)
        launcher.close()
        for run in runs.values.sorted(by: { $0.number < $1.number }) { advance(run, .launcherLost) }
    }

    private func handle(_ packet: LaunchPacket) {
        var action = RunState.Action.ignore
        if let run = runs[packet.id], let event = Self.event(packet) {
            action = advance(run, event)
            if action == .adoptDescriptors { return adopt(packet.descriptors, run) }
        }
        for descriptor in packet.descriptors { close(descriptor) }
        if action == .ignore { Log.write("unexpected packet \(packet.op) for launch \(packet.id)") }
    }

    /// The packet as an event of the run; nil for what has no meaning here.
    private static func event(_ packet: LaunchPacket) -> RunState.Event? {
        switch packet.op {
        case OSTLER_EV_LAUNCHED.rawValue:
            return packet.descriptors.count >= 2 ? .launched : .refused(.noDescriptors)
        case OSTLER_EV_LAUNCH_FAILED.rawValue:
            guard let body = packet.body(as: ostler_failed.self) else { return nil }
            let detail = String(decoding: packet.tail.prefix { $0 != 0 }, as: UTF8.self)
            return .refused(LaunchFailure(stage: body.stage, errno: body.err, detail: detail))
        case OSTLER_EV_LAUNCH_EXITED.rawValue:
            return packet.body(as: ostler_exited.self).map { .exited(CommandExit($0)) }
        default: return nil
        }
    }

    // MARK: Runs

    /// Tells a run what has happened, and does what follows from it, except for taking over descriptors.
    @discardableResult
    func advance(_ run: Run, _ event: RunState.Event) -> RunState.Action {
        let action = run.state.handle(event)
        if case .answer(let end) = action { finish(run, end) }
        return action
    }

    private func adopt(_ descriptors: [Int32], _ run: Run) {
        let stdout = OutputPump(taking: descriptors[0], .stdout)
        let stderr = OutputPump(taking: descriptors[1], .stderr)
        (run.stdout, run.stderr) = (stdout, stderr)
        poller.add(stdout.descriptor, Token(.stdout, run.number), for: .read)
        poller.add(stderr.descriptor, Token(.stderr, run.number), for: .read)
        for descriptor in descriptors.dropFirst(3) { close(descriptor) }
        guard descriptors.count > 2 else { return }
        let stdin = InputFeed(taking: descriptors[2], run.payload.stdin ?? [])
        // Most inputs fit the pipe at once.
        guard !stdin.write() else { return }
        run.stdin = stdin
        poller.add(stdin.descriptor, Token(.stdin, run.number), for: .write)
    }

    private func finish(_ run: Run, _ end: RunEnd) {
        closeStream(&run.stdout)
        closeStream(&run.stderr)
        closeFeed(run)
        runs[run.number] = nil
        numbers[run.task] = nil
        let result = end.result(task: run.task, payload: run.payload)
        output.answer(run.request) { result.encode(into: &$0) }
    }
}

extension LaunchFailure {
    static let noDescriptors = LaunchFailure(
        stage: Int32(OSTLER_STAGE_FDS.rawValue),
        errno: EBADF,
        detail: "the launcher sent no pipes"
    )
}

extension CommandExit {
    init(_ body: ostler_exited) {
        let usage = ExecuteResult.Usage(
            user: body.user_us,
            system: body.system_us,
            wall: body.wall_us,
            peak: body.peak_bytes
        )
        self.init(status: body.status, usage: usage)
    }
}
