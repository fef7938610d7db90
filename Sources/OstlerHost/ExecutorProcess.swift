internal import Glibc
package import OstlerCatalog
internal import OstlerConfig
internal import OstlerJSON
package import OstlerProtocol
package import OstlerSandbox
package import OstlerSystem
package import OstlerTasks
internal import OstlerTrust

/// How an executor process came to its end, for everyone who was waiting for it.
package struct ExecutorLoss: Sendable {
    package var outcome: Outcome
    package var failure: Failure
    /// The last of what it wrote to stderr.
    package var stderr: String
    /// How many bytes of what was sent to it it has taken; what lies behind it has never seen.
    package var taken = UInt64.max

    /// Whether the plugin is to blame: not if it was told to go, and not if the launcher was lost.
    var isFault: Bool { outcome == .executorCrash || outcome == .executorProtocol }
}

/// Someone who is told what becomes of an executor process. Called on the loop.
@LoopActor
package protocol ExecutorProcessDelegate: AnyObject {
    func process(_ process: ExecutorProcess, output: OutputNotification)
    func process(_ process: ExecutorProcess, notice: TaskNotice, of task: String?)
    /// It answered `initialize` and takes tasks.
    func processIsServing(_ process: ExecutorProcess)
    /// Nothing is left of it.
    func process(_ process: ExecutorProcess, endedBy loss: ExecutorLoss)
}

/// One plugin process in its sandbox, from launch to proof of its end.
@LoopActor
package final class ExecutorProcess: SandboxObserver, SessionDelegate {
    package let plugin: InstalledPlugin
    package private(set) var state = ProcessState.launching
    package private(set) var spawnNumber: UInt64 = 0
    package private(set) var session: Session?
    package var policy: SandboxPolicy { startup.policy }
    private var startup: PluginStart
    /// What it was given in files, and what is taken out of all that it writes.
    var secrets: [SecretValue] { startup.secrets }
    private let provider: SandboxProvider
    private let settings: HostSettings
    /// Let go at the end: a weak reference would make every other one to the pool slower.
    private var delegate: (any ExecutorProcessDelegate)?
    /// Whether it ever answered `initialize` rightly.
    package private(set) var hasServed = false
    /// Whether it keeps to the credit of each of its tasks.
    package private(set) var heedsCredit = false
    private var tap: SessionRecorder.Tap?
    /// Keeps its files from being removed.
    private var use: PluginUse?
    private var stderr: StderrTail?
    private var timer: TimerID?
    /// Why it is to end, if the host or its own stream decided so; the kernel's word is added when it comes.
    private var cause: (outcome: Outcome, failure: Failure)?
    private var end: SessionEnd?
    private var exit: ExitReport?

    package nonisolated static let maximumFrameBytes = 1 << 20

    package init(
        plugin: InstalledPlugin,
        provider: SandboxProvider,
        settings: HostSettings,
        delegate: any ExecutorProcessDelegate
    ) {
        self.plugin = plugin
        self.provider = provider
        self.settings = settings
        self.delegate = delegate
        startup = PluginStart(plugin, policy: provider.policy(for: plugin), settings: settings)
    }

    /// The certificate of its sandbox. It runs, so all that was required is enforced.
    package private(set) lazy var certificate: [UInt8] = provider.certificate(
        policy,
        enforced: provider.strengthened(policy).required
    )

    // MARK: Start

    /// Builds the sandbox, starts the program and greets it.
    package func start() async {
        do {
            use = try await provider.hold(plugin)
            startup = try await provider.withSecrets(startup)
            let plan = try await provider.plan(for: policy)
            guard state == .launching else { return finish() }
            settings.onPhase?("launcher, view of the plugin")
            try spawn(plan)
        } catch let failure as LaunchFailure {
            sandboxFailed(failure)
        } catch let error as TrustError {
            refuse(error)
        } catch let failure as Failure {
            cause = cause ?? (.infra, failure)
            finish()
        } catch {
            sandboxFailed(LaunchFailure(describing: error))
        }
    }

    /// What lies there is not what was let in.
    private func refuse(_ error: TrustError) {
        cause = cause ?? (.denied, .changedPlugin(error))
        spawnNumber == 0 ? finish() : forceEnd()
    }

    private func spawn(_ plan: LaunchPlan) throws {
        let input = try Pipe.make(capacity: 1 << 20)
        let output = try Pipe.make(capacity: 1 << 20)
        let errors = try Pipe.make()
        defer { for end in [input.read, output.write, errors.write] { _ = Glibc.close(end) } }
        tap = settings.recorder?.begin(plugin, provider.vault)
        session = try Session(
            input: input.write,
            output: output.read,
            maximumFrameBytes: Self.maximumFrameBytes,
            isStrict: settings.isStrict,
            tap: tap,
            delegate: self
        )
        stderr = try StderrTail(taking: errors.read)
        spawnNumber = provider.spawn(
            startup,
            plan: plan,
            descriptors: (input.read, output.write, errors.write),
            observer: self
        )
        _ = state.handle(.spawned)
        greet()
    }

    private func greet() {
        let limit = startup.startLimit
        let moment = Instant.now
        timer = EventLoop.shared.schedule(at: moment.advanced(milliseconds: limit)) {
            let observed = Instant.now.microseconds(since: moment) / 1000
            self.stop(because: .executorCrash, .startTimeout(self.plugin.manifest.name, limit, observed: observed))
        }
        let request = startup.greeting
        session?.request(InitializeRequest.method) { [request] in
            request.encode(into: &$0)
        } completion: {
            self.welcomed($0)
        }
    }

    private func welcomed(_ answer: Session.Answer) {
        if let timer { EventLoop.shared.cancel(timer) }
        do {
            switch answer {
            case .lost: return
            case .error(let bytes):
                var reader = JSONReader(bytes)
                let failure = try Failure(reading: &reader)
                stop(because: .executorProtocol, .refusedGreeting(plugin.manifest, failure))
            case .result(let bytes):
                var reader = JSONReader(bytes)
                let result = try InitializeResult(reading: &reader)
                if let problem = check(result) { return stop(because: .executorProtocol, problem) }
                heedsCredit = result.heedsCredit
                guard plugin.entry != nil else { return serve() }
                Task(executorPreference: EventLoop.shared) { await self.checkAndServe() }
            }
        } catch {
            stop(because: .executorProtocol, .malformedAnswer(plugin.manifest.name, "initialize", "\(error)"))
        }
    }

    /// Takes tasks if its files were not exchanged between the look at them and the start: what shows in the sandbox since
    /// then is what lies there now, or was exchanged twice, which the kernel's times tell.
    private func checkAndServe() async {
        do throws(TrustError) {
            try await provider.check(plugin)
            serve()
        } catch {
            refuse(error)
        }
    }

    private func serve() {
        guard state.handle(.welcomed) else { return }
        hasServed = true
        settings.onPhase?("plugin ready")
        delegate?.processIsServing(self)
    }

    /// What a plugin says of itself must fit its manifest.
    private func check(_ result: InitializeResult) -> Failure? {
        let offered = ProtocolVersions(min: result.version, max: result.version)
        guard ProtocolVersions.supported.negotiate(with: offered) != nil else {
            return .versionMismatch(plugin.manifest.name, ProtocolVersions.supported.refusal(ofPlugin: offered))
        }
        let missing = plugin.manifest.executors.map(\.name).filter { !result.executors.contains($0) }
        guard missing.isEmpty else { return .missingExecutors(plugin.manifest.name, missing) }
        return nil
    }

    // MARK: End

    /// Asks it to go: `shutdown`, then end of stdin, then force.
    package func shutDown() {
        guard state == .serving, let session else { return stop(because: .cancelled, .stopped(plugin.manifest.name)) }
        _ = state.handle(.stop)
        cause = (.cancelled, .stopped(plugin.manifest.name))
        session.request(ShutdownRequest.method) {
            $0.beginObject()
            $0.endObject()
        } completion: { _ in
        }
        timer = EventLoop.shared.schedule(at: .now.advanced(milliseconds: 1000)) { self.forceEnd() }
    }

    /// Ends it by force. What it was doing ends with this outcome.
    package func stop(because outcome: Outcome, _ failure: Failure) {
        guard state.handle(.stop) else { return }
        cause = cause ?? (outcome, failure)
        if let timer { EventLoop.shared.cancel(timer) }
        forceEnd()
    }

    private func forceEnd() {
        guard spawnNumber != 0 else { return finish() }
        provider.launcher.signal(SIGKILL, number: spawnNumber, isTask: false)
    }

    package func session(notice: TaskNotice, of task: String?) {
        delegate?.process(self, notice: notice, of: task)
    }

    package func session(output: OutputNotification) {
        delegate?.process(self, output: output)
    }

    package func session(endedBy end: SessionEnd) {
        let end = end.shown { provider.vault.masked($0) }
        self.end = end
        guard case .endOfFile = end else {
            return stop(because: .executorProtocol, .brokenStream(plugin.manifest.name, end))
        }
        // It gets no more tasks. Its exit is usually known a moment later; a plugin that only closed its stdout is ended.
        guard state.handle(.stop) else { return }
        timer = EventLoop.shared.schedule(at: .now.advanced(milliseconds: 1000)) {
            guard self.exit == nil else { return }
            self.cause = self.cause ?? (.executorProtocol, .closedStdout(self.plugin.manifest.name))
            self.forceEnd()
        }
    }

    package func sandboxExited(_ report: ExitReport) {
        exit = report
    }

    package func sandboxFailed(_ failure: LaunchFailure) {
        let report =
            failure.isProgramFault
            ? Failure.cannotStart(plugin.manifest.name, failure) : LaunchDiagnosis.failure(failure)
        cause = cause ?? (failure.isProgramFault ? .executorCrash : .sandboxError, report)
        finish()
    }

    package func sandboxReaped(_ sandbox: UInt32) {
        // What it wrote before it died is still in the pipe.
        session?.drain()
        finish()
    }

    package func taskGone(isProven: Bool) {}

    package func launcherLost() {
        let failure = LaunchFailure(launcherLost: ())
        cause = (.sandboxError, LaunchDiagnosis.failure(failure))
        finish()
    }

    private func finish() {
        guard state.handle(.ended) else { return }
        if let timer { EventLoop.shared.cancel(timer) }
        stderr?.drain()
        session?.close()
        var loss = describeLoss()
        tap?.ended(exit.map { $0.signal.map { "signal \($0)" } ?? "exit code \($0.exitCode)" } ?? loss.failure.message)
        if let session { loss.taken = session.taken }
        stderr?.close()
        delegate.take()?.process(self, endedBy: loss)
    }

    private func describeLoss() -> ExecutorLoss {
        let tail = stderr?.text ?? ""
        if let cause { return ExecutorLoss(outcome: cause.outcome, failure: cause.failure, stderr: tail) }
        if case .violation = end, let end {
            return ExecutorLoss(
                outcome: .executorProtocol,
                failure: .brokenStream(plugin.manifest.name, end),
                stderr: tail
            )
        }
        return ExecutorLoss(outcome: .executorCrash, failure: .crashed(plugin.manifest.name, exit), stderr: tail)
    }
}

extension PluginManifest.Entry {
    /// The command line where the plugin's directory is seen at `place` and `ostler-shim` at `shim`.
    package func arguments(in place: String, shim: String) -> [String] {
        switch program {
        case .libraryInPlugin, .libraryOfView: [shim]
        case .inPlugin(let path): [place + "/" + path] + arguments
        case .absolute(let path): [path] + arguments
        case .onPath(let name): [name] + arguments
        }
    }
}

extension PluginManifest {
    /// What `ostler-shim` is told of the plugin whose directory is seen at `place`; nil for a plugin that has a program.
    func shimRequest(in place: String) -> ShimRequest? {
        guard let shim else { return nil }
        let library: String
        switch entry.program {
        case .libraryInPlugin(let path): library = place + "/" + path
        case .libraryOfView(let name): library = name
        case .inPlugin, .absolute, .onPath: return nil
        }
        return ShimRequest(
            kind: shim.table == nil ? .library : .foreign,
            name: name,
            version: version,
            library: library,
            members: shim.members
        )
    }
}
