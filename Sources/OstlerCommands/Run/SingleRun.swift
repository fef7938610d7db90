internal import Glibc
internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks

/// One task from the command line: its output streams, its result is told at the end.
struct SingleRun: Sendable {
    private let options: RunCommand
    private let composition: Composition
    private var settings: HostSettings
    private let phases: Phases
    /// Where it is kept; nil for nowhere.
    private let history: RunHistory?
    private let telemetry: Telemetry?

    init(
        _ options: RunCommand,
        _ composition: Composition,
        _ settings: HostSettings,
        _ phases: Phases,
        _ history: RunHistory?,
        _ telemetry: Telemetry?
    ) {
        self.options = options
        self.history = history
        self.telemetry = telemetry
        self.composition = composition
        self.settings = settings
        self.phases = phases
        if options.isTimed { self.settings.onPhase = { phases.mark($0) } }
    }

    /// The task that the command line describes; an unknown executor is told in the host's words.
    static func makeSpec(_ options: TaskOptions, _ composition: Composition) throws(UsageError) -> TaskSpec {
        let name = options.executor ?? ""
        var payload: [UInt8] = Array("{}".utf8)
        if let executor = composition.catalog.executor(named: name),
            let schema = try? executor.executor.payload.compiled()
        {
            payload = try PayloadBuilder(executor: executor, schema: schema).build(options)
        } else if let text = options.payload {
            payload = Array(text.utf8)
        }
        var spec = TaskSpec(id: options.id, executor: name, payload: payload)
        options.apply(to: &spec)
        return spec
    }

    /// Fails only for a command line that is wrong; whatever becomes of the task is an exit code.
    @LoopActor
    func run() async -> Result<Int32, UsageError> {
        Log.set(phase: .check)
        let host = Host(settings)
        await startLauncher(of: host)
        do throws(UsageError) {
            var spec = try Self.makeSpec(options.task, composition)
            options.applyRetry(to: &spec)
            let code = await run(spec, host)
            return .success(await telemetry?.finish(exitCode: code) ?? code)
        } catch {
            await host.stop()
            _ = await telemetry?.finish(exitCode: Outcome.invalid.exitCode)
            return .failure(error)
        }
    }

    /// The launcher gets itself ready while the task is checked. That it cannot is told when it is needed.
    @LoopActor
    private func startLauncher(of host: Host) async {
        guard composition.catalog.executor(named: options.task.executor ?? "") != nil else { return }
        Task(executorPreference: EventLoop.shared) { try? await host.provider.launcher.start() }
        await Task.yield()
    }

    @LoopActor
    private func run(_ spec: TaskSpec, _ host: Host) async -> Int32 {
        let problems = host.problems(of: spec)
        phases.mark("validation")
        guard problems.isEmpty else { return await refuse(spec, host, problems) }
        Log.set(phase: .execute)
        let output = OutputWriter(1)
        let events = options.tellsEvents ? EventSink(spec.id, output) : nil
        let isJSON = options.global.json || options.tellsEvents
        let sink = isJSON ? nil : StreamSink()
        let tries = TaskTries(host, composition.origin)
        let interrupts = Interrupts { signal, count in
            tries.stop()
            guard count > 1 else {
                Log.info("cancelling the task; once more to kill it at once")
                return host.cancelAll()
            }
            output.hurry()
            sink?.hurry()
            host.abandon()
        }
        let told: (any TaskSink)? = events ?? sink
        var pump: StdinPump?
        if options.passesStdin, options.task.payload != "-" { pump = try? StdinPump() }
        pump?.start()
        let result = await tries.run(spec, io: TaskIO(sink: told, stdin: pump?.readEnd), input: pump)
        pump?.close()
        history?.add(spec, result)
        telemetry?.add(result, under: host.provider.vault)
        if let value = result.value { sink?.write(.stdout, value + [0x0A]) }
        phases.mark("task")
        if let events {
            events.finish(result)
            await output.finish()
        } else if isJSON {
            var writer = JSONWriter()
            result.encode(into: &writer)
            writer.newline()
            output.write(writer.bytes)
            await output.finish()
        }
        await sink?.finish()
        let isKept = await history?.finish() ?? true
        let isLost = output.tellFault("stdout") || sink?.tellFaults() == true || !isKept
        phases.mark("output")
        await host.stop()
        Log.set(phase: .finish)
        phases.mark("stop")
        if !isJSON { tell(result) }
        if let code = interrupts.exitCode, result.outcome != .succeeded { return code }
        return isLost ? Outcome.infra.exitCode : exitCode(result)
    }

    /// Whoever left out what the task is to do is told where the members of its payload are described.
    private static func advised(_ problem: Failure, _ executor: String) -> Failure {
        guard problem.code == "missing_member", problem.hint == nil else { return problem }
        var advised = problem
        advised.hint = "`ostler run \(executor) --help` shows the members of its payload, and examples"
        return advised
    }

    private func exitCode(_ result: TaskResult) -> Int32 {
        guard options.passesExitCode, [.succeeded, .failed].contains(result.outcome) else {
            return result.outcome.exitCode
        }
        let code = result.signal.map { 128 + $0 } ?? (result.exitCode < 0 ? 127 : result.exitCode)
        // What failed never looks like success: not by a code that the kernel cuts to eight bits, nor by none.
        return result.outcome == .failed && code & 0xFF == 0 ? result.outcome.exitCode : code
    }

    private func tell(_ result: TaskResult) {
        Log.warn(ofControlFiles: result.controlFilesMade)
        result.guarding?.tell()
        if let error = result.error {
            Log.failure(error, .init(executor: result.executor, plugin: result.plugin?.name))
            if let stderr = result.executorStderr, !stderr.isEmpty {
                Log.detail("  the plugin's last words on stderr:")
                for line in stderr.textLines.suffix(10) { Log.detail("    \(line)") }
            }
        } else if result.outcome != .succeeded, result.guarding == nil {
            Log.info("\(result.outcome.rawValue): \(result.ending)", hint: result.hint)
        }
    }

    @LoopActor
    private func refuse(_ spec: TaskSpec, _ host: Host, _ problems: [Failure]) async -> Int32 {
        let result = host.refused(spec, composition.origin, problems)
        telemetry?.add(result, under: host.provider.vault)
        let output = OutputWriter(1)
        if options.tellsEvents {
            EventSink(spec.id, output).finish(result)
            await output.finish()
        } else if options.global.json {
            var writer = JSONWriter()
            result.encode(into: &writer)
            writer.newline()
            output.write(writer.bytes)
            await output.finish()
        } else {
            for problem in problems { Log.failure(Self.advised(problem, spec.executor)) }
        }
        await host.stop()
        return result.outcome.exitCode
    }
}

extension TaskResult {
    /// How its process ended, in words.
    var ending: String { signal.map { "signal \($0)" } ?? "exit code \(exitCode)" }
}

/// Passes a task's streams on to the command line's own.
@LoopActor
final class StreamSink: TaskSink {
    private let output = OutputWriter(1)
    private let errors = OutputWriter(2)

    func write(_ stream: OutputStream, _ bytes: [UInt8]) {
        (stream == .stdout ? output : errors).write(bytes)
    }

    var isCongested: Bool { output.isCongested || errors.isCongested }

    func whenDrained(_ action: @escaping @LoopActor () -> Void) {
        (output.isCongested ? output : errors).whenDrained(action)
    }

    /// Waits for no slow reader any longer.
    func hurry() {
        output.hurry()
        errors.hurry()
    }

    func finish() async {
        await output.finish()
        await errors.finish()
    }

    /// Whether something could not be written, which is then said on stderr.
    func tellFaults() -> Bool {
        let isLost = output.tellFault("stdout")
        return errors.tellFault("stderr") || isLost
    }
}
