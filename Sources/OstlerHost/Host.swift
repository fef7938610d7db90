internal import OstlerConfig
internal import OstlerCatalog
internal import OstlerJSON
package import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSchema
package import OstlerSystem
package import OstlerTasks

/// The host: takes tasks, checks them, hands them to executors, and tells what became of them.
@LoopActor
package final class Host {
    package let settings: HostSettings
    package let provider: SandboxProvider
    private var pools: [String: ExecutorPool] = [:]
    private var schemas: [String: CompiledSchema] = [:]
    private var judges: [String: ProgramPolicy] = [:]
    /// Tasks that have been accepted and are not over, by id.
    private var open: [String: TaskRun] = [:]
    private var isStopping = false

    package init(_ settings: HostSettings) {
        self.settings = settings
        provider = SandboxProvider(settings)
    }

    // MARK: Checking

    /// What is wrong with a task, before anything is run; empty if it may run.
    package func check(_ spec: TaskSpec) -> [Failure] {
        let executor: CatalogExecutor
        do {
            executor = try settings.catalog.requireExecutor(named: spec.executor)
        } catch {
            let pointer = JSONPointer("/executor")
            return [Failure(error.code.rawValue, fault: .user, message: error.message, pointer: pointer, hint: error.hint)]
        }
        return check(spec, executor)
    }

    private func check(_ spec: TaskSpec, _ executor: CatalogExecutor) -> [Failure] {
        if let profile = spec.sandbox.profile, SandboxPolicy.Profile(rawValue: profile) == nil {
            let known = SandboxPolicy.Profile.allCases.map(\.rawValue).joined(separator: ", ")
            let message = "sandbox profile \"\(profile)\" is not to be had; this version has \(known)"
            return [Failure("profile_unavailable", fault: .user, message: message, pointer: JSONPointer("/sandbox/profile"))]
        }
        guard spec.payload.count <= Self.maximumPayloadBytes else { return [.payloadTooLarge(spec.payload.count)] }
        let schema: CompiledSchema
        do throws(ConfigError) {
            schema = try self.schema(of: executor)
        } catch {
            return [Failure("invalid_schema", fault: .executor, message: error.message)]
        }
        var problems: [SchemaProblem] = []
        spec.payload.withUnsafeBufferPointer { schema.validate($0, into: &problems) }
        guard problems.isEmpty else {
            return problems.map {
                Failure($0.code, fault: .user, message: $0.message, pointer: JSONPointer("/payload" + $0.pointer.description))
            }
        }
        return policyProblems(spec, executor, schema)
    }

    private func schema(of executor: CatalogExecutor) throws(ConfigError) -> CompiledSchema {
        if let known = schemas[executor.name] { return known }
        let compiled = try executor.executor.payload.compiled()
        schemas[executor.name] = compiled
        return compiled
    }

    /// The policy engine knows nothing of executors: the schema's annotations say where a program stands.
    private func policyProblems(_ spec: TaskSpec, _ executor: CatalogExecutor, _ schema: CompiledSchema) -> [Failure] {
        guard executor.plugin.manifest.needs.launch else { return [] }
        let judge = judge(of: executor.name)
        guard judge.hasRules else { return [] }
        let programs = try? spec.payload.withUnsafeBufferPointer {
            try schema.values(annotatedWith: "x-ostler-program", in: $0)
        }
        guard let programs else {
            return [Failure("invalid_json", fault: .user, message: "the payload is not JSON", pointer: JSONPointer("/payload"))]
        }
        return programs.compactMap { found in
            found.value.string.flatMap { judge.judge($0, at: JSONPointer("/payload" + found.pointer.description)) }
        }
    }

    private func judge(of executor: String) -> ProgramPolicy {
        if let known = judges[executor] { return known }
        let names = settings.config.executor(named: executor).allowedCommands ?? []
        let judge = ProgramPolicy(provider.programs(of: executor), allowedNames: names)
        judges[executor] = judge
        return judge
    }

    /// A frame carries the payload and what the host says of the task.
    package nonisolated static let maximumPayloadBytes = ExecutorProcess.maximumFrameBytes - (64 << 10)

    // MARK: Running

    /// Runs one task to its end. It never throws: whatever happens is an outcome.
    package func run(_ spec: TaskSpec, origin: TaskOrigin, io: TaskIO = TaskIO()) async -> TaskResult {
        let submitted = Instant.now
        let executor: CatalogExecutor
        do {
            executor = try settings.catalog.requireExecutor(named: spec.executor)
        } catch {
            return refused(spec, origin, check(spec))
        }
        let problems = check(spec, executor)
        guard problems.isEmpty else { return refused(spec, origin, problems) }
        guard open[spec.id] == nil else { return refused(spec, origin, [.duplicateID(spec.id)]) }
        guard !isStopping else { return refused(spec, origin, [.stopping]) }
        let pool = pool(of: executor.plugin)
        var command: (policy: SandboxPolicy, plan: UInt32)?
        if executor.plugin.manifest.needs.launch {
            // The plugin starts up while the view of its commands is built.
            pool.warmUp()
            let policy = provider.policy(for: spec, executor: executor.name)
            do {
                command = (policy, try await provider.plan(for: policy))
            } catch {
                return unavailable(spec, origin, error)
            }
            settings.onPhase?("view of the command")
        }
        let run = TaskRun(
            spec: spec,
            origin: origin,
            executor: executor,
            command: command,
            io: io,
            provider: provider,
            settings: settings,
            pool: pool,
            submitted: submitted
        )
        open[spec.id] = run
        let result = await run.result()
        open[spec.id] = nil
        return result
    }

    private func pool(of plugin: InstalledPlugin) -> ExecutorPool {
        if let known = pools[plugin.manifest.name] { return known }
        let pool = ExecutorPool(plugin: plugin, provider: provider, settings: settings)
        pools[plugin.manifest.name] = pool
        return pool
    }

    /// The result of a task that was not accepted.
    package func refused(_ spec: TaskSpec, _ origin: TaskOrigin, _ problems: [Failure]) -> TaskResult {
        let isDenied = problems.contains { $0.code.hasSuffix("_denied") }
        var result = TaskResult(
            id: spec.id, origin: origin, executor: spec.executor, outcome: isDenied ? .denied : .invalid, exitCode: -1)
        result.error = problems.first
        result.metadata = spec.metadata
        result.timing.submitted = WallClock.milliseconds
        return result
    }

    private func unavailable(_ spec: TaskSpec, _ origin: TaskOrigin, _ failure: LaunchFailure) -> TaskResult {
        var result = TaskResult(
            id: spec.id, origin: origin, executor: spec.executor, outcome: .sandboxError, exitCode: -1)
        result.error = LaunchDiagnosis.failure(failure)
        result.timing.submitted = WallClock.milliseconds
        return result
    }

    // MARK: Cancelling and stopping

    /// Cancels a task; false if none with that id is open.
    @discardableResult
    package func cancel(_ id: String) -> Bool {
        guard let run = open[id] else { return false }
        run.end(.cancelled)
        return true
    }

    /// Cancels everything; from now on nothing is accepted.
    package func cancelAll() {
        isStopping = true
        for run in open.values { run.end(.cancelled) }
    }

    /// Kills everything at once, without grace; open tasks still get their outcomes.
    package func abandon() {
        cancelAll()
        provider.launcher.abandon()
    }

    /// Asks every executor how it is, all at once, each within a limit.
    package func health(milliseconds: Int64 = 5000) async -> [(executor: String, result: HealthResult)] {
        var results: [(executor: String, result: HealthResult)] = []
        await withTaskGroup(of: (String, HealthResult).self) { group in
            for name in settings.catalog.executorNames {
                guard let executor = settings.catalog.executor(named: name) else { continue }
                let pool = pool(of: executor.plugin)
                group.addTask(executorPreference: EventLoop.shared) {
                    (name, await pool.health(milliseconds: milliseconds))
                }
            }
            for await (name, result) in group { results.append((name, result)) }
        }
        return results.sorted { $0.executor < $1.executor }
    }

    /// Ends executors and launcher; returns when nothing is left.
    package func stop() async {
        cancelAll()
        for pool in pools.values { await pool.close() }
        provider.launcher.stop()
    }
}
