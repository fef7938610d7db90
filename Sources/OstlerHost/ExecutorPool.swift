internal import OstlerJSON
package import OstlerCatalog
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
    /// Tasks that no process has yet.
    private var waiting: [TaskRun] = []
    private var waitingStart = 0
    private var hosts: [ObjectIdentifier: Tenancy] = [:]
    private var running: [String: TaskRun] = [:]
    private var whenEmpty: [UnsafeContinuation<Void, Never>] = []
    private var isClosing = false

    /// A process and the tasks in it.
    private final class Tenancy {
        let process: ExecutorProcess
        var tasks: [ObjectIdentifier: TaskRun] = [:]

        init(_ process: ExecutorProcess) {
            self.process = process
        }
    }

    private let slots: Int
    private let isFreshPerTask: Bool
    /// How many processes of a plugin that is not reused may live at once.
    private static let maximumProcesses = 16

    package init(plugin: InstalledPlugin, provider: SandboxProvider, settings: HostSettings) {
        self.plugin = plugin
        self.provider = provider
        self.settings = settings
        isFreshPerTask = plugin.manifest.executors.contains { $0.reuse == .never }
        slots = isFreshPerTask ? 1 : plugin.manifest.executors.map(\.concurrency).max() ?? 1
    }

    // MARK: Tasks

    func enqueue(_ run: TaskRun) {
        waiting.append(run)
        assign()
    }

    /// Gives waiting tasks to processes with free slots, and starts a process where one is missing.
    private func assign() {
        while waitingStart < waiting.count {
            guard let tenancy = tenancyWithRoom() else {
                startIfNeeded()
                return
            }
            let run = waiting[waitingStart]
            waitingStart += 1
            tenancy.tasks[ObjectIdentifier(run)] = run
            running[run.spec.id] = run
            run.dispatch(to: tenancy.process)
        }
        waiting.removeAll(keepingCapacity: true)
        waitingStart = 0
    }

    private func tenancyWithRoom() -> Tenancy? {
        hosts.values.first { tenancy in
            tenancy.process.state == .serving && tenancy.tasks.count < slots
        }
    }

    private func startIfNeeded() {
        let coming = hosts.values.filter { [.launching, .greeting].contains($0.process.state) }.count
        let limit = isFreshPerTask ? Self.maximumProcesses : 1
        let live = hosts.values.filter { $0.process.state.takesTasks }.count
        guard !isClosing, live < limit, coming < waiting.count - waitingStart else { return }
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
        if running[run.spec.id] === run { running[run.spec.id] = nil }
        if let index = waiting[waitingStart...].firstIndex(where: { $0 === run }) { waiting.remove(at: index) }
        for tenancy in hosts.values where tenancy.tasks.removeValue(forKey: ObjectIdentifier(run)) != nil {
            if isFreshPerTask { tenancy.process.shutDown() }
        }
        if waitingStart < waiting.count { assign() }
    }

    // MARK: Processes

    package func processIsServing(_ process: ExecutorProcess) {
        assign()
        whenServing.forEach { $0.resume() }
        whenServing = []
    }

    package func process(_ process: ExecutorProcess, output: OutputNotification) {
        guard let run = running[output.task], hosts[ObjectIdentifier(process)]?.tasks[ObjectIdentifier(run)] != nil else {
            return
        }
        run.wrote(output)
    }

    package func process(_ process: ExecutorProcess, endedBy loss: ExecutorLoss) {
        guard let tenancy = hosts.removeValue(forKey: ObjectIdentifier(process)) else { return }
        for run in tenancy.tasks.values { run.executorLost(loss) }
        if !process.hasServed {
            // Another try would end the same way: those who wait hear why.
            let given = waiting[waitingStart...]
            waiting = []
            waitingStart = 0
            for run in given { run.executorLost(loss) }
        }
        lastLoss = loss
        whenServing.forEach { $0.resume() }
        whenServing = []
        if waitingStart < waiting.count { assign() }
        guard hosts.isEmpty else { return }
        whenEmpty.forEach { $0.resume() }
        whenEmpty = []
    }

    // MARK: Health and end

    private var whenServing: [UnsafeContinuation<Void, Never>] = []
    private var lastLoss: ExecutorLoss?

    /// Asks a process of the plugin how it is, starting one if there is none.
    package func health(milliseconds: Int64) async -> HealthResult {
        let process: ExecutorProcess
        do {
            process = try await servingProcess()
        } catch {
            return HealthResult(status: .unhealthy, detail: error.message)
        }
        return await withUnsafeContinuation { continuation in
            var open: UnsafeContinuation<HealthResult, Never>? = continuation
            func settle(_ result: HealthResult) { open.take()?.resume(returning: result) }
            EventLoop.shared.schedule(at: .now.advanced(milliseconds: milliseconds)) {
                settle(HealthResult(status: .unhealthy, detail: "no answer to health within \(milliseconds) ms"))
            }
            process.session?.request(HealthRequest.method) {
                $0.beginObject()
                $0.endObject()
            } completion: { answer in
                guard case .result(let bytes) = answer else {
                    return settle(HealthResult(status: .unhealthy, detail: "it does not answer health"))
                }
                var reader = JSONReader(bytes)
                settle((try? HealthResult(reading: &reader)) ?? HealthResult(status: .unhealthy, detail: "malformed answer"))
            }
        }
    }

    private func servingProcess() async throws(Failure) -> ExecutorProcess {
        for _ in 0..<2 {
            if let serving = hosts.values.first(where: { $0.process.state == .serving }) { return serving.process }
            await withUnsafeContinuation { continuation in
                whenServing.append(continuation)
                if !hosts.values.contains(where: { $0.process.state.takesTasks }) { startProcess() }
            }
            if let serving = hosts.values.first(where: { $0.process.state == .serving }) { return serving.process }
            if let lastLoss { throw lastLoss.failure }
        }
        throw Failure("executor_unavailable", fault: .executor, message: "plugin \(plugin.manifest.name) does not start")
    }

    /// Ends all processes; returns when nothing is left of them.
    package func close() async {
        isClosing = true
        for tenancy in hosts.values { tenancy.process.shutDown() }
        guard !hosts.isEmpty else { return }
        await withUnsafeContinuation { whenEmpty.append($0) }
    }

    /// The tasks that are not over, in no order.
    var open: [TaskRun] { Array(waiting[waitingStart...]) + hosts.values.flatMap { $0.tasks.values } }
}
