internal import OstlerCatalog
internal import OstlerConfig
internal import OstlerJSON
package import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSchema
package import OstlerSystem
package import OstlerTasks
internal import OstlerTelemetry

/// The host: takes tasks, checks them, hands them to executors, and tells what became of them.
@LoopActor
package final class Host {
    package let settings: HostSettings
    package let provider: SandboxProvider
    private var pools: [String: ExecutorPool] = [:]
    private var routes: [String: ExecutorRoute] = [:]
    private var lastRoute: ExecutorRoute?
    private var validator = JSONValidator()
    private let open = OpenTasks()
    private var isStopping = false

    package init(_ settings: HostSettings) {
        self.settings = settings
        provider = SandboxProvider(settings)
    }

    // MARK: Checking

    /// What is wrong with a task, before anything is run; empty if it may run.
    package func check(_ spec: TaskSpec) -> [Failure] {
        do throws(Failure) {
            return check(spec, try route(to: spec.executor))
        } catch {
            return [error]
        }
    }

    private func check(_ spec: TaskSpec, _ route: ExecutorRoute) -> [Failure] {
        if let refusal = provider.refusal(of: spec, launches: route.launches) { return [refusal] }
        if !spec.secrets.isEmpty {
            guard route.launches else { return [.secretsUnsupported(route.name)] }
            if let problem = provider.vault.problem(of: spec) { return [problem] }
        }
        if let text = spec.traceparent, TraceContext(traceparent: text) == nil { return [.invalidTraceparent(text)] }
        let bytes = Self.frameBytes(of: spec)
        guard bytes <= Self.maximumPayloadBytes else { return [.payloadTooLarge(bytes)] }
        if !spec.isPayloadChecked, let fault = jsonFault(spec.payload) { return [fault] }
        var mismatches: [SchemaProblem] = []
        route.schema.validate(spec.payload, into: &mismatches)
        guard mismatches.isEmpty else {
            return mismatches.map {
                Failure(
                    $0.code,
                    fault: .user,
                    message: $0.message,
                    pointer: JSONPointer("/payload" + $0.pointer.description)
                )
            }
        }
        let problems = policyProblems(spec, route)
        return problems.isEmpty ? guardProblems(spec, route) : problems
    }

    /// The commands of guards are programs like any other.
    private func guardProblems(_ spec: TaskSpec, _ route: ExecutorRoute) -> [Failure] {
        guard let guards = spec.guards else { return [] }
        do throws(Failure) {
            for (name, command) in [("onlyif", guards.onlyif), ("unless", guards.unless)] {
                guard let words = try command?.arguments(), route.judge.hasRules else { continue }
                let place = JSONPointer("/guards").member(name)
                let denial = route.judge.judge(words[0], Array(words.dropFirst()), at: place)
                if let denial { return [denial] }
            }
            return []
        } catch {
            return [error]
        }
    }

    /// What a task takes of a frame: a plugin could only refuse one that is too long, together with all that it does.
    private static func frameBytes(of spec: TaskSpec) -> Int {
        guard !spec.environment.isEmpty || !spec.metadata.isEmpty else { return spec.payload.count }
        var writer = JSONWriter()
        writer.strings(spec.environment + spec.metadata)
        return spec.payload.count + writer.bytes.count
    }

    /// The payload travels as it is: what is no JSON would break the frame that carries it, and so the plugin's session.
    private func jsonFault(_ payload: [UInt8]) -> Failure? {
        do throws(JSONError) {
            try validator.validate(payload)
            return nil
        } catch {
            let message = "the payload is not JSON: \(error.reason), at byte \(error.offset + 1)"
            let hint = #"such as {"command": "true"}; for a shell, in single quotes"#
            return Failure("invalid_json", fault: .user, message: message, pointer: JSONPointer("/payload"), hint: hint)
        }
    }

    /// The way of a task to its executor, found when it is first needed.
    private func route(to executor: String) throws(Failure) -> ExecutorRoute {
        // Most tasks go where the one before went.
        if let lastRoute, lastRoute.name == executor { return lastRoute }
        let route = if let known = routes[executor] { known } else { try findRoute(to: executor) }
        lastRoute = route
        return route
    }

    private func findRoute(to executor: String) throws(Failure) -> ExecutorRoute {
        let found: CatalogExecutor
        do throws(CatalogError) {
            found = try settings.catalog.requireExecutor(named: executor)
        } catch {
            throw Failure(
                error.code.rawValue,
                fault: .user,
                message: error.message,
                pointer: JSONPointer("/executor"),
                hint: error.hint
            )
        }
        let schema: CompiledSchema
        do throws(ConfigError) {
            schema = try found.executor.payload.compiled()
        } catch {
            throw Failure("invalid_schema", fault: .executor, message: error.message)
        }
        let judge = ProgramPolicy(provider.programs(of: executor), settings.config.executor(named: executor))
        let route = pool(of: found.plugin).addRoute(found, schema: schema, judge: judge)
        routes[executor] = route
        return route
    }

    /// The policy engine knows nothing of executors: the schema's annotations say where a program stands.
    private func policyProblems(_ spec: TaskSpec, _ route: ExecutorRoute) -> [Failure] {
        guard route.launches, route.judge.hasRules else { return [] }
        guard let programs = Self.values("x-ostler-program", of: spec, route),
            let lists = route.judge.hasArgumentRules ? Self.values("x-ostler-arguments", of: spec, route) : []
        else {
            return [
                Failure(
                    "invalid_json",
                    fault: .user,
                    message: "the payload is not JSON",
                    pointer: JSONPointer("/payload")
                )
            ]
        }
        return programs.compactMap { found in
            let arguments = lists.first { $0.pointer.holder == found.pointer.holder }?.value.words ?? []
            return found.value.string.flatMap {
                route.judge.judge($0, arguments, at: JSONPointer("/payload" + found.pointer.description))
            }
        }
    }

    /// nil if the schema asks for too much work.
    private static func values(
        _ annotation: String,
        of spec: TaskSpec,
        _ route: ExecutorRoute
    ) -> [CompiledSchema.AnnotatedValue]? {
        try? spec.payload.withUnsafeBufferPointer { try route.schema.values(annotatedWith: annotation, in: $0) }
    }

    /// A frame carries the payload and what the host says of the task.
    package nonisolated static let maximumPayloadBytes = ExecutorProcess.maximumFrameBytes - (64 << 10)

    // MARK: Running

    /// Takes a task. It never throws: whatever happens is an outcome, of which `whenDone` is told once, on the loop,
    /// and before this returns if the task is refused.
    package func submit(
        _ spec: consuming TaskSpec,
        origin: TaskOrigin,
        io: TaskIO = TaskIO(),
        whenDone: @escaping @LoopActor (TaskResult) -> Void
    ) {
        let submitted = Instant.now
        let route: ExecutorRoute
        do throws(Failure) {
            route = try self.route(to: spec.executor)
        } catch {
            return whenDone(refused(spec, origin, [error]))
        }
        let problems = check(spec, route)
        guard problems.isEmpty else { return whenDone(refused(spec, origin, problems)) }
        guard !isStopping else { return whenDone(refused(spec, origin, [.stopping])) }
        let command: CommandSandbox?
        do throws(Failure) {
            command = try route.launches ? provider.commandSandbox(for: spec, executor: route.name) : nil
        } catch {
            return whenDone(refused(spec, origin, [error]))
        }
        let run = TaskRun(
            spec: consume spec,
            origin: origin,
            route: route,
            command: command,
            io: io,
            host: self,
            submitted: submitted,
            whenDone: whenDone
        )
        guard open.insert(run) else { return whenDone(refused(run.spec, origin, [.duplicateID(run.spec.id)])) }
        // The plugin starts up while the view of its commands is built.
        if route.launches, guards(of: run.spec) == nil { route.pool.warmUp() }
        run.start()
    }

    /// The guards that must be asked before a task runs; nil for none. Where nothing may be executed, each task has some.
    func guards(of spec: TaskSpec) -> TaskGuards? {
        spec.guards ?? (settings.isNoop ? TaskGuards() : nil)
    }

    /// Runs one task to its end.
    package func run(_ spec: TaskSpec, origin: TaskOrigin, io: TaskIO = TaskIO()) async -> TaskResult {
        await withUnsafeContinuation { continuation in
            submit(spec, origin: origin, io: io) { continuation.resume(returning: $0) }
        }
    }

    func pool(of plugin: InstalledPlugin) -> ExecutorPool {
        if let known = pools[plugin.manifest.name] { return known }
        let pool = ExecutorPool(plugin: plugin, provider: provider, settings: settings, open: open)
        pools[plugin.manifest.name] = pool
        return pool
    }

    /// The result of a task that was not accepted.
    package func refused(_ spec: TaskSpec, _ origin: TaskOrigin, _ problems: [Failure]) -> TaskResult {
        TaskResult(refused: spec, origin, problems)
    }

    /// A task has its outcome: it is open no longer.
    func ended(_ run: TaskRun) {
        open.remove(run)
        run.route.pool.finished(run)
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
        for run in open.all { run.end(.cancelled) }
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
        await withTaskGroup { group in
            for pool in pools.values {
                group.addTask(executorPreference: EventLoop.shared) { await pool.close() }
            }
        }
        // The proof that nothing is left of a task comes from the launcher.
        await open.waitUntilEmpty()
        await provider.launcher.finish()
    }
}
