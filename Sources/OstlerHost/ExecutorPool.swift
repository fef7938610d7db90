package import OstlerCatalog
internal import OstlerJSON
package import OstlerProtocol
internal import OstlerSandbox
package import OstlerSystem
internal import OstlerTasks

/// The processes of one plugin and the tasks that wait for them: one warm process, or a fresh one for each task.
@LoopActor
package final class ExecutorPool: ExecutorProcessDelegate {
    package let plugin: InstalledPlugin
    private let provider: SandboxProvider
    private let settings: HostSettings
    /// Tasks that no process has yet, for each executor of the manifest.
    private var waiting: [String: WaitingLine] = [:]
    private var hosts: [ObjectIdentifier: Tenancy] = [:]
    private var running: [String: TaskRun] = [:]
    private var whenEmpty: [UnsafeContinuation<Void, Never>] = []
    private var isClosing = false

    /// A process and the tasks in it.
    private final class Tenancy {
        let process: ExecutorProcess
        private(set) var tasks: [ObjectIdentifier: TaskRun] = [:]
        private var counts: [String: Int] = [:]

        init(_ process: ExecutorProcess) {
            self.process = process
        }

        func count(of executor: String) -> Int { counts[executor] ?? 0 }

        func add(_ run: TaskRun) {
            tasks[ObjectIdentifier(run)] = run
            counts[run.executor.name, default: 0] += 1
        }

        /// Whether the task was in it.
        func remove(_ run: TaskRun) -> Bool {
            guard tasks.removeValue(forKey: ObjectIdentifier(run)) != nil else { return false }
            counts[run.executor.name, default: 0] -= 1
            return true
        }
    }

    private let isFreshPerTask: Bool
    /// How many processes of a plugin that is not reused may live at once.
    private static let maximumProcesses = 16

    package init(plugin: InstalledPlugin, provider: SandboxProvider, settings: HostSettings) {
        self.plugin = plugin
        self.provider = provider
        self.settings = settings
        isFreshPerTask = plugin.manifest.executors.contains { $0.reuse == .never }
    }

    // MARK: Tasks

    func enqueue(_ run: TaskRun) {
        waiting[run.executor.name, default: WaitingLine()].append(run)
        assign()
    }

    private var waitingCount: Int { waiting.values.reduce(0) { $0 + $1.count } }

    private func takeWaiting() -> [TaskRun] {
        let given = waiting.values.flatMap(\.runs)
        waiting = [:]
        return given
    }

    /// Gives waiting tasks to processes with free slots, and starts a process where one is missing.
    private func assign() {
        for executor in plugin.manifest.executors {
            while let run = waiting[executor.name]?.first, let tenancy = tenancyWithRoom(for: executor) {
                waiting[executor.name]?.removeFirst()
                tenancy.add(run)
                running[run.spec.id] = run
                run.dispatch(to: tenancy.process)
            }
        }
        if waitingCount > 0 { startIfNeeded() }
    }

    private func tenancyWithRoom(for executor: ExecutorManifest) -> Tenancy? {
        hosts.values.first { tenancy in
            guard tenancy.process.state == .serving else { return false }
            return isFreshPerTask ? tenancy.tasks.isEmpty : tenancy.count(of: executor.name) < executor.concurrency
        }
    }

    private func startIfNeeded() {
        let coming = hosts.values.filter { [.launching, .greeting].contains($0.process.state) }.count
        let limit = isFreshPerTask ? Self.maximumProcesses : 1
        let live = hosts.values.filter { $0.process.state.takesTasks }.count
        guard !isClosing, live < limit, coming < waitingCount else { return }
        startProcess()
    }

    /// Starts the process that the next task will need, if there is none.
    func warmUp() {
        guard hosts.isEmpty, !isClosing, !isFreshPerTask else { return }
        startProcess()
    }

    private func startProcess() {
        let process = ExecutorProcess(plugin: plugin, provider: provider, settings: settings, delegate: self)
        hosts[ObjectIdentifier(process)] = Tenancy(process)
        Task(executorPreference: EventLoop.shared) { await process.start() }
    }

    /// A task has its outcome.
    func finished(_ run: TaskRun) {
        if running[run.spec.id] === run {
            running[run.spec.id] = nil
        } else {
            waiting[run.executor.name]?.remove(run)
        }
        let tenancy = hosts.values.first { $0.remove(run) }
        if isFreshPerTask { tenancy?.process.shutDown() }
        if waitingCount > 0 { assign() }
    }

    // MARK: Processes

    package func processIsServing(_ process: ExecutorProcess) {
        assign()
        whenServing.forEach { $0.resume() }
        whenServing = []
    }

    package func process(_ process: ExecutorProcess, output: OutputNotification) {
        guard let run = running[output.task], hosts[ObjectIdentifier(process)]?.tasks[ObjectIdentifier(run)] != nil
        else {
            return
        }
        run.wrote(output)
    }

    package func process(_ process: ExecutorProcess, endedBy loss: ExecutorLoss) {
        guard let tenancy = hosts.removeValue(forKey: ObjectIdentifier(process)) else { return }
        for run in tenancy.tasks.values { run.executorLost(loss) }
        if !process.hasServed {
            // Another try would end the same way: those who wait hear why.
            for run in takeWaiting() { run.executorLost(loss) }
        } else if loss.outcome == .sandboxError {
            // The launcher is gone, and with it the plans of those who wait.
            for run in takeWaiting() { run.enqueue() }
        }
        lastLoss = loss
        whenServing.forEach { $0.resume() }
        whenServing = []
        if waitingCount > 0 { assign() }
        guard hosts.isEmpty else { return }
        whenEmpty.forEach { $0.resume() }
        whenEmpty = []
    }

    // MARK: Health and end

    private var whenServing: [UnsafeContinuation<Void, Never>] = []
    private var lastLoss: ExecutorLoss?

    /// Asks a process of the plugin how it is, starting one if there is none.
    package func health(milliseconds: Int64) async -> HealthResult {
        await withUnsafeContinuation { continuation in
            let inquiry = HealthInquiry(continuation)
            EventLoop.shared.schedule(at: .now.advanced(milliseconds: milliseconds)) {
                inquiry.settle(.unhealthy, "no answer to health within \(milliseconds) ms")
            }
            Task(executorPreference: EventLoop.shared) { await self.ask(inquiry) }
        }
    }

    private func ask(_ inquiry: HealthInquiry) async {
        let process: ExecutorProcess
        do {
            process = try await servingProcess()
        } catch {
            return inquiry.settle(.unhealthy, error.message)
        }
        process.session?.request(HealthRequest.method) {
            $0.beginObject()
            $0.endObject()
        } completion: { answer in
            guard case .result(let bytes) = answer else {
                return inquiry.settle(.unhealthy, "it does not answer health")
            }
            var reader = JSONReader(bytes)
            guard let result = try? HealthResult(reading: &reader) else {
                return inquiry.settle(.unhealthy, "its answer to health is malformed")
            }
            inquiry.settle(result)
        }
    }

    private func servingProcess() async throws(Failure) -> ExecutorProcess {
        for _ in 0..<2 where !isClosing {
            if let serving = hosts.values.first(where: { $0.process.state == .serving }) { return serving.process }
            await withUnsafeContinuation { continuation in
                whenServing.append(continuation)
                if !hosts.values.contains(where: { $0.process.state.takesTasks }) { startProcess() }
            }
            if let serving = hosts.values.first(where: { $0.process.state == .serving }) { return serving.process }
            if let lastLoss { throw lastLoss.failure }
        }
        throw Failure(
            "executor_unavailable",
            fault: .executor,
            message: "plugin \(plugin.manifest.name) does not start"
        )
    }

    /// Ends all processes; returns when nothing is left of them.
    package func close() async {
        isClosing = true
        for tenancy in hosts.values { tenancy.process.shutDown() }
        guard !hosts.isEmpty else { return }
        await withUnsafeContinuation { whenEmpty.append($0) }
    }
}

/// Someone who asks a plugin how it is: what is heard first counts.
@LoopActor
private final class HealthInquiry {
    private var continuation: UnsafeContinuation<HealthResult, Never>?

    init(_ continuation: UnsafeContinuation<HealthResult, Never>) {
        self.continuation = continuation
    }

    func settle(_ result: HealthResult) {
        continuation.take()?.resume(returning: result)
    }

    func settle(_ status: HealthResult.Status, _ detail: String) {
        settle(HealthResult(status: status, detail: detail))
    }
}

/// Tasks of one executor in the order of their coming.
private struct WaitingLine {
    private var all: [TaskRun] = []
    private var start = 0

    var count: Int { all.count - start }
    var runs: ArraySlice<TaskRun> { all[start...] }
    var first: TaskRun? { runs.first }

    mutating func append(_ run: TaskRun) {
        all.append(run)
    }

    mutating func removeFirst() {
        start += 1
        // Now and then, so that each task is moved about once.
        guard start * 2 > all.count else { return }
        all.removeFirst(start)
        start = 0
    }

    mutating func remove(_ run: TaskRun) {
        guard let index = runs.firstIndex(where: { $0 === run }) else { return }
        all.remove(at: index)
    }
}
