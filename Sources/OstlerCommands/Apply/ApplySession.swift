internal import Glibc
internal import OstlerApply
internal import OstlerHost
internal import OstlerProtocol
internal import OstlerResources
internal import OstlerSystem
internal import OstlerTasks

/// One run of `ostler apply`.
@LoopActor
struct ApplySession {
    private let command: ApplyCommand
    private let composition: Composition
    private let settings: HostSettings
    private let manifest: Manifest
    private let files: RootedFiles

    /// Throws if the root cannot be had.
    nonisolated init(_ command: ApplyCommand, _ composition: Composition, _ manifest: Manifest) throws {
        self.command = command
        self.composition = composition
        self.manifest = manifest
        files = try RootedFiles(command.root ?? "/")
        var settings = composition.settings
        settings.isOperator = true
        settings.profile = command.profile
        settings.inheritedEnvironment = Composition.environment.sorted { $0.key < $1.key }.map { "\($0)=\($1)" }
        if let root = command.root {
            guard let real = realpath(root, nil) else { throw Failure.noRoot(root) }
            defer { free(real) }
            settings.profile = command.profile ?? "strict"
            settings.taskBinds = RootView(path: String(cString: real)).binds
        }
        self.settings = settings
    }

    /// Returns the exit code.
    func run() async -> Int32 {
        let host = Host(settings)
        let problems = problems(host)
        guard problems.isEmpty else {
            for (resource, problem) in problems { Log.failure(problem, .init(place: "\(resource.place)")) }
            Log.info("nothing was done")
            await host.stop()
            return Outcome(refusals: problems.map(\.1)).exitCode
        }
        let world = HostWorld(files: files, host: host, origin: composition.origin) { title, line in
            Log.info(line, .init(task: title))
        }
        let interrupts = Interrupts { _, count in
            if count == 1 {
                Log.info("cancelling what runs; once more to kill it at once")
                world.interrupt()
            } else {
                host.abandon()
            }
        }
        let code = await apply(to: world)
        await host.stop()
        return interrupts.exitCode ?? code
    }

    /// What no task of the manifest may be refused for later.
    private func problems(_ host: Host) -> [(Resource, Failure)] {
        manifest.resources.flatMap { resource in
            (resource.task.map { problems(of: $0, host) } ?? []).map { (resource, $0) }
        }
    }

    /// Under a root of their own, commands must not get at the machine.
    private func problems(of task: TaskSpec, _ host: Host) -> [Failure] {
        guard command.root != nil else { return host.problems(of: task) }
        do throws(Failure) {
            let policy = try host.provider.effective(for: task.sandbox)
            return policy.fence == .namespaces ? host.problems(of: task) : [.noRootView(policy.profile.value)]
        } catch {
            return [error]
        }
    }

    // MARK: Applying

    /// Beside the loop, which serves the tasks while files are looked at.
    private func apply(to world: HostWorld) async -> Int32 {
        let (command, manifest) = (command, manifest)
        return await Task.detached {
            let report = ApplyReport(isJSON: command.global.json, isMonitor: command.mode.isMonitor)
            let run = ApplyRun(world, command.mode, clock: { Instant.now.nanoseconds / 1000 })
            await run.apply(manifest) { report.tell($0) }
            var again: [String] = []
            if command.checksIdempotence, !world.isInterrupted, run.tally.exitCode == 0 {
                again = await Self.changes(manifest, world)
            }
            report.finish(run.tally, isNoop: command.mode.isNoop, changedAgain: again)
            guard run.tally.exitCode == 0 else { return run.tally.exitCode }
            return report.isLost ? Outcome.infra.exitCode : again.isEmpty ? 0 : Outcome.failed.exitCode
        }.value
    }

    /// What a second pass would do, asked without doing it twice.
    private nonisolated static func changes(_ manifest: Manifest, _ world: HostWorld) async -> [String] {
        var mode = ApplyMode()
        mode.isNoop = true
        var again: [String] = []
        let second = ApplyRun(world, mode, clock: { Instant.now.nanoseconds / 1000 })
        await second.apply(manifest) { outcome in
            if outcome.changed || outcome.state == .failed { again.append(outcome.title) }
        }
        return again
    }
}

extension Outcome {
    /// Of a manifest some of whose tasks are refused.
    fileprivate init(refusals: [Failure]) {
        self = refusals.allSatisfy { $0.code.hasSuffix("_denied") } ? .denied : .invalid
    }
}

extension Failure {
    static func noRootView(_ profile: String) -> Failure {
        Failure(
            "no_view",
            fault: .user,
            message: "under the profile \"\(profile)\" commands would not see --root as their root, but the machine",
            hint: "leave out --sandbox and sandbox, or take a profile with namespaces"
        )
    }

    static func noRoot(_ path: String) -> Failure {
        Failure("root_unavailable", fault: .user, message: "--root \(path): \(String(cString: strerror(errno)))")
    }
}
