internal import Glibc
package import OstlerCatalog
package import OstlerHost
internal import OstlerJSON
package import OstlerProtocol
internal import OstlerSandbox
package import OstlerSystem
internal import OstlerTasks

/// Says to a plugin what a host has said to it in a recording, and compares what it answers.
///
/// Each recorded process is a process again, in the plugin's own sandbox. What the host said behind an answer is said when
/// that answer has come. Compared are answers without ids and usage, each task's streams as a whole, and noise is not.
@LoopActor
package final class PluginReplay {
    /// What was found.
    package struct Report: Sendable {
        /// Where a plugin says something else than in the recording.
        package struct Difference: Sendable {
            /// The line of the recording.
            package let line: Int
            package let recorded: String
            package let found: String
        }

        package var sessions = 0
        package var answers = 0
        /// The first one; what comes behind it may follow from it.
        package var difference: Difference?
    }

    private let recording: Recording
    private let plugin: InstalledPlugin
    private let settings: HostSettings
    private let provider: SandboxProvider
    private let patience: Int64
    private var report = Report()

    /// - Parameter patience: how long an answer is waited for, in milliseconds.
    package init(_ recording: Recording, plugin: InstalledPlugin, settings: HostSettings, patience: Int64) {
        self.recording = recording
        self.plugin = plugin
        self.settings = settings
        self.patience = patience
        provider = SandboxProvider(settings)
    }

    /// Replays the sessions of this plugin, up to the first difference.
    /// - Throws: the failure if there is no sandbox, or a secret that the plugin needs cannot be had.
    package func run() async throws(Failure) -> Report {
        defer { provider.launcher.stop() }
        for session in recording.sessions where session.plugin == plugin.manifest.name && report.difference == nil {
            try await replay(session)
            report.sessions += 1
        }
        return report
    }

    private func replay(_ session: Recording.Session) async throws(Failure) {
        let startup = PluginStart(plugin, policy: provider.policy(for: plugin), settings: settings)
        let peer = PluginPeer(startup, by: provider, patience: patience)
        do {
            try await peer.start()
            for entry in session.entries where report.difference == nil {
                switch entry.event {
                case .host(let message): try await say(message, to: peer)
                case .said(let message): await expect(message, entry, session, peer)
                case .noise, .ended: continue
                }
            }
        } catch {
            await peer.end()
            if let failure = error as? Failure { throw failure }
            throw LaunchDiagnosis.failure(error as? LaunchFailure ?? LaunchFailure(describing: error))
        }
        await peer.end()
        if let failure = peer.sandboxFailure, !failure.isProgramFault { throw LaunchDiagnosis.failure(failure) }
    }

    // MARK: The host's part

    private func say(_ message: JSONValue, to peer: PluginPeer) async throws {
        var object = message.object ?? JSONObject()
        let method = object["method"]?.string ?? ""
        var params = object["params"]?.object ?? JSONObject()
        if KitRequest.executing.contains(method), params["launch"] != nil {
            let witness = try await register(params["executor"]?.string ?? "", peer)
            params["launch"] = .number(.int(Int64(witness.number)))
            object["params"] = .object(params)
            if let task = params["task"]?.string { witnesses[task] = witness }
        }
        if let id = object["id"]?.string {
            var request = KitRequest(method, id: id)
            request.params = params
            peer.announce(request)
        } else if method == "credit", let task = params["task"]?.string {
            peer.rulesCredited(task, Int(clamping: params["bytes"]?.number?.exactInteger ?? 0))
        }
        peer.send(raw: Array((JSONValue.object(object).text + "\n").utf8))
        if method == "cancel", let task = params["task"]?.string { terminate(task) }
    }

    private var witnesses: [String: LaunchWitness] = [:]
    /// Held while tasks are open that were registered with them.
    private var plans: [SandboxPolicy: LaunchPlan] = [:]

    private func register(_ executor: String, _ peer: PluginPeer) async throws -> LaunchWitness {
        let spec = TaskSpec(id: "replay", executor: executor, payload: Array("{}".utf8))
        let policy = try provider.policy(for: spec, executor: executor)
        let plan = try await provider.plan(for: policy)
        plans[policy] = plan
        let witness = LaunchWitness { peer.changed() }
        witness.number = provider.launcher.registerTask(plan: plan, spawn: peer.spawn, observer: witness)
        return witness
    }

    private func terminate(_ task: String) {
        guard let witness = witnesses[task] else { return }
        provider.launcher.signal(SIGTERM, number: witness.number, isTask: true)
    }

    // MARK: The plugin's part

    private func expect(
        _ message: JSONValue,
        _ entry: Recording.Entry,
        _ session: Recording.Session,
        _ peer: PluginPeer
    ) async {
        // What is said of tasks on the way is compared when they are answered.
        guard let id = message["id"]?.string else { return }
        _ = await peer.wait { peer.rules.answers[id] != nil || !peer.isStreamOpen }
        guard let answer = peer.rules.answers[id] else {
            let reason = peer.rules.breaches.first.map { "; \($0.check): \($0.detail)" } ?? ""
            let ending = peer.ending.map { "; \($0)" } ?? ""
            return differ(entry, message.text, "no answer" + ending + reason)
        }
        report.answers += 1
        let (recorded, found) = (RecordedMessage.comparable(message), RecordedMessage.comparable(answer.shownTree))
        guard recorded == found else { return differ(entry, recorded.text, found.text) }
        compareOutput(of: message["result"]?["task"]?.string, message, entry, session, peer)
    }

    /// A task that was cancelled has written as much as it had come to.
    private func compareOutput(
        of task: String?,
        _ answer: JSONValue,
        _ entry: Recording.Entry,
        _ session: Recording.Session,
        _ peer: PluginPeer
    ) {
        guard let task, answer["result"]?["outcome"]?.string != "cancelled" else { return }
        for stream in [OutputStream.stdout, .stderr] {
            let recorded = session.output(of: task, stream.rawValue)
            let said = peer.rules.tasks[task]?.output(stream) ?? []
            // As in the recording, which has no secrets.
            let found = peer.rules.mask?.masked(said) ?? said
            guard recorded != found else { continue }
            let place = "\(stream.rawValue) of \(task): "
            return differ(entry, place + Self.around(recorded, found), place + Self.around(found, recorded))
        }
    }

    /// The text from shortly before the first byte that is another.
    private static func around(_ bytes: [UInt8], _ other: [UInt8]) -> String {
        let same = zip(bytes, other).prefix { $0 == $1 }.count
        let start = max(0, same - 40)
        return (start > 0 ? "…" : "") + Excerpt.of(bytes[start...])
    }

    private func differ(_ entry: Recording.Entry, _ recorded: String, _ found: String) {
        func short(_ text: String) -> String { Excerpt.of(text.utf8, longest: 600) }
        report.difference = .init(line: entry.line, recorded: short(recorded), found: short(found))
    }
}

extension Recording.Session {
    /// All that a task wrote to a stream.
    func output(of task: String, _ stream: String) -> [UInt8] {
        entries.flatMap { entry -> [UInt8] in
            guard case .said(let message) = entry.event, let output = RecordedMessage.output(message),
                output.task == task, output.stream == stream
            else { return [] }
            return output.bytes
        }
    }
}
