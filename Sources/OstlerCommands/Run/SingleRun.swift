internal import ArgumentParser
internal import Glibc
internal import OstlerCatalog
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// One task from the command line: its output streams, its result is told at the end.
struct SingleRun: Sendable {
    private let settings: HostSettings
    private let spec: TaskSpec
    private let origin: TaskOrigin
    private let isJSON: Bool
    private let isQuiet: Bool
    private let passesExitCode: Bool
    private let passesStdin: Bool
    private let phases: Phases

    init(_ options: RunCommand, _ composition: Composition, _ settings: HostSettings, _ phases: Phases) throws {
        var settings = settings
        if options.timings { settings.onPhase = { phases.mark($0) } }
        self.settings = settings
        self.phases = phases
        spec = try Self.makeSpec(options.task, composition, isJSON: options.global.json)
        origin = composition.origin
        isJSON = options.global.json
        isQuiet = options.quiet
        passesExitCode = options.exitCode == .task
        passesStdin = !options.noStdin && options.task.payload != "-"
    }

    /// The task that the command line describes; an unknown executor is told in the host's words.
    static func makeSpec(_ options: TaskOptions, _ composition: Composition, isJSON: Bool) throws -> TaskSpec {
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
        try options.apply(to: &spec)
        return spec
    }

    @LoopActor
    func run() async -> Int32 {
        let host = Host(settings)
        let problems = host.problems(of: spec)
        phases.mark("validation")
        guard problems.isEmpty else { return await refuse(host, problems) }
        let interrupts = Interrupts { signal, count in
            if count == 1 { host.cancelAll() } else { host.abandon() }
        }
        let sink = isJSON ? nil : StreamSink()
        var pump: StdinPump?
        if passesStdin { pump = try? StdinPump() }
        pump?.start()
        let result = await host.run(spec, origin: origin, io: TaskIO(sink: sink, stdin: pump?.readEnd))
        pump?.close()
        phases.mark("task")
        let output = OutputWriter(1)
        if isJSON {
            var writer = JSONWriter()
            result.encode(into: &writer)
            writer.newline()
            output.write(writer.bytes)
            await output.finish()
        }
        await sink?.finish()
        phases.mark("output")
        await host.stop()
        phases.mark("stop")
        if !isJSON { tell(result) }
        if let code = interrupts.exitCode, result.outcome != .succeeded { return code }
        return exitCode(result)
    }

    private func exitCode(_ result: TaskResult) -> Int32 {
        guard passesExitCode, [.succeeded, .failed].contains(result.outcome) else { return result.outcome.exitCode }
        let code = result.signal.map { 128 + $0 } ?? (result.exitCode < 0 ? 127 : result.exitCode)
        // What failed never looks like success: not by a code that the kernel cuts to eight bits, nor by none.
        return result.outcome == .failed && code & 0xFF == 0 ? result.outcome.exitCode : code
    }

    private func tell(_ result: TaskResult) {
        if let error = result.error {
            Diagnostics.failure(error)
            if let stderr = result.executorStderr, !stderr.isEmpty {
                Diagnostics.line("  the plugin's last words on stderr:")
                for line in stderr.split(separator: "\n").suffix(10) { Diagnostics.line("    \(line)") }
            }
        } else if result.outcome != .succeeded, !isQuiet {
            let how = result.signal.map { "signal \($0)" } ?? "exit code \(result.exitCode)"
            Diagnostics.note("\(result.outcome.rawValue): \(how)")
        }
    }

    @LoopActor
    private func refuse(_ host: Host, _ problems: [Failure]) async -> Int32 {
        let result = host.refused(spec, origin, problems)
        if isJSON {
            var writer = JSONWriter()
            result.encode(into: &writer)
            writer.newline()
            let output = OutputWriter(1)
            output.write(writer.bytes)
            await output.finish()
        } else {
            for problem in problems { Diagnostics.failure(problem) }
        }
        return result.outcome.exitCode
    }
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

    func finish() async {
        await output.finish()
        await errors.finish()
    }
}
