internal import Glibc
internal import OstlerCatalog
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSchema
internal import OstlerSystem
internal import OstlerTasks

/// Asks what a task's guards ask, in the view that the task would have: under its policy, but without network, without
/// secrets, and with nothing of the host to write to. A question must not be what changes the answer.
@LoopActor
final class TaskProbe: GuardProbe {
    private let spec: TaskSpec
    private let route: ExecutorRoute
    private let host: Host
    private let probe: SandboxProbe
    private var isStopped = false

    init(_ spec: TaskSpec, _ route: ExecutorRoute, _ host: Host) {
        (self.spec, self.route, self.host) = (spec, route, host)
        probe = SandboxProbe(host.provider)
    }

    /// Kills what runs. Whoever waits for an answer gets a failure, once nothing is left.
    func stop() {
        isStopped = true
        probe.stop()
    }

    @LoopActor
    func exists(_ path: String) async throws(Failure) -> Bool {
        // A directory that is not there yet says nothing of a path that does not begin in it.
        let directory = path.isAbsolutePath ? nil : try surroundings().directory
        let answers = try await asking("whether \(Quotation.text(path, longest: 80)) exists") {
            (policy) async throws(LaunchFailure) in
            try await self.probe.ask(
                policy,
                [Array(path.utf8)],
                in: directory,
                spool: self.host.settings.spoolDirectory
            )
        }
        switch answers.first?.found {
        case 0: return true
        case ENOENT, ENOTDIR: return false
        case let code: throw .guardUnanswered(path, code ?? EPROTO)
        }
    }

    @LoopActor
    func run(_ command: GuardCommand) async throws(Failure) -> Int32 {
        let arguments = try command.arguments()
        let surroundings = try surroundings()
        let report = try await asking(command.quoted) {
            (policy) async throws(LaunchFailure) in
            try await self.probe.run(
                policy,
                arguments,
                environment: surroundings.environment,
                in: surroundings.directory
            )
        }
        if let signal = report.signal { throw .guardSignalled(command, signal) }
        return report.exitCode
    }

    /// Files of lists that were changed after they had been judged are looked up anew, once.
    private func asking<Answer>(
        _ what: String,
        _ question: (SandboxPolicy) async throws(LaunchFailure) -> Answer
    ) async throws(Failure) -> Answer {
        let policy = try host.provider.guardPolicy(for: spec, route)
        do throws(LaunchFailure) {
            return try await question(policy)
        } catch {
            guard error.isStale, !isStopped else { throw failure(what, error) }
        }
        let fresh = try host.provider.guardPolicy(for: spec, route, isStale: true)
        do throws(LaunchFailure) {
            return try await question(fresh)
        } catch {
            throw failure(what, error)
        }
    }

    private func failure(_ what: String, _ error: LaunchFailure) -> Failure {
        if isStopped { return .guardStopped(what) }
        if error.isProgramFault { return .guardNotStarted(what, error) }
        var failure = LaunchDiagnosis.failure(error)
        failure.sideEffects = .none
        return failure
    }

    /// Where the task's commands begin and what their environment has beside the policy's, as far as its payload says so
    /// in members that the schema marks.
    private func surroundings() throws(Failure) -> (directory: String?, environment: [String]) {
        let directory = values("x-ostler-directory").lazy.compactMap(\.value.string).first { !$0.isEmpty }
        var variables = spec.environment
        for found in values("x-ostler-environment") {
            for (key, value) in found.value.object?.members ?? [] {
                guard let text = value.string else { throw .guardEnvironment(key) }
                variables.append((key, text))
            }
        }
        return (directory, variables.map { "\($0.key)=\($0.value)" })
    }

    private func values(_ annotation: String) -> [CompiledSchema.AnnotatedValue] {
        let found = spec.payload.withUnsafeBufferPointer { try? route.schema.values(annotatedWith: annotation, in: $0) }
        return found ?? []
    }
}

extension SandboxProvider {
    /// The sandbox in which the guards of a task are asked: what its commands would have, or where it has none, its plugin.
    /// - Parameter isStale: whether the files of the executor's lists are to be looked up again.
    func guardPolicy(
        for task: TaskSpec,
        _ route: ExecutorRoute,
        isStale: Bool = false
    ) throws(Failure) -> SandboxPolicy {
        var policy: SandboxPolicy
        if route.launches {
            policy = try self.policy(for: task, executor: route.name, isStale: isStale)
        } else {
            policy = self.policy(for: route.pool.plugin)
            if let fence = programs(of: route.name).current(isStale: isStale) { policy.enforce(fence) }
        }
        policy.secrets = []
        policy.changeNothing()
        return policy
    }
}

extension SandboxPolicy {
    /// Takes away what could change anything outside.
    mutating func changeNothing() {
        network = .none
        for index in binds.indices { binds[index].isWritable = false }
        workDirectory?.isWritable = false
    }
}
