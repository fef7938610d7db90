internal import Glibc
internal import OstlerCatalog
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem

/// One run of the plugin's process in its sandbox: started as the host starts it, spoken to in raw lines.
@LoopActor
final class PluginPeer: SandboxObserver {
    private let provider: SandboxProvider
    private var startup: PluginStart
    private let patience: Int64
    private var stream: PeerStream?
    private var stderr: StderrTail?
    private var spawnNumber: UInt64 = 0
    private(set) var rules = SessionRules()
    private(set) var isStreamOpen = true
    private(set) var exit: ExitReport?
    /// Nothing of the process is left.
    private(set) var isGone = false
    private(set) var sandboxFailure: LaunchFailure?
    private(set) var startedAt = Instant.now
    private var wasKilled = false
    private var waiter: UnsafeContinuation<Void, Never>?
    private var ids = MessageIDs()
    private var taskCounter = 0
    /// Where its tasks are executed, for executors that have workspaces.
    var workspaces: [KitWorkspace] = []

    /// - Parameter patience: how long something that must come is waited for, in milliseconds.
    init(_ startup: PluginStart, by provider: SandboxProvider, patience: Int64) {
        self.startup = startup
        self.provider = provider
        self.patience = patience
    }

    // MARK: Start and end

    /// Starts the process. A sandbox that cannot be built is told by ``sandboxFailure``.
    /// - Parameter outputCapacity: how much the plugin can write that nobody reads, in bytes.
    /// - Throws: the failure of a secret that the plugin needs and that cannot be had.
    func start(outputCapacity: Int32? = nil) async throws {
        startup = try await provider.withSecrets(startup)
        rules.mask = provider.vault.mask
        let plan = try await provider.plan(for: startup.policy)
        let input = try Pipe.make()
        let output = try Pipe.make(capacity: outputCapacity)
        let errors = try Pipe.make()
        defer { for end in [input.read, output.write, errors.write] { _ = Glibc.close(end) } }
        stream = try PeerStream(
            input: input.write,
            output: output.read,
            maximumFrameBytes: ExecutorProcess.maximumFrameBytes
        ) { [weak self] in self?.received($0) }
        stderr = try StderrTail(taking: errors.read)
        startedAt = .now
        spawnNumber = provider.spawn(
            startup,
            plan: plan,
            descriptors: (input.read, output.write, errors.write),
            observer: self
        )
    }

    /// Sends a signal to the process.
    func signal(_ number: Int32) {
        provider.launcher.signal(number, number: spawnNumber, isTask: false)
    }

    /// Ends the process by force if it is still there, and waits until nothing is left of it.
    func end() async {
        if spawnNumber != 0, !isGone {
            wasKilled = exit == nil
            signal(SIGKILL)
            _ = await wait(atMost: 60_000) { self.isGone }
        }
        stream?.drain()
        rules.ended()
        stderr?.drain()
        stderr?.close()
        stream?.close()
    }

    /// The number under which the launcher knows the process.
    var spawn: UInt64 { spawnNumber }

    /// The last of what it wrote to stderr.
    var lastWords: String {
        let text = stderr?.text ?? ""
        return rules.mask?.masked(text) ?? text
    }

    // MARK: What comes

    private func received(_ line: PeerLine) {
        rules.received(line)
        if case .end = line { isStreamOpen = false }
        changed()
    }

    /// Something has happened that somebody may wait for.
    func changed() { waiter.take()?.resume() }

    func sandboxExited(_ report: ExitReport) {
        exit = report
        changed()
    }

    func sandboxFailed(_ failure: LaunchFailure) {
        sandboxFailure = failure
        isGone = true
        changed()
    }

    func sandboxReaped(_ sandbox: UInt32) {
        stream?.drain()
        isGone = true
        changed()
    }

    func taskGone(isProven: Bool) {}

    func launcherLost() { sandboxFailed(LaunchFailure(launcherLost: ())) }

    /// Waits until a condition holds.
    /// - Returns: false if patience ended first, or nothing can come any more.
    func wait(atMost milliseconds: Int64? = nil, for condition: @LoopActor () -> Bool) async -> Bool {
        let deadline = Instant.now.advanced(milliseconds: milliseconds ?? patience)
        while !condition() {
            guard !isGone, Instant.now < deadline else { return false }
            await withUnsafeContinuation { continuation in
                waiter = continuation
                EventLoop.shared.schedule(at: deadline) { [weak self] in self?.changed() }
            }
        }
        return true
    }

    // MARK: What is said

    /// Says that something did not come: at all, if nothing can come any more.
    func missing(_ what: String, within milliseconds: Int64? = nil) -> TrialEnd {
        .failed("no \(what)" + (isStreamOpen ? " within \(milliseconds ?? patience) ms" : ""))
    }

    /// The id of the next request.
    func nextID() -> String { String(decoding: ids.prefix, as: UTF8.self) + "\(ids.next())" }

    /// A name for the next task.
    func nextTask() -> String {
        taskCounter += 1
        return "t\(taskCounter)"
    }

    /// Announces a request to the rules and sends its line.
    func send(_ request: KitRequest) {
        announce(request)
        stream?.send(request.line)
    }

    /// Something has been seen that breaks a promise.
    func breach(_ check: String, _ detail: String) { rules.breach(check, detail) }

    /// Tells the rules of a request that is sent otherwise.
    func announce(_ request: KitRequest) {
        let task = request.params["task"]?.string
        rules.asked(request.method, id: request.id, task: task)
        guard let task else { return }
        switch request.method {
        case "execute", "job/execute":
            rules.opened(task, credit: request.params["credit"]?.number?.exactInteger.map { Int($0) })
        case "cancel": rules.cancelled(task)
        default: break
        }
    }

    func send(raw bytes: [UInt8]) { stream?.send(bytes) }

    func give(_ bytes: Int, to task: String) {
        rules.credited(task, bytes)
        let params = JSONValue.object(JSONObject([("task", .string(task)), ("bytes", .number(.int(Int64(bytes))))]))
        stream?.send(KitRequest.notification("credit", params))
    }

    /// Tells the rules of credit that is given otherwise.
    func rulesCredited(_ task: String, _ bytes: Int) { rules.credited(task, bytes) }

    /// Sends a line so that the plugin reads each byte by itself, as far as it keeps up.
    func sendByteByByte(_ bytes: [UInt8]) async {
        for byte in bytes {
            stream?.send(CollectionOfOne(byte))
            let deadline = Instant.now.advanced(milliseconds: 20)
            while stream?.isDrained == false, Instant.now < deadline { await Task.yield() }
        }
    }

    /// What the plugin says of commands must be what the launcher saw, where there is exactly one to speak of.
    func compare(_ result: ExecuteResult, with exits: [ExitReport], of task: String) {
        guard let exit = exits.first, exits.count == 1, result.outcome != .cancelled, result.error == nil else {
            return
        }
        guard result.exitCode != exit.exitCode || result.signal != exit.signal else { return }
        func text(_ code: Int32, _ signal: Int32?) -> String { signal.map { "signal \($0)" } ?? "exit code \(code)" }
        let told = text(result.exitCode, result.signal)
        rules.breach("M25-agreement", "\(task): told \(told), the command had \(text(exit.exitCode, exit.signal))")
    }

    /// Uses ids that a careless reader takes for something else than text.
    func useIDs(high: UInt64, low: UInt64) { ids = MessageIDs(high: high, low: low) }

    /// The end of its stdin. What it had not taken yet is dropped.
    func closeStdin() {
        rules.dismissed()
        stream?.closeInput()
    }
    func hold() { stream?.hold() }
    func resume() { stream?.resume() }

    /// Whether the plugin has taken all that was sent to it.
    var hasTakenAll: Bool { stream?.isDrained ?? true }

    /// How it ended by itself, for a report.
    var ending: String? {
        if let sandboxFailure { return "it could not be started: \(sandboxFailure.stage): \(sandboxFailure.detail)" }
        guard let exit, !wasKilled else { return nil }
        return exit.signal.map { "it was ended by signal \($0)" } ?? "it exited with code \(exit.exitCode)"
    }
}
