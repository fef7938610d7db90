internal import Glibc
internal import OstlerCatalog
internal import OstlerConfig
internal import OstlerHost
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks

/// Probes by doing: the machine, the installation, a real launcher, a real sandbox, real executors, a real task.
@LoopActor
final class Doctor: SandboxObserver {
    private let composition: Composition
    private let host: Host
    private var checks: [DoctorCheck] = []
    private var exit: ExitReport?
    private var failure: LaunchFailure?
    private var waiting: UnsafeContinuation<Void, Never>?

    init(_ composition: Composition) {
        self.composition = composition
        host = Host(composition.settings)
    }

    func run() async -> [DoctorCheck] {
        checkConfiguration()
        checkPlugins()
        checks += MachineProbes(composition.config).checks
        if await checkLauncher() {
            await checkSandbox()
            await checkExecutors()
            await checkTask()
        }
        await host.stop()
        return checks
    }

    // MARK: What was read

    private func checkConfiguration() {
        let found = composition.source.map { "\($0.path), found by \($0.rule.rawValue)" }
        checks.append(.ok("configuration", found ?? "no file; the defaults hold"))
    }

    private func checkPlugins() {
        let catalog = composition.catalog
        for entry in composition.searchPath.entries where entry.origin != .workingDirectory {
            let count = catalog.plugins.count { $0.origin == entry }
            let isThere = access(entry.directory, F_OK) == 0
            let found = isThere ? "\(count) found" : "not there"
            checks.append(.ok("plugin path", "\(entry.directory) (\(entry.origin)): \(found)"))
        }
        for plugin in catalog.rejected where ![.shadowed, .blocked, .untrusted].contains(plugin.code) {
            var check = DoctorCheck(name: "plugin \(plugin.name)", status: .missing, detail: plugin.directory)
            check.cause = plugin.message
            check.fix = Self.fix(plugin.code)
            checks.append(check)
        }
        let names = catalog.executorNames
        var check = DoctorCheck.ok("executors", names.joined(separator: ", "))
        if names.isEmpty {
            check = DoctorCheck(name: "executors", status: .failed, detail: "none is installed")
            check.cause = "no directory of the search path holds a plugin that can be used"
            check.fix = "install Ostler with scripts/install, or give --plugin-path"
        }
        checks.append(check)
    }

    private static func fix(_ code: RejectedPlugin.Code) -> String {
        switch code {
        case .unsafePermissions: "make it yours or root's, and not writable by others: chmod -R go-w DIRECTORY"
        case .notFound: "name a directory that exists"
        case .unreadable: "give yourself the right to read it"
        case .noManifest: "give it a plugin.yaml, or move the directory elsewhere"
        case .invalidEntry: "build the plugin's program, and make it executable"
        default: "correct plugin.yaml; `ostler plugin list --all` names what is wrong"
        }
    }

    // MARK: What is started

    private func checkLauncher() async -> Bool {
        do {
            try await host.provider.launcher.start()
            let identity =
                host.provider.launcher.capabilities.isRealRoot ? "as root, with ids of its own" : "as an ordinary user"
            checks.append(.ok("launcher", identity))
            return true
        } catch {
            report("launcher", error)
            return false
        }
    }

    /// Starts `true` under the default policy and reads the certificate.
    private func checkSandbox() async {
        let policy: SandboxPolicy
        do throws(Failure) {
            policy = try host.provider.policy(for: .init(id: "doctor", executor: "", payload: []), executor: "")
        } catch {
            var check = DoctorCheck(name: "sandbox", status: .failed, detail: error.message)
            check.fix = error.hint
            return checks.append(check)
        }
        do {
            let plan = try await host.provider.plan(for: policy)
            let null = OwnedFD(taking: open("/dev/null", O_RDWR | O_CLOEXEC))
            _ = host.provider.launcher.spawn(
                plan: plan,
                arguments: ["true"],
                descriptors: (null.number, null.number, null.number),
                launchChannel: false,
                observer: self
            )
            await withUnsafeContinuation { waiting = $0 }
            if let failure { return report("sandbox", failure) }
            guard let exit else { return }
            describe(
                Certificate(policy: policy, enforced: exit.layers, capabilities: host.provider.launcher.capabilities)
            )
        } catch {
            report("sandbox", error)
        }
    }

    private func describe(_ certificate: Certificate) {
        for layer in SandboxLayer.allCases {
            let mechanism = certificate.mechanism(layer)
            var check = DoctorCheck.ok(layer.name, mechanism)
            if !certificate.enforced.contains(layer) {
                check.status = .missing
                (check.cause, check.fix) = Self.lack(of: layer)
            }
            checks.append(check)
        }
    }

    private static func lack(of layer: SandboxLayer) -> (cause: String, fix: String) {
        switch layer {
        case .memoryLimit, .processLimit:
            (
                "no cgroup of this process can be written",
                "give this user a delegated cgroup (systemd: Delegate=yes), or run as root; until then rlimits hold, "
                    + "for each process or user by itself"
            )
        case .landlock:
            (
                "the kernel has no Landlock, or only its first version",
                "use Linux 5.19 or newer, with landlock among its security modules (lsm=)"
            )
        default: ("the kernel or the container does not offer it", "look at the container's options and the kernel's")
        }
    }

    private func checkExecutors() async {
        for (executor, result) in await host.health() {
            let status: DoctorCheck.Status =
                switch result.status {
                case .healthy: .ok
                case .degraded: .missing
                case .unhealthy: .failed
                }
            let detail = result.detail ?? result.status.rawValue
            var check = DoctorCheck(name: "executor \(executor)", status: status, detail: detail)
            if status != .ok {
                check.cause = "its plugin says so, or does not answer"
                check.fix = "run a task of it: the plugin's last words on stderr are shown with the failure"
            }
            checks.append(check)
        }
    }

    /// The whole way, if the built-in executor may start `true`.
    private func checkTask() async {
        let spec = TaskSpec(id: "doctor", executor: "command", payload: Array(#"{"command":"true"}"#.utf8))
        guard host.check(spec).isEmpty else { return }
        let result = await host.run(spec, origin: composition.origin)
        var check = DoctorCheck.ok("task", "`true` by the executor command: \(result.outcome.rawValue)")
        if result.outcome != .succeeded {
            check.status = .failed
            check.cause = result.error?.message
            check.fix = result.error?.hint ?? "ostler run command --json -- true tells more"
        }
        checks.append(check)
    }

    private func report(_ name: String, _ failure: LaunchFailure) {
        let diagnosis = LaunchDiagnosis.failure(failure)
        var check = DoctorCheck(name: name, status: .failed, detail: diagnosis.message)
        check.cause = failure.detail.isEmpty ? "step \(failure.stage) is refused here" : failure.detail
        check.fix = diagnosis.hint
        checks.append(check)
    }

    // MARK: What the launcher tells of the probe

    func sandboxExited(_ report: ExitReport) { exit = report }

    func sandboxFailed(_ failure: LaunchFailure) {
        self.failure = failure
        waiting.take()?.resume()
    }

    func sandboxReaped(_ sandbox: UInt32) { waiting.take()?.resume() }

    func taskGone(isProven: Bool) {}

    func launcherLost() { sandboxFailed(LaunchFailure(launcherLost: ())) }
}
