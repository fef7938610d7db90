internal import Glibc
internal import OstlerProtocol
package import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks

/// The sandbox of a task's commands: what it is made of before the task is queued, and what the launcher saw of it.
extension TaskRun: SandboxObserver {
    func prepare(_ command: CommandSandbox) async {
        do throws(Failure) {
            try await giveSecrets(to: command)
        } catch {
            evidence.failure = (.infra, error)
            return perform(state.handle(.executorLost, launches: launches))
        }
        do {
            command.plan = try await plan(command)
            command.controlFiles = ControlFiles(of: command.policy)
            host.settings.onPhase?("view of the command")
            if state == .waiting { route.pool.enqueue(self) }
        } catch {
            var failure = LaunchDiagnosis.failure(error)
            failure.sideEffects = .none
            evidence.sandboxFailure = failure
            perform(state.handle(.executorLost, launches: launches))
        }
    }

    /// The sandbox gets their values; what the task writes from now on is looked through for them.
    private func giveSecrets(to command: CommandSandbox) async throws(Failure) {
        guard !spec.secrets.isEmpty else { return }
        let found = try await host.provider.vault.resolve(spec.secrets)
        command.policy.secrets = found.map { grant, value in
            // A variable ends where text ends; a file is what its source was, byte for byte.
            let bytes = grant.variable == nil ? value.bytes : value.core
            return SandboxSecret(name: grant.name, variable: grant.variable, bytes: bytes)
        }
        secrets = found.map(\.value)
    }

    /// Files of lists that were changed after they had been judged are looked up anew, once: nothing has run yet.
    private func plan(_ command: CommandSandbox) async throws(LaunchFailure) -> LaunchPlan {
        do {
            return try await host.provider.plan(for: command.policy)
        } catch  where error.isStale {
            guard var policy = try? host.provider.policy(for: spec, executor: route.name, isStale: true) else {
                throw error
            }
            policy.secrets = command.policy.secrets
            command.policy = policy
            return try await host.provider.plan(for: policy)
        }
    }

    // MARK: What the launcher saw

    package func sandboxExited(_ report: ExitReport) {
        trace?.sandboxExited(report)
        evidence.exits.append(.init(exitCode: report.exitCode, signal: report.signal))
        enforced = enforced.map { $0.intersection(report.layers) } ?? report.layers
        usage = report.usage
        for hit in command?.policy.limits.hits(in: report) ?? [] {
            evidence.note(ReachedLimit(hit.limit, at: hit.area))
        }
    }

    package func sandboxFailed(_ failure: LaunchFailure) {
        guard !failure.isProgramFault else { return }
        // The launcher saw the end of the plugin first. The host hears of it next, and then knows what became of the task.
        // A plugin may also have closed its end alone and go on: nothing of the task is left then either.
        guard !failure.isPluginGone else {
            launchNumber = nil
            return perform(state.handle(.gone, launches: launches))
        }
        evidence.sandboxFailure = LaunchDiagnosis.failure(failure)
        trace?.sandboxFailed(failure)
    }

    package func sandboxReaped(_ sandbox: UInt32) {}

    package func taskGone(isProven: Bool) {
        self.isProven = isProven
        perform(state.handle(.gone, launches: launches))
    }

    package func launcherLost() {
        // An executor that has noticed it first can only say that it does not know more.
        if evidence.answer?.error?.fault == .sandbox { evidence.answer = nil }
        if evidence.answer == nil {
            var failure = LaunchDiagnosis.failure(LaunchFailure(launcherLost: ()))
            failure.sideEffects = evidence.dispatched ? .possible : .none
            evidence.failure = (.sandboxError, failure)
            evidence.sandboxFailure = nil
        }
        // By the kernel's rule the death of the launcher is the death of every pid 1 that it had started.
        launchNumber = nil
        perform(state.handle(.executorLost, launches: false))
        perform(state.handle(.gone, launches: launches))
    }
}

/// The sandbox that the commands of a task get: what it is to be, and the launcher's number for it.
@LoopActor
final class CommandSandbox {
    var policy: SandboxPolicy
    /// Bytes of the task's streams together.
    let outputLimit: Int64?
    var plan: LaunchPlan?
    /// As they were before the task ran.
    var controlFiles: ControlFiles?

    init(_ policy: SandboxPolicy, outputLimit: Int64?) {
        self.policy = policy
        self.outputLimit = outputLimit
    }
}
