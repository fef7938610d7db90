package import OstlerCatalog
internal import OstlerConfig
package import OstlerHost
internal import OstlerJSON
package import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSchema
package import OstlerSystem
internal import OstlerTasks

/// Tries one plugin: each check in processes of its own, one after another.
@LoopActor
package final class ConformanceRun {
    /// How it is tried.
    package struct Options: Sendable {
        /// Recommendations count, and so does what the manifest gives nothing to try with.
        package var isStrict = false
        /// Which checks are told of: globs over their names; empty for all.
        package var filters: [String] = []
        /// How long something that must come is waited for, in milliseconds.
        package var patience: Int64 = 10_000
        /// How many tasks `M21-many` sends.
        package var load = 1000

        package init() {}

        func covers(_ check: ConformanceCheck) -> Bool {
            filters.isEmpty || filters.contains { ConformanceCheck.fits(check, $0) }
        }
    }

    package let plugin: InstalledPlugin
    let options: Options
    let settings: HostSettings
    let provider: SandboxProvider
    let subject: ConformanceSubject
    var figures = ConformanceReport.Figures()
    /// What the plain task came to when nothing disturbed it.
    var reference: TaskReply?
    private var breaches: [String: String] = [:]
    private var failures: Set<String> = []
    private var current = ""
    /// Whether `shutdown` ends the plugin; if not, it is not waited for a second time.
    private var leavesWhenTold = true
    /// Workspaces that were begun and not yet cleaned up.
    var openWorkspaces: [String: KitWorkspace] = [:]
    private var commandPlans: [String: LaunchPlan] = [:]
    /// A sandbox that could not be had: nothing can be said of the plugin.
    private var trouble: Failure?

    /// - Throws: ``ConfigError`` for a schema of the manifest that is wrong.
    package init(_ plugin: InstalledPlugin, settings: HostSettings, options: Options) throws {
        self.plugin = plugin
        self.settings = settings
        self.options = options
        provider = SandboxProvider(settings)
        subject = try ConformanceSubject(plugin.manifest)
    }

    /// Tries everything and ends what it has started.
    /// - Throws: the failure if there is no sandbox to try it in, or a secret that the plugin needs cannot be had.
    package func report() async throws(Failure) -> ConformanceReport {
        defer { provider.launcher.stop() }
        do throws(LaunchFailure) {
            try await provider.launcher.start()
        } catch {
            throw LaunchDiagnosis.failure(error)
        }
        var rows: [ConformanceReport.Row] = []
        for check in ConformanceCheck.all where isDue(check) {
            let row = await row(of: check)
            if case .failed = row.verdict, !check.isWatched { failures.insert(check.name) }
            if let trouble { throw trouble }
            if options.covers(check) { rows.append(row) }
        }
        await cleanUpWorkspaces()
        // What is watched is known when everything has been tried.
        rows = rows.map { $0.check.isWatched ? .init($0.check, watched($0), milliseconds: $0.milliseconds) : $0 }
        return ConformanceReport(
            plugin: plugin.manifest.name,
            version: plugin.manifest.version,
            directory: plugin.directory,
            isStrict: options.isStrict,
            rows: rows,
            figures: figures
        )
    }

    private func isDue(_ check: ConformanceCheck) -> Bool {
        ConformanceCheck.basics.contains(check.name) || options.covers(check)
    }

    /// What was seen counts, not how the provocation went; but one that could not be made proves nothing.
    private func watched(_ row: ConformanceReport.Row) -> ConformanceReport.Verdict {
        if let breach = breaches[row.check.name] { return .failed(breach) }
        switch row.verdict {
        case .notApplicable, .unproven: return row.verdict
        case .passed, .failed, .blocked: return .passed
        }
    }

    /// Whether it said in a session that it heeds credit.
    var heedsCredit = false

    private func row(of check: ConformanceCheck) async -> ConformanceReport.Row {
        let start = Instant.now
        current = check.name
        var verdict = ConformanceReport.Verdict.passed
        do {
            try await check.trial?(self)
        } catch let end as TrialEnd {
            verdict =
                switch end {
                case .failed(let text): .failed(provider.vault.mask?.masked(text) ?? text)
                case .notApplicable(let text): .notApplicable(text)
                case .unproven(let text): .unproven(text)
                case .blocked(let name): .blocked(by: name)
                }
        } catch let failure as LaunchFailure {
            trouble = LaunchDiagnosis.failure(failure)
        } catch let failure as Failure {
            trouble = failure
        } catch {
            trouble = Failure("kit_failed", fault: .infra, message: "\(check.name): \(error)")
        }
        return .init(check, verdict, milliseconds: Instant.now.microseconds(since: start) / 1000)
    }

    // MARK: Sessions

    /// Runs `body` with a fresh process of the plugin, and ends it.
    /// - Parameters:
    ///   - greets: whether the process has answered `initialize` before `body` begins.
    ///   - policy: the sandbox; nil for the plugin's own.
    func session<R: Sendable>(
        greets: Bool = true,
        outputCapacity: Int32? = nil,
        policy: SandboxPolicy? = nil,
        _ body: @LoopActor (PluginPeer) async throws -> R
    ) async throws -> R {
        try stand(on: "M18-start")
        let startup = PluginStart(plugin, policy: policy ?? provider.policy(for: plugin), settings: settings)
        let peer = PluginPeer(startup, by: provider, patience: options.patience)
        try await peer.start(outputCapacity: outputCapacity)
        do {
            if greets { try await greet(peer) }
            let result = try await body(peer)
            await finish(peer, gently: true)
            try judgeSandbox(peer)
            return result
        } catch {
            await finish(peer, gently: false)
            try judgeSandbox(peer)
            throw cause(of: error, peer)
        }
    }

    /// A sandbox that cannot be built is no fault of the plugin; a program that cannot be executed is.
    private func judgeSandbox(_ peer: PluginPeer) throws {
        if let failure = peer.sandboxFailure, !failure.isProgramFault { throw failure }
    }

    /// A plugin that leaves in peace shows all that it had still to say.
    private func finish(_ peer: PluginPeer, gently: Bool) async {
        peer.resume()
        if gently { await cleanUpWorkspaces(of: peer) }
        if gently, leavesWhenTold, peer.isStreamOpen, !peer.isGone {
            peer.send(KitRequest("shutdown", id: peer.nextID()))
            leavesWhenTold = await peer.wait(atMost: min(2000, options.patience)) { !peer.isStreamOpen }
            _ = await peer.wait(atMost: 500) { peer.isGone }
        }
        await peer.end()
        for breach in peer.rules.breaches where breaches[breach.check] == nil {
            breaches[breach.check] = breach.detail
        }
        if let peak = peer.exit?.usage.peakBytes { figures.peakBytes = max(figures.peakBytes ?? 0, peak) }
    }

    /// What went wrong may be what another check is about: a stream that broke, a session that never began.
    private func cause(of error: any Error, _ peer: PluginPeer) -> any Error {
        guard case TrialEnd.failed(let text) = error else { return error }
        let telling = peer.rules.breaches.first { Self.breaking.contains($0.check) && $0.check != current }
        if let telling { return TrialEnd.blocked(by: telling.check) }
        let lastWords = Excerpt.of(peer.lastWords.suffix(300).utf8, longest: 300)
        return TrialEnd.failed(
            text + (peer.ending.map { "; \($0)" } ?? "") + (lastWords.isEmpty ? "" : "; stderr: \(lastWords)")
        )
    }

    /// Breaches after which an answer that is missed may be there and not be seen.
    private static let breaking = ["M1-line", "M2-length", "M3-json", "M9-id", "M11-shape", "M24-result"]

    /// Ends the trial if what it stands on has failed: nothing would come of it but waiting.
    func stand(on basic: String) throws {
        if failures.contains(basic) { throw TrialEnd.blocked(by: basic) }
    }

    // MARK: Requests

    /// Greets the process and answers with its result.
    @discardableResult
    func greet(_ peer: PluginPeer) async throws -> InitializeResult {
        let reply = try await initialize(peer)
        let welcome: InitializeResult
        do throws(JSONError) {
            guard case .result = reply.body else { throw JSONError(.wrongType, at: 0) }
            welcome = try reply.read { (reader) throws(JSONError) in try InitializeResult(reading: &reader) }
        } catch {
            try stand(on: "M16-version")
            throw TrialEnd.failed("initialize was answered with \(reply.excerpt)")
        }
        heedsCredit = welcome.heedsCredit
        return welcome
    }

    /// Sends `initialize`, changed by `change`, and waits for the answer.
    func initialize(_ peer: PluginPeer, _ change: (inout KitRequest) -> Void = { _ in }) async throws -> PeerMessage {
        var writer = JSONWriter()
        PluginStart(plugin, policy: provider.policy(for: plugin), settings: settings).greeting.encode(into: &writer)
        var request = KitRequest("initialize", id: peer.nextID())
        request.params = try JSONValue(parsing: writer.bytes).object ?? JSONObject()
        change(&request)
        peer.send(request)
        let limit = startLimit
        guard await peer.wait(atMost: limit, for: { peer.rules.answers[request.id] != nil || !peer.isStreamOpen }),
            let answer = peer.rules.answers[request.id]
        else { throw peer.missing("answer to initialize", within: limit) }
        return answer
    }

    var startLimit: Int64 {
        PluginStart(plugin, policy: provider.policy(for: plugin), settings: settings).startLimit
    }

    /// Waits for the answer to a request.
    func answer(_ peer: PluginPeer, _ id: String, to what: String) async throws -> PeerMessage {
        _ = await peer.wait { peer.rules.answers[id] != nil || !peer.isStreamOpen }
        guard let answer = peer.rules.answers[id] else {
            throw peer.missing("answer to \(what)")
        }
        return answer
    }

    /// Sends a request and waits for its answer.
    func ask(_ peer: PluginPeer, _ method: String, _ params: [(String, JSONValue)] = []) async throws -> PeerMessage {
        let request = KitRequest(method, id: peer.nextID(), params)
        peer.send(request)
        return try await answer(peer, request.id, to: method)
    }

    /// The plan of the commands of an executor's tasks.
    func commandPlan(_ executor: String) async throws -> LaunchPlan {
        if let known = commandPlans[executor] { return known }
        let spec = TaskSpec(id: "kit", executor: executor, payload: Array("{}".utf8))
        let plan = try await provider.plan(for: try provider.policy(for: spec, executor: executor))
        commandPlans[executor] = plan
        return plan
    }
}
