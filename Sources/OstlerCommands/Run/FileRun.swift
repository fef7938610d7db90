internal import Glibc
internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// Many tasks from a file: checked whole first where the file can be read twice, then run some at a time.
@LoopActor
final class FileRun {
    private let options: RunCommand
    private let origin: TaskOrigin
    private let host: Host
    private let tries: TaskTries
    private let output = OutputWriter(1)
    private var file: TaskFile?
    private var tally = OutcomeTally()
    private var total: Int?
    private var isInterrupted = false
    /// The file is being checked, and nothing runs yet.
    private var isChecking = false
    private var notStarted = 0
    private var unseen = 0
    /// The ids that came on a stream, with their lines.
    private var seen: [UInt64: Int] = [:]
    private var writer = JSONWriter()
    private let order = OrderedResults()
    private var ledger = TaskLedger(named: nil)
    private var progress: Progress?
    /// Where what was run is kept; nil for nowhere.
    private let history: RunHistory?
    private let telemetry: Telemetry?

    init(
        _ options: RunCommand,
        _ composition: Composition,
        _ settings: HostSettings,
        _ history: RunHistory?,
        _ telemetry: Telemetry?
    ) {
        (self.history, self.telemetry) = (history, telemetry)
        self.options = options
        origin = composition.origin
        host = Host(settings)
        tries = TaskTries(host, origin)
    }

    func run() async -> Int32 {
        Log.set(phase: .check)
        let interrupts = Interrupts { [weak self] signal, count in self?.interrupt(count) }
        do {
            let file = try TaskFile(options.task.file ?? "-") { [options] spec in
                options.task.apply(to: &spec)
                options.applyRetry(to: &spec)
            }
            self.file = file
            if file.isRegular, !options.keepsGoing {
                isChecking = true
                let check = FileCheck(
                    file,
                    host,
                    isJSON: options.global.json,
                    readsSecrets: true,
                    refuse: { [telemetry] failure, place in telemetry?.add(failure, at: place) }
                )
                let report = try await check.run()
                isChecking = false
                if let code = interrupts.exitCode {
                    Log.info("interrupted: nothing was run")
                    await host.stop()
                    return code
                }
                guard report.isEmpty else {
                    Log.info("nothing was run: \(report) (see --keep-going)")
                    await host.stop()
                    return Outcome.invalid.exitCode
                }
                total = report.tasks
                ledger = TaskLedger(named: report.named)
                file.rewind()
            }
        } catch let error as UsageError {
            Log.usage(error, running: [OstlerCommand.spec, RunCommand.spec])
            return Outcome.invalid.exitCode
        } catch {
            return Outcome.infra.exitCode
        }
        Log.set(phase: .execute)
        if Log.isOn(.info), Log.format == .plain, Terminal.hasProgress { progress = Progress(total: total) }
        await runAll()
        Log.show(progress: nil)
        await output.finish()
        await host.stop()
        Log.set(phase: .finish)
        summarise()
        let isKept = await history?.finish() ?? true
        let isWhole = file?.problem == nil && !output.tellFault("stdout") && isKept
        return interrupts.exitCode ?? (isWhole ? tally.exitCode : Outcome.infra.exitCode)
    }

    private func interrupt(_ count: Int) {
        isInterrupted = true
        tries.stop()
        guard count == 1, !isChecking else {
            file?.stop()
            output.hurry()
            return host.abandon()
        }
        Log.info("cancelling what runs; once more to kill it at once")
        if file?.isRegular == false { file?.stop() }
        host.cancelAll()
    }

    private func runAll() async {
        let jobs = options.jobs ?? max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN)))
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<jobs {
                group.addTask(executorPreference: EventLoop.shared) { await self.work() }
            }
        }
        guard isInterrupted, let file, file.isRegular else { return }
        if let total { return notStarted = total - tally.total }
        while await file.next() != nil { notStarted += 1 }
    }

    private func work() async {
        while !isInterrupted {
            if options.isOrdered { await order.room(for: 4096) }
            await output.room()
            guard let entry = await file?.next() else { return }
            guard !isInterrupted else {
                notStarted += 1
                return
            }
            let place = order.take()
            if case .success(let spec) = entry.content { ledger.begin(spec) }
            let result = await run(entry)
            if case .success(let spec) = entry.content { ledger.end(spec, result) }
            tally.add(result.outcome)
            telemetry?.add(result, under: host.provider.vault)
            Log.warn(ofControlFiles: result.controlFilesMade, .init(task: result.id))
            result.guarding?.tell(.init(task: result.id))
            if case .success = entry.content { tell(result) }
            progress?.update(done: tally.total, failed: tally.total - (tally.counts[.succeeded] ?? 0))
            emit(result, place)
        }
    }

    private func run(_ entry: TaskFile.Entry) async -> TaskResult {
        switch entry.content {
        case .success(let spec):
            // A regular file was searched for repeated ids as a whole.
            let hash = IDLedger.hash(spec.id)
            if total == nil, let first = seen[hash] {
                let failure = Failure.repeatedID(spec.id, line: first)
                tell(failure, entry.line)
                return host.refused(spec, origin, [failure])
            }
            if total == nil { seen[hash] = entry.line }
            var io = options.tellsEvents ? TaskIO(sink: EventSink(spec.id, output)) : TaskIO()
            await ledger.settle(spec)
            io.prior = { [ledger] in ledger.event(of: $0) }
            let result = await tries.run(spec, io: io)
            history?.add(spec, result)
            return result
        case .failure(let refusal):
            tell(refusal.failure, entry.line, refusal.column)
            return host.refused(TaskSpec(id: refusal.id, executor: "", payload: []), origin, [refusal.failure])
        }
    }

    private func tell(_ failure: Failure, _ line: Int, _ column: Int? = nil) {
        guard !options.isQuiet else { return }
        Log.failure(failure, .init(place: TaskFile.place(file?.name ?? "", line, column)))
    }

    /// What failed is told as a single run tells it; what was not reached follows from something that was told.
    private func tell(_ result: TaskResult) {
        let subject = Log.Subject(task: result.id, executor: result.executor, plugin: result.plugin?.name)
        switch result.outcome {
        case .succeeded, .skipped, .cancelled, .dependencyFailed:
            Log.debug("\(result.outcome.rawValue) after \(result.timing.running) us", subject)
        case _ where result.guarding?.effect == .skipped: break
        default:
            if let error = result.error { return Log.failure(error, subject) }
            Log.info("\(result.outcome.rawValue): \(result.ending)", hint: result.hint, subject)
        }
    }

    private func emit(_ result: TaskResult, _ place: Int) {
        if output.isBroken { unseen += 1 }
        guard !options.tellsEvents else { return EventSink(result.id, output).finish(result) }
        writer.removeAll()
        result.encode(into: &writer)
        writer.newline()
        guard options.isOrdered else { return output.write(writer.bytes) }
        order.put(writer.bytes, at: place) { output.write($0) }
    }

    private func summarise() {
        if output.isGivenUp {
            Log.error("stdout was not read: \(output.lostBytes) bytes of results were not shown")
        } else if unseen > 0, output.fault == nil {
            Log.error("stdout was closed by its reader: at least \(unseen) results were not shown")
        }
        if let problem = file?.problem { Log.error("\(file?.name ?? ""): reading stopped: \(problem)") }
        Log.info(tally.text)
        guard isInterrupted else { return }
        let rest =
            total != nil || file?.isStopped == false
            ? "\(notStarted) task\(notStarted == 1 ? " was" : "s were") not started"
            : "what was not read was not started"
        Log.info("interrupted: \(rest)")
    }
}

/// Keeps results of tasks that ended before an earlier one, for `--ordered`.
@LoopActor
final class OrderedResults {
    private var taken = 0
    private var next = 0
    private var held: [Int: [UInt8]] = [:]
    private var waiting: [UnsafeContinuation<Void, Never>] = []

    /// Waits while too much is held back for one slow task.
    func room(for limit: Int) async {
        while held.count >= limit { await withUnsafeContinuation { waiting.append($0) } }
    }

    /// The place of the task that is taken now.
    func take() -> Int {
        taken += 1
        return taken - 1
    }

    /// Hands over what is now in its turn.
    func put(_ bytes: [UInt8], at place: Int, _ write: ([UInt8]) -> Void) {
        held[place] = bytes
        while let ready = held.removeValue(forKey: next) {
            next += 1
            write(ready)
        }
        let woken = waiting
        waiting = []
        for continuation in woken { continuation.resume() }
    }
}
