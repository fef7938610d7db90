internal import Glibc
internal import OstlerConfig
internal import OstlerHost
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem

/// A command in a sandbox, from the command line straight to the launcher. There is no plugin, and nothing is copied:
/// the command has the caller's own descriptors, unless it gets a terminal.
@LoopActor
final class SandboxRun: SandboxObserver {
    private let options: SandboxRunCommand
    private let settings: HostSettings
    private let provider: SandboxProvider
    private let phases: Phases
    private var result: SandboxResult
    private var policy = SandboxPolicy()
    private var relay: TerminalRelay?
    private var number: UInt64?
    private var waiting: UnsafeContinuation<Void, Never>?
    private var hasEnded = false

    /// From SIGKILL to the word that process 1 has been reaped; after that the kernel is stuck.
    private static let killMilliseconds: Int64 = 10_000

    init(_ options: SandboxRunCommand, _ settings: HostSettings, _ phases: Phases) {
        self.options = options
        self.settings = settings
        self.phases = phases
        provider = SandboxProvider(settings)
        result = SandboxResult(runID: settings.runID, argv: options.argv)
    }

    func run() async -> SandboxResult {
        let signals = SandboxSignals { self.take($0) }
        defer { withExtendedLifetime(signals) {} }
        // It gets itself ready while the command is judged. That it cannot is told when it is needed.
        Task(executorPreference: EventLoop.shared) { try? await self.provider.launcher.start() }
        await Task.yield()
        result.failure = SandboxStreams.fault ?? provider.refusal(of: options.sandbox.spec, launches: true) ?? verdict
        phases.mark("lists of programs")
        if result.failure == nil { await start() }
        await provider.launcher.finish()
        phases.mark("stop")
        return result
    }

    /// What the lists of programs say of the command line.
    private var verdict: Failure? {
        let words = options.argv.map { String(decoding: $0, as: UTF8.self) }
        return provider.judge(words[0], Array(words.dropFirst()), executor: SandboxOptions.executor)
    }

    // MARK: The command

    private func start() async {
        do {
            policy = try provider.policy(for: options.sandbox.spec, executor: SandboxOptions.executor)
            let plan = try await provider.plan(for: policy)
            phases.mark("launcher and view")
            guard result.ending == nil else { return result.failure = .interrupted }
            let controlFiles = ControlFiles(of: policy)
            relay = try makeRelay()
            let slave = relay?.slave
            number = provider.launcher.spawn(
                plan: plan,
                arguments: options.argv,
                environment: variables,
                workDirectory: options.sandbox.startDirectory(try provider.effective()),
                descriptors: (slave ?? 0, slave ?? 1, slave.map { isatty(2) == 1 ? $0 : 2 } ?? 2),
                terminal: slave != nil,
                observer: self
            )
            relay?.start()
            limitTime()
            await withUnsafeContinuation { waiting = $0 }
            phases.mark("command")
            result.controlFilesMade = controlFiles.made()
            await relay?.finish()
            phases.mark("terminal")
        } catch let failure as LaunchFailure {
            result.failure = LaunchDiagnosis.failure(failure)
        } catch let failure as Failure {
            result.failure = failure
        } catch {
            result.failure = .noTerminal(error)
        }
    }

    /// What the command line adds to the sandbox's own environment. A terminal is of no use without its kind.
    private var variables: [String] {
        let own = options.sandbox.variables
        guard relay != nil, let kind = Composition.environment["TERM"] else { return own }
        return own.contains { $0.hasPrefix("TERM=") } ? own : own + ["TERM=" + kind]
    }

    private func makeRelay() throws -> TerminalRelay? {
        let isOnTerminal = isatty(0) == 1 && isatty(1) == 1
        return options.wantsTerminal ?? isOnTerminal ? try TerminalRelay() : nil
    }

    private func limitTime() {
        guard let milliseconds = options.timeout else { return }
        EventLoop.shared.schedule(at: .now.advanced(milliseconds: milliseconds)) { [self] in
            guard !hasEnded, result.ending == nil else { return }
            result.ending = .timeout(milliseconds: milliseconds)
            end(with: SIGTERM)
        }
    }

    // MARK: Signals

    private func take(_ signal: Int32) {
        switch signal {
        case SIGWINCH: relay?.resize()
        case SIGTSTP: suspend()
        case SIGTERM, SIGHUP:
            // The second time it is not asked any more.
            if result.ending != nil { return kill() }
            result.ending = .signal(signal)
            end(with: signal)
        default:
            // What a command makes of these is its own affair, as it would be without a sandbox.
            if number == nil { result.ending = .signal(signal) }
            pass(signal)
        }
    }

    private func pass(_ signal: Int32) {
        if let number, !hasEnded { provider.launcher.signal(signal, number: number, isTask: false) }
    }

    /// Everything stands still, and goes on when the caller's shell says so.
    private func suspend() {
        pass(SIGTSTP)
        relay?.suspend()
        raise(SIGSTOP)
        relay?.resume()
        pass(SIGCONT)
    }

    /// Asks the command to end, and sees to it that it does.
    private func end(with signal: Int32) {
        pass(signal)
        let grace = settings.config.tasks.graceMilliseconds
        EventLoop.shared.schedule(at: .now.advanced(milliseconds: grace)) { [self] in kill() }
    }

    private func kill() {
        guard !hasEnded, !result.wasKilled, number != nil else { return }
        result.wasKilled = result.exit == nil
        pass(SIGKILL)
        EventLoop.shared.schedule(at: .now.advanced(milliseconds: Self.killMilliseconds)) { [self] in
            guard !hasEnded else { return }
            result.failure = .undead
            provider.launcher.abandon()
        }
    }

    // MARK: What the launcher tells

    func sandboxExited(_ report: ExitReport) {
        result.exit = report
        let isGood = report.signal == nil && report.exitCode == 0
        result.limit = isGood ? nil : policy.limits.hits(in: report).first?.limit
        result.certificate = provider.certificate(policy, enforced: report.layers)
    }

    func sandboxFailed(_ failure: LaunchFailure) {
        result.failure = .notStarted(failure, options.argv[0])
        ended()
    }

    func sandboxReaped(_ sandbox: UInt32) { ended() }

    func launcherLost() {
        result.failure = result.failure ?? LaunchDiagnosis.failure(LaunchFailure(launcherLost: ()))
        ended()
    }

    func taskGone(isProven: Bool) {}

    private func ended() {
        hasEnded = true
        waiting.take()?.resume()
    }
}
