package import OstlerCatalog
internal import OstlerJSON
package import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSchema
package import OstlerSystem
internal import OstlerTasks

/// The processes of one plugin and the tasks that wait for them: one warm process, or a fresh one for each task.
@LoopActor
package final class ExecutorPool: ExecutorProcessDelegate {
    package let plugin: InstalledPlugin
    private let provider: SandboxProvider
    private let settings: HostSettings
    private let open: OpenTasks
    private var routes: [ExecutorRoute] = []
    private var tenancies: [Tenancy] = []
    /// Tasks that no process has yet.
    private var waitingCount = 0
    private var whenEmpty: [UnsafeContinuation<Void, Never>] = []
    private var isClosing = false
    private var supervision = Supervision()
    private var restart: TimerID?

    private let isFreshPerTask: Bool
    /// How many processes of a plugin that is not reused may live at once.
    private static let maximumProcesses = 16

    init(plugin: InstalledPlugin, provider: SandboxProvider, settings: HostSettings, open: OpenTasks) {
        self.open = open
        self.plugin = plugin
        self.provider = provider
        self.settings = settings
        isFreshPerTask = plugin.manifest.executors.contains { $0.reuse == .never }
    }

    // MARK: Tasks

    /// Adds an executor of the plugin.
    func addRoute(_ executor: CatalogExecutor, schema: CompiledSchema, judge: ProgramPolicy) -> ExecutorRoute {
        let route = ExecutorRoute(executor, schema: schema, judge: judge, index: routes.count, pool: self)
        routes.append(route)
        return route
    }

    func enqueue(_ run: TaskRun) {
        let route = run.route
        if route.waiting.first == nil, let tenancy = tenancyWithRoom(for: route) {
            tenancy.add(run)
            return run.dispatch(to: tenancy.process)
        }
        route.waiting.append(run)
        waitingCount += 1
        startIfNeeded()
    }

    private func takeWaiting() -> [TaskRun] {
        waitingCount = 0
        return routes.flatMap { $0.waiting.removeAll() }
    }

    /// Gives waiting tasks to processes with free slots, and starts a process where one is missing.
    private func assign() {
        for route in routes {
            while let run = route.waiting.first, let tenancy = tenancyWithRoom(for: route) {
                route.waiting.removeFirst()
                waitingCount -= 1
                tenancy.add(run)
                run.dispatch(to: tenancy.process)
            }
        }
        if waitingCount > 0 { startIfNeeded() }
    }

    private func tenancyWithRoom(for route: ExecutorRoute) -> Tenancy? {
        for tenancy in tenancies where tenancy.process.state == .serving {
            if isFreshPerTask ? tenancy.tasks.isEmpty : tenancy.hasRoom(for: route) { return tenancy }
        }
        return nil
    }

    private func startIfNeeded() {
        let coming = tenancies.count { [.launching, .greeting].contains($0.process.state) }
        let limit = isFreshPerTask ? Self.maximumProcesses : 1
        let live = tenancies.count { $0.process.state.takesTasks }
        guard !isClosing, live < limit, coming < waitingCount else { return }
        switch supervision.verdict(at: .now) {
        case .start: startProcess()
        case .wait(let moment): startLater(moment)
        case .refuse(let reason, let moment):
            let failures = supervision.failures
            let loss = ExecutorLoss(
                outcome: .executorCrash,
                failure: .keepsFailing(plugin.manifest.name, failures, reason, until: moment),
                stderr: lastLoss?.stderr ?? ""
            )
            for run in takeWaiting() { run.executorLost(loss) }
        }
    }

    private func startLater(_ moment: Instant) {
        guard restart == nil else { return }
        restart = EventLoop.shared.schedule(at: moment) {
            self.restart = nil
            self.assign()
        }
    }

    /// Starts the process that the next task will need, if there is none.
    func warmUp() {
        guard tenancies.isEmpty, !isClosing, !isFreshPerTask, case .start = supervision.verdict(at: .now) else {
            return
        }
        startProcess()
    }

    private func startProcess() {
        let process = ExecutorProcess(plugin: plugin, provider: provider, settings: settings, delegate: self)
        tenancies.append(Tenancy(process, routes: routes.count))
        Task(executorPreference: EventLoop.shared) { await process.start() }
    }

    /// A task has its outcome.
    func finished(_ run: TaskRun) {
        if run.hasAnswer { supervision.answered() }
        if let tenancy = run.tenancy {
            tenancy.remove(run)
            if isFreshPerTask { tenancy.process.shutDown() }
        } else if run.route.waiting.remove(run) {
            waitingCount -= 1
        }
        if waitingCount > 0 { assign() }
    }

    // MARK: Processes

    package func processIsServing(_ process: ExecutorProcess) {
        assign()
        whenServing.forEach { $0.resume() }
        whenServing = []
    }

    package func process(_ process: ExecutorProcess, output: OutputNotification) {
        guard let run = open[output.task], run.tenancy?.process === process else { return }
        run.wrote(output)
    }

    package func process(_ process: ExecutorProcess, notice: TaskNotice, of task: String?) {
        let notice = provider.vault.masked(notice)
        guard let task else {
            if case .log(let log) = notice { settings.onLog?(plugin.manifest.name, log) }
            return
        }
        guard let run = open[task], run.tenancy?.process === process else { return }
        if case .log(let log) = notice { settings.onLog?(plugin.manifest.name, log) }
        run.noticed(notice)
    }

    package func process(_ process: ExecutorProcess, endedBy loss: ExecutorLoss) {
        guard let index = tenancies.firstIndex(where: { $0.process === process }) else { return }
        let tenancy = tenancies.remove(at: index)
        if loss.isFault { supervision.failed(loss.failure, at: .now) }
        for run in tenancy.tasks { run.executorLost(loss) }
        if !process.hasServed {
            // Another try would end the same way: those who wait hear why.
            for run in takeWaiting() { run.executorLost(loss) }
        } else if loss.outcome == .sandboxError {
            // The launcher is gone, and with it the plans of those who wait.
            for run in takeWaiting() { run.enqueue() }
        }
        (lastLoss, lastHadServed) = (loss, process.hasServed)
        whenServing.forEach { $0.resume() }
        whenServing = []
        if waitingCount > 0 { assign() }
        guard tenancies.isEmpty else { return }
        whenEmpty.forEach { $0.resume() }
        whenEmpty = []
    }

    // MARK: Health and end

    private var whenServing: [UnsafeContinuation<Void, Never>] = []
    private var lastLoss: ExecutorLoss?
    private var lastHadServed = false

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

    func servingProcess() async throws(Failure) -> ExecutorProcess {
        for _ in 0..<2 where !isClosing {
            if let serving = tenancies.first(where: { $0.process.state == .serving }) { return serving.process }
            if case .refuse(let reason, let moment) = supervision.verdict(at: .now) {
                throw .keepsFailing(plugin.manifest.name, supervision.failures, reason, until: moment)
            }
            await withUnsafeContinuation { continuation in
                whenServing.append(continuation)
                if !tenancies.contains(where: { $0.process.state.takesTasks }) { startProcess() }
            }
            if let serving = tenancies.first(where: { $0.process.state == .serving }) { return serving.process }
            // One that had served was on its way out when it was asked for: the next one is another.
            if let lastLoss, !lastHadServed { throw lastLoss.failure }
        }
        if let lastLoss { throw lastLoss.failure }
        throw Failure(
            "executor_unavailable",
            fault: .executor,
            message: "plugin \(plugin.manifest.name) does not start"
        )
    }

    /// Ends all processes; returns when nothing is left of them.
    package func close() async {
        isClosing = true
        if let restart { EventLoop.shared.cancel(restart) }
        for tenancy in tenancies { tenancy.process.shutDown() }
        guard !tenancies.isEmpty else { return }
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
