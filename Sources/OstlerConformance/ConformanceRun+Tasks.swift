internal import Glibc
internal import OstlerCatalog
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTrust

/// A task that a plugin was given.
struct GivenTask: Sendable {
    let sample: TaskSample
    let request: KitRequest
    /// Its name on the wire.
    let name: String
    let witness: LaunchWitness?
}

/// What a plugin made of a task.
struct TaskReply: Sendable {
    let message: PeerMessage
    /// nil if it was answered with a JSON-RPC error.
    let result: ExecuteResult?
    let output: [UInt8]

    /// The error's code, as number or name; nil if there is none.
    var errorCode: String? {
        if let code = result?.error?.code { return code }
        guard case .error = message.body else { return nil }
        return message.value["data"]?["code"]?.string ?? (message.value["code"]?.number?.exactInteger).map { "\($0)" }
    }

    /// In one word.
    var outcome: String { result?.outcome.rawValue ?? "failed" }

    /// For a report.
    var text: String { errorCode.map { "\(outcome) (\($0))" } ?? outcome }
}

/// Sees what the launcher reports of the commands of a task.
@LoopActor
final class LaunchWitness: SandboxObserver {
    /// The task's number on the launch channel.
    var number: UInt64 = 0
    private(set) var exits: [ExitReport] = []
    private(set) var isGone = false
    private let onChange: @LoopActor () -> Void

    init(onChange: @escaping @LoopActor () -> Void) {
        self.onChange = onChange
    }

    func sandboxExited(_ report: ExitReport) { exits.append(report) }
    func sandboxFailed(_ failure: LaunchFailure) { if failure.isPluginGone { taskGone(isProven: true) } }
    func sandboxReaped(_ sandbox: UInt32) {}
    func launcherLost() { taskGone(isProven: true) }

    func taskGone(isProven: Bool) {
        isGone = true
        onChange()
    }
}

extension ConformanceRun {
    /// So much output may be sent before it is asked for more; nobody who tries something else is to run dry.
    static let plentyOfCredit = 1 << 30

    /// What every trial of a task begins with.
    func requirePlain() throws -> TaskSample {
        guard let plain = subject.plain else {
            throw TrialEnd.unproven("the manifest has no example, and no payload could be made from its schema")
        }
        return plain
    }

    /// A task that lasts until it is ended, of an executor that is to be spoken to meanwhile.
    func requireLasting() throws -> TaskSample {
        let executors = plugin.manifest.executors
        guard let lasting = subject.lasting else {
            let speaks = executors.contains { $0.features.cancel || $0.features.health || $0.concurrency > 1 }
            guard speaks else { throw TrialEnd.notApplicable("it takes one task at a time and declares no feature") }
            throw TrialEnd.unproven("no example lasts: add one that goes on for an hour, with `outcome: timeout`")
        }
        return lasting
    }

    /// Puts the request of a task together, and registers the task with the launcher if the plugin may launch.
    func prepare(
        _ sample: TaskSample,
        for peer: PluginPeer,
        credit: Int = plentyOfCredit,
        _ change: (inout KitRequest) -> Void = { _ in }
    ) async throws -> GivenTask {
        try stand(on: "M21-answer")
        let place = try await place(of: sample, peer)
        let name = peer.nextTask()
        var request = KitRequest(place == nil ? "execute" : "job/execute", id: peer.nextID())
        request.params = JSONObject([
            ("task", .string(name)), ("executor", .string(sample.executor.name)), ("run_id", "kit"),
            ("principal", .string(settings.principal)), ("attempt", 1),
        ])
        var witness: LaunchWitness?
        if plugin.permissions.launch {
            let plan = try await commandPlan(sample.executor.name)
            let observer = LaunchWitness { peer.changed() }
            observer.number = provider.launcher.registerTask(plan: plan, spawn: peer.spawn, observer: observer)
            request.params["launch"] = .number(.int(Int64(observer.number)))
            witness = observer
        }
        if let place { request.params["workspace"] = place }
        if heedsCredit { request.params["credit"] = .number(.int(Int64(credit))) }
        request.params["payload"] = sample.payload
        change(&request)
        return GivenTask(sample: sample, request: request, name: name, witness: witness)
    }

    /// Gives the plugin a task.
    func give(
        _ sample: TaskSample,
        to peer: PluginPeer,
        credit: Int = plentyOfCredit,
        _ change: (inout KitRequest) -> Void = { _ in }
    ) async throws -> GivenTask {
        let task = try await prepare(sample, for: peer, credit: credit, change)
        peer.send(task.request)
        return task
    }

    /// Waits for the answer to a task, and for the end of the commands that it had started.
    func reply(_ peer: PluginPeer, to task: GivenTask) async throws -> TaskReply {
        _ = await peer.wait { peer.rules.answers[task.request.id] != nil || !peer.isStreamOpen }
        guard let message = peer.rules.answers[task.request.id] else {
            throw peer.missing("answer to execute of \(task.sample.title)")
        }
        let result = try? message.read { (reader) throws(JSONError) in try ExecuteResult(reading: &reader) }
        if let witness = task.witness {
            provider.launcher.endTask(witness.number)
            _ = await peer.wait { witness.isGone }
            if let result { peer.compare(result, with: witness.exits, of: task.sample.title) }
        }
        let output = peer.rules.tasks[task.name]?.output(.stdout) ?? []
        return TaskReply(message: message, result: result, output: output)
    }

    /// What the host does together with a cancel (M34): SIGTERM to all that was launched for the task, and SIGKILL when
    /// the grace is over.
    func terminateCommands(of task: GivenTask, _ peer: PluginPeer) async {
        guard let witness = task.witness else { return }
        for signal in [SIGTERM, SIGKILL] {
            provider.launcher.signal(signal, number: witness.number, isTask: true)
            if await peer.wait(atMost: 500, for: { peer.rules.answers[task.request.id] != nil }) { return }
        }
    }

    /// Gives a task and waits for its answer.
    func perform(
        _ sample: TaskSample,
        by peer: PluginPeer,
        _ change: (inout KitRequest) -> Void = { _ in }
    ) async throws -> TaskReply {
        try await reply(peer, to: await give(sample, to: peer, change))
    }

    /// Fails unless a reply says the same as that of the plain task when nothing disturbed it.
    func expectReference(_ reply: TaskReply, _ circumstance: String) throws {
        guard let reference, reply.text != reference.text || reply.output != reference.output else { return }
        let difference =
            reply.text != reference.text
            ? "\(reply.text), not \(reference.text)"
            : "output \(Excerpt.of(shown(reply.output))), not \(Excerpt.of(shown(reference.output)))"
        throw TrialEnd.failed("\(circumstance): \(difference)")
    }

    private func shown(_ bytes: [UInt8]) -> [UInt8] { provider.vault.mask?.masked(bytes) ?? bytes }

    /// Waits until the plugin has certainly read what was sent before, if it reads at all.
    func settle(_ peer: PluginPeer) async {
        let probe = KitRequest("kit/probe", id: peer.nextID())
        peer.send(probe)
        _ = await peer.wait(atMost: min(2000, options.patience)) {
            peer.rules.answers[probe.id] != nil || !peer.isStreamOpen
        }
    }
}
