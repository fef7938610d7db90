internal import COstlerLaunch
internal import COstlerShims
internal import Glibc
internal import OstlerLaunchWire
package import OstlerSystem

/// The host's end of the resident launcher: starts it, hands it plans and spawns, and passes on what it reports.
///
/// The launcher is started when it is first needed, and again if it died. Every answer is matched by number.
@LoopActor
package final class Launcher: EventHandler {
    /// How a launcher is started.
    package struct Settings: Sendable {
        /// The program `ostler-launch`.
        package var program: String
        /// A name for the run, in the names of cgroups.
        package var runID: String
        /// The ids that sandboxes run as when the host is root.
        package var firstUserID: UInt32
        package var userIDCount: UInt32

        package init(program: String, runID: String, firstUserID: UInt32 = 200_000, userIDCount: UInt32 = 4096) {
            self.program = program
            self.runID = runID
            self.firstUserID = firstUserID
            self.userIDCount = userIDCount
        }
    }

    private enum State {
        case stopped
        case starting([UnsafeContinuation<LaunchFailure?, Never>])
        case running
    }

    private let settings: Settings
    /// Why there can be no namespaces here: the launcher then does without, for those who do not ask for them.
    private var lack: LaunchFailure?
    private var state = State.stopped
    package private(set) var capabilities = LauncherCapabilities()
    package private(set) var processID: Int32 = 0
    private let outbox = LauncherOutbox()
    private var scratch: [UInt8] = []
    /// A launcher was killed, at whatever it was, and could not remove what it had made; the next one does.
    package private(set) var hasLeftovers = false

    private var plans = PlanTable()
    private var spawns: [UInt64: any SandboxObserver] = [:]
    private var tasks: [UInt64: any SandboxObserver] = [:]
    private var counter: UInt64 = 0

    package init(_ settings: Settings) {
        self.settings = settings
    }

    private func nextNumber() -> UInt64 {
        counter += 1
        return counter
    }

    // MARK: Starting and stopping

    /// Starts the launcher if it does not run.
    package func start() async throws(LaunchFailure) {
        if case .running = state { return }
        let failure = await withUnsafeContinuation { continuation in
            if case .starting(let waiting) = state {
                state = .starting(waiting + [continuation])
            } else {
                state = .starting([continuation])
                if let failure = spawnLauncher() { finishStart(failure) }
            }
        }
        if let failure { throw failure }
    }

    private func spawnLauncher() -> LaunchFailure? {
        do {
            let pair = try Pipe.packets()
            defer { _ = close(pair.far) }
            let numbers = ["\(settings.firstUserID)", "\(settings.userIDCount)"]
            let mode = lack == nil ? [] : ["without-namespaces"]
            let words = [settings.program, settings.runID] + numbers + mode
            var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
            defer { arguments.forEach { free($0) } }
            let result = ostler_spawn_with_control(settings.program, &arguments, pair.far, &processID)
            guard result == 0 else {
                _ = close(pair.near)
                return LaunchFailure(stage: "start", errno: -result, detail: settings.program)
            }
            outbox.socket = pair.near
            _ = ostler_set_nonblocking(pair.near, 1)
            try EventLoop.shared.watch(pair.near, for: .read, self)
            return nil
        } catch {
            return LaunchFailure(stage: "start", errno: error.errno, detail: error.call)
        }
    }

    private func finishStart(_ failure: LaunchFailure?) {
        guard case .starting(let waiting) = state else { return }
        state = failure == nil ? .running : .stopped
        for continuation in waiting { continuation.resume(returning: failure) }
    }

    /// Lets the launcher go: it kills what it started, cleans up and exits. Waits for its end.
    package func stop() {
        guard outbox.isConnected else { return }
        disconnect()
        var status: Int32 = 0
        _ = ostler_wait_status(processID, &status, 0)
        let wasKilled = status & 0x7F != 0
        if wasKilled { hasLeftovers = true }
        forget(LaunchFailure(stage: "launcher", errno: ECANCELED, detail: "the launcher was stopped"))
    }

    /// Lets the launcher go as ``stop()`` does; what one that was killed has left is removed, by another one.
    package func finish() async {
        // The others may be killed as well, so there is an end to it.
        for _ in 0..<3 {
            if hasLeftovers, (try? await start()) == nil { return }
            stop()
            guard hasLeftovers else { return }
        }
    }

    /// Kills the launcher, and with it all that it had started; every observer hears of it.
    package func abandon() {
        if outbox.isConnected { _ = kill(processID, SIGKILL) }
    }

    private func disconnect() {
        EventLoop.shared.unwatch(outbox.socket)
        _ = close(outbox.socket)
        outbox.disconnect()
    }

    /// The launcher is gone without having been asked to go, or is of no use.
    private func lost(_ failure: LaunchFailure = LaunchFailure(launcherLost: ())) {
        disconnect()
        var status: Int32 = 0
        _ = kill(processID, SIGKILL)
        _ = ostler_wait_status(processID, &status, 0)
        hasLeftovers = true
        for observer in forget(failure) { observer.launcherLost() }
    }

    /// The last word of a launcher that cannot work here. Another one may, which is not asked for namespaces.
    private func startFailed(_ failure: LaunchFailure) {
        guard lack == nil, failure.stage == "slot" else { return lost(failure) }
        lack = failure
        disconnect()
        var status: Int32 = 0
        _ = kill(processID, SIGKILL)
        _ = ostler_wait_status(processID, &status, 0)
        if let failure = spawnLauncher() { finishStart(failure) }
    }

    /// Forgets all that a launcher knew; who waits for it hears of the failure.
    /// - Returns: those whose sandboxes and tasks it had.
    @discardableResult
    private func forget(_ failure: LaunchFailure) -> [any SandboxObserver] {
        finishStart(failure)
        state = .stopped
        let observers = Array(spawns.values) + Array(tasks.values)
        (spawns, tasks) = ([:], [:])
        for continuation in plans.removeAll() { continuation.resume(returning: .failure(failure)) }
        return observers
    }

    /// Whether there is a launcher to ask. If not, the observer hears of it, though not before the caller has its number.
    private func isReachable(for observer: any SandboxObserver) -> Bool {
        guard !outbox.isConnected else { return true }
        EventLoop.shared.atEndOfTurn { observer.launcherLost() }
        return false
    }

    // MARK: Plans

    /// The plan for a policy; it is made and its view built when it is first asked for.
    package func plan(for policy: SandboxPolicy, _ planner: Planner) async throws(LaunchFailure) -> LaunchPlan {
        if let plan = plans.ready(policy) { return plan }
        try await start()
        if policy.profile.fence == .namespaces, let lack { throw lack }
        let made: Result<LaunchPlan, LaunchFailure> = await withUnsafeContinuation { continuation in
            if let plan = plans.ready(policy) { return continuation.resume(returning: .success(plan)) }
            if plans.join(policy, continuation) { return }
            guard outbox.isConnected else {
                return continuation.resume(returning: .failure(LaunchFailure(launcherLost: ())))
            }
            let number = nextNumber()
            plans.add(policy, number: number, [continuation])
            let bytes = planner.plan(policy).bytes
            outbox.post { (socket) throws(SystemFailure) in
                try LaunchPacket.send(OSTLER_OP_PLAN, id: number, body: NoBody(), tail: bytes, to: socket)
            } refused: {
                _ = self.planAnswered(number, $0)
            }
        }
        let plan = try made.get()
        drop(plans.takeSurplus())
        return plan
    }

    private func planAnswered(_ number: UInt64, _ failure: LaunchFailure?) -> Bool {
        guard let (plan, waiting) = plans.answered(number, failed: failure != nil) else { return false }
        let result = failure.map(Result.failure) ?? .success(plan)
        for continuation in waiting { continuation.resume(returning: result) }
        return true
    }

    /// Forgets the plans with a fence that is no longer what the machine's files are. Sandboxes that have one keep it.
    package func dropPlans(of fence: ProgramFence) {
        drop(plans.take(of: fence))
    }

    private func drop(_ numbers: [UInt64]) {
        for number in numbers {
            outbox.post { (socket) throws(SystemFailure) in
                try LaunchPacket.send(OSTLER_OP_PLAN_DROP, id: number, body: NoBody(), to: socket)
            }
        }
    }

    // MARK: Sandboxes

    /// Starts a process in a sandbox of its own. The descriptors stay the caller's, who may close them at once.
    /// - Parameters:
    ///   - arguments: the words of the command line, which need not be text.
    ///   - terminal: whether stdin is a pseudo-terminal that was made for the process, to be its controlling one.
    ///   - probe: whether the arguments are paths: nothing is executed then, and stdout gets a ``ViewAnswer`` for each.
    /// - Returns: the spawn's number.
    package func spawn(
        plan: LaunchPlan,
        arguments: [[UInt8]],
        environment: [String] = [],
        workDirectory: String? = nil,
        descriptors: (stdin: Int32, stdout: Int32, stderr: Int32),
        launchChannel: Bool = false,
        terminal: Bool = false,
        probe: Bool = false,
        observer: any SandboxObserver
    ) -> UInt64 {
        let number = nextNumber()
        guard isReachable(for: observer) else { return number }
        spawns[number] = observer
        let body = ostler_spawn(
            plan: UInt32(plan.number),
            argc: UInt32(arguments.count),
            envc: UInt32(environment.count),
            has_cwd: workDirectory == nil ? 0 : 1,
            launch_channel: launchChannel ? 1 : 0,
            terminal: terminal ? 1 : 0,
            probe: probe ? 1 : 0
        )
        let texts = (environment + (workDirectory.map { [$0] } ?? [])).map { Array($0.utf8) }
        let tail = LaunchStrings.encode(arguments, texts)
        let copies = [descriptors.stdin, descriptors.stdout, descriptors.stderr].map { fcntl($0, F_DUPFD_CLOEXEC, 3) }
        outbox.post(closing: copies) { (socket) throws(SystemFailure) in
            try LaunchPacket.send(
                OSTLER_OP_SPAWN,
                id: number,
                body: body,
                tail: tail,
                descriptors: copies,
                to: socket
            )
        } refused: {
            self.spawns.removeValue(forKey: number)?.sandboxFailed($0)
        }
        return number
    }

    /// Allows the plugin that was spawned as `spawn` to launch commands for a task.
    /// - Parameter stdin: what a launched command may read from; it is taken over.
    /// - Returns: the task's number, which the plugin is told.
    package func registerTask(
        plan: LaunchPlan,
        spawn: UInt64,
        stdin: Int32? = nil,
        observer: any SandboxObserver
    ) -> UInt64 {
        let number = nextNumber()
        let descriptors = stdin.map { [$0] } ?? []
        guard isReachable(for: observer) else {
            for descriptor in descriptors { _ = close(descriptor) }
            return number
        }
        tasks[number] = observer
        let body = ostler_task(spawn: spawn, plan: UInt32(plan.number), max_live: 64)
        outbox.post(closing: descriptors) { (socket) throws(SystemFailure) in
            try LaunchPacket.send(
                OSTLER_OP_TASK,
                id: number,
                body: body,
                descriptors: descriptors,
                to: socket
            )
        } refused: {
            self.tasks.removeValue(forKey: number)?.sandboxFailed($0)
        }
        return number
    }

    /// Sends a signal to every process of a spawn or task; SIGKILL ends its pid namespaces.
    package func signal(_ signal: Int32, number: UInt64, isTask: Bool) {
        let body = ostler_signal(signal: signal, is_task: isTask ? 1 : 0)
        outbox.post { (socket) throws(SystemFailure) in
            try LaunchPacket.send(OSTLER_OP_SIGNAL, id: number, body: body, to: socket)
        }
    }

    /// Ends what is left of a task; ``SandboxObserver/taskGone(isProven:)`` is the proof.
    package func endTask(_ number: UInt64) {
        outbox.post { (socket) throws(SystemFailure) in
            try LaunchPacket.send(OSTLER_OP_TASK_END, id: number, body: NoBody(), to: socket)
        }
    }

    // MARK: Packets

    package func ready(_ events: Readiness) {
        if events.contains(.write) { outbox.drain() }
        // Bounded, so that a burst of reports leaves room for others.
        for _ in 0..<256 {
            guard outbox.isConnected else { return }
            switch LaunchPacket.receive(from: outbox.socket, scratch: &scratch) {
            case .empty: return
            case .closed: return lost()
            case .packet(let packet): handle(packet)
            }
        }
    }

    private func handle(_ packet: LaunchPacket) {
        let isTask = packet.flags & OSTLER_FLAG_TASK.rawValue != 0
        let observer = isTask ? tasks[packet.id] : spawns[packet.id]
        switch ostler_op(packet.op) {
        case OSTLER_EV_READY:
            if let body = packet.body(as: ostler_ready.self) { becameReady(body) }
        case OSTLER_EV_PLAN_READY: _ = planAnswered(packet.id, nil)
        case OSTLER_EV_FAILED:
            guard let body = packet.body(as: ostler_failed.self) else { return }
            let failure = LaunchFailure(body, detail: String(decoding: packet.tail, as: UTF8.self))
            // The last word of a launcher that cannot work here.
            if case .starting = state, packet.id == 0 { return startFailed(failure) }
            if !isTask, planAnswered(packet.id, failure) { return }
            observer?.sandboxFailed(failure)
            if !isTask { spawns[packet.id] = nil }
            if isTask, failure.isPluginGone { tasks[packet.id] = nil }
        case OSTLER_EV_EXITED:
            if let body = packet.body(as: ostler_exited.self) { observer?.sandboxExited(ExitReport(body)) }
        case OSTLER_EV_REAPED:
            if let body = packet.body(as: ostler_reaped.self) { observer?.sandboxReaped(body.sandbox) }
            if !isTask { spawns[packet.id] = nil }
        case OSTLER_EV_GONE:
            let body = packet.body(as: ostler_gone.self)
            tasks.removeValue(forKey: packet.id)?.taskGone(isProven: body?.unproven == 0)
        default: break
        }
    }

    private func becameReady(_ body: ostler_ready) {
        guard body.version == OSTLER_LAUNCH_VERSION else {
            let detail = "the launcher speaks version \(body.version), the host \(OSTLER_LAUNCH_VERSION): reinstall"
            return lost(LaunchFailure(stage: "start", errno: EPROTO, detail: detail))
        }
        hasLeftovers = false
        capabilities.isRealRoot = body.uid_range_used != 0
        capabilities.memory = cgroup(body.memory_mode)
        capabilities.processes = cgroup(body.pids_mode)
        capabilities.landlockABI = body.landlock_abi
        capabilities.seccomp = body.seccomp != 0
        capabilities.hasNamespaces = body.namespaces != 0
        capabilities.hasOwnIDs = body.own_ids != 0
        finishStart(nil)
    }

    private func cgroup(_ mode: UInt32) -> LauncherCapabilities.Cgroup {
        switch ostler_cgroup_mode(mode) {
        case OSTLER_CGROUP_V1: .v1
        case OSTLER_CGROUP_V2: .v2
        default: .none
        }
    }
}
