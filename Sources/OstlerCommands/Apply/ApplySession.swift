internal import OstlerApply
internal import OstlerConfig
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerResources
internal import OstlerSystem
internal import OstlerTasks
internal import OstlerTelemetry

/// One run of `ostler apply`.
@LoopActor
struct ApplySession {
    private let command: ApplyCommand
    private let composition: Composition
    private var settings: HostSettings
    private let files: RootedFiles

    /// Throws if the root cannot be had.
    nonisolated init(_ command: ApplyCommand, _ composition: Composition) throws {
        self.command = command
        self.composition = composition
        let root = try command.root.map { option throws(Failure) in try RootDirectory(option) }
        files = try root?.files ?? RootedFiles("/")
        settings = composition.settings
        settings.isOperator = true
        settings.profile = command.profile
        settings.profileOption = command.profile == nil && command.root != nil ? "root" : "sandbox"
        settings.inheritedEnvironment = CallerEnvironment.own.variables
        for name in CallerEnvironment.own.unreadable {
            Log.warning("the variable \(Quotation.text(name)) is not UTF-8: commands do not get it")
        }
        guard let root else { return }
        settings.profile = command.profile ?? "strict"
        settings.taskBinds = RootView(path: root.path).binds
    }

    /// Returns the exit code.
    /// - Parameter read: the manifest, or what is wrong with it.
    func run(_ read: Result<Manifest, ConfigFailure>, _ telemetry: Telemetry?) async -> Int32 {
        switch read {
        case .success(let manifest):
            var settings = settings
            settings.tracing = telemetry?.tracing
            return await run(manifest, Host(settings), telemetry)
        case .failure(let failure):
            Log.set(phase: .check)
            for problem in failure.problems {
                Log.problem(problem)
                telemetry?.add(Failure(problem), at: problem.place)
            }
            if let more = failure.omission { Log.error(more) }
            return Outcome.invalid.exitCode
        }
    }

    private func run(_ manifest: Manifest, _ host: Host, _ telemetry: Telemetry?) async -> Int32 {
        Log.set(phase: .check)
        let problems = await problems(manifest, host)
        guard problems.isEmpty else {
            for (resource, problem) in problems {
                Log.failure(problem, .init(task: resource.title, place: resource.place.description))
                telemetry?.add(problem, at: resource.place.description)
            }
            Log.info("nothing was done")
            await host.stop()
            return Outcome(refusals: problems.map(\.1)).exitCode
        }
        Log.set(phase: .execute)
        let world = HostWorld(
            files: files,
            host: host,
            origin: composition.origin,
            tracing: host.settings.tracing
        ) { title, line in
            let vault = host.provider.vault
            Log.output(vault.masked(line), .init(task: vault.masked(title)))
        }
        let interrupts = Interrupts { _, count in
            if count == 1 {
                Log.info("cancelling what runs; once more to kill it at once")
                world.interrupt()
            } else {
                host.abandon()
            }
        }
        let code = await apply(manifest, to: world, host, telemetry)
        await host.stop()
        Log.set(phase: .finish)
        return interrupts.exitCode ?? code
    }

    // MARK: Checking

    /// What no resource of the manifest may be refused for later; a secret that cannot be had among it.
    private func problems(_ manifest: Manifest, _ host: Host) async -> [(Resource, Failure)] {
        var problems: [(Resource, Failure)] = []
        var secrets: [String: Resource] = [:]
        for resource in manifest.resources {
            problems += host.problems(of: resource, needsView: command.root != nil).map { (resource, $0) }
            for grant in resource.task?.secrets ?? [] where secrets[grant.name] == nil {
                secrets[grant.name] = resource
            }
        }
        guard problems.isEmpty, !secrets.isEmpty else { return problems }
        let failures = await host.provider.vault.failures(of: secrets.keys.sorted())
        return failures.compactMap { name, failure in secrets[name].map { ($0, failure) } }
    }

    // MARK: Applying

    /// Beside the loop, which serves the tasks while files are looked at.
    private func apply(
        _ manifest: Manifest,
        to world: HostWorld,
        _ host: Host,
        _ telemetry: Telemetry?
    ) async -> Int32 {
        let command = command
        let mask = composition.config.secrets.isEmpty ? nil : host.provider.vault
        return await Task.detached {
            let report = ApplyReport(isJSON: command.global.json, isMonitor: command.mode.isMonitor)
            let run = ApplyRun(world, command.mode, clock: Self.clock)
            await run.apply(manifest) { outcome in
                let told = await mask?.masked(outcome) ?? outcome
                report.tell(told)
                await telemetry?.add(resource: .init(told))
            }
            var again: [String] = []
            if command.checksIdempotence, world.isInterrupted || run.tally.exitCode != 0 {
                Log.warning("there is no second pass (--check-idempotent): the first one did not end well")
            } else if command.checksIdempotence {
                await ApplyRun(world, command.mode, clock: Self.clock).apply(manifest) { outcome in
                    guard outcome.isDoneAgain else { return }
                    let told = await mask?.masked(outcome) ?? outcome
                    again.append(told.title)
                    if let error = told.error { Log.failure(error, .init(task: told.title, place: told.place)) }
                    await telemetry?.add(resource: .init(changedAgain: told))
                }
            }
            report.finish(run.tally, isNoop: command.mode.isNoop, changedAgain: again)
            guard run.tally.exitCode == 0 else { return run.tally.exitCode }
            return report.isLost ? Outcome.infra.exitCode : again.isEmpty ? 0 : Outcome.failed.exitCode
        }.value
    }

    private nonisolated static func clock() -> Int64 { Instant.now.nanoseconds / 1000 }
}

extension ResourceOutcome {
    /// Whether a second pass did something where there should have been nothing left to do.
    fileprivate var isDoneAgain: Bool { changed && !isNoop || state == .failed || state == .unmet }
}

extension Outcome {
    /// Of a manifest some of whose tasks are refused.
    fileprivate init(refusals: [Failure]) {
        if refusals.allSatisfy({ $0.fault == .infra }) {
            self = .infra
        } else {
            self = refusals.allSatisfy { $0.code.hasSuffix("_denied") } ? .denied : .invalid
        }
    }
}

extension Failure {
    fileprivate init(_ error: ConfigError) {
        self.init(error.code.rawValue, fault: .user, message: error.message, hint: error.hint)
    }
}
