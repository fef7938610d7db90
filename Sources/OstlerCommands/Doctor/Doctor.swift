internal import Glibc
internal import OstlerCatalog
internal import OstlerHost
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks

/// Probes by doing: a real launcher, a real sandbox, real executors.
@LoopActor
final class Doctor: SandboxObserver {
    /// One thing that was tried.
    struct Check: Sendable {
        enum Status: String, Sendable {
            case ok
            /// Tasks run without it, less well fenced or limited.
            case missing
            case failed
        }

        let name: String
        let status: Status
        let detail: String
        var fix: String?
    }

    private let settings: HostSettings
    private let host: Host
    private var checks: [Check] = []
    private var exit: ExitReport?
    private var failure: LaunchFailure?
    private var waiting: UnsafeContinuation<Void, Never>?

    init(_ settings: HostSettings) {
        self.settings = settings
        host = Host(settings)
    }

    func run() async -> [Check] {
        checkPlugins()
        if await checkLauncher() {
            await checkSandbox()
            await checkExecutors()
        }
        await host.stop()
        return checks
    }

    private func checkPlugins() {
        let names = settings.catalog.executorNames
        checks.append(
            names.isEmpty
                ? Check(
                    name: "plugins",
                    status: .failed,
                    detail: "no executor is installed",
                    fix: "install Ostler with scripts/install, or give --plugin-path"
                )
                : Check(name: "plugins", status: .ok, detail: names.joined(separator: ", "))
        )
        for plugin in settings.catalog.rejected where ![.shadowed, .blocked, .untrusted].contains(plugin.code) {
            checks.append(
                Check(name: "plugin \(plugin.name)", status: .missing, detail: plugin.message, fix: plugin.directory)
            )
        }
    }

    private func checkLauncher() async -> Bool {
        do {
            try await host.provider.launcher.start()
            let identity =
                host.provider.launcher.capabilities.isRealRoot ? "as root, with ids of its own" : "as an ordinary user"
            checks.append(Check(name: "launcher", status: .ok, detail: identity))
            return true
        } catch {
            report("launcher", error)
            return false
        }
    }

    /// Starts `true` under the default policy and reads the certificate.
    private func checkSandbox() async {
        let policy = host.provider.policy(for: .init(id: "doctor", executor: "", payload: []), executor: "")
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
            let isEnforced = certificate.enforced.contains(layer)
            var check = Check(
                name: layer.name,
                status: isEnforced ? .ok : .missing,
                detail: certificate.mechanism(layer)
            )
            if !isEnforced { check.fix = Self.fix(layer) }
            // Not built yet, so nothing that the machine lacks.
            if layer == .landlock { check = Check(name: layer.name, status: .ok, detail: certificate.mechanism(layer)) }
            checks.append(check)
        }
    }

    private static func fix(_ layer: SandboxLayer) -> String {
        switch layer {
        case .memoryLimit, .processLimit:
            "give this user a delegated cgroup (systemd: Delegate=yes), or run as root; until then rlimits hold, for each "
                + "process or user by itself"
        default: "the kernel or the container does not offer it"
        }
    }

    private func checkExecutors() async {
        for (executor, result) in await host.health() {
            let status: Check.Status =
                switch result.status {
                case .healthy: .ok
                case .degraded: .missing
                case .unhealthy: .failed
                }
            checks.append(
                Check(name: "executor \(executor)", status: status, detail: result.detail ?? result.status.rawValue)
            )
        }
    }

    private func report(_ name: String, _ failure: LaunchFailure) {
        let diagnosis = LaunchDiagnosis.failure(failure)
        checks.append(Check(name: name, status: .failed, detail: diagnosis.message, fix: diagnosis.hint))
    }

    // MARK: What the launcher tells of the probe

    func sandboxExited(_ report: ExitReport) { exit = report }

    func sandboxFailed(_ failure: LaunchFailure) {
        self.failure = failure
        waiting.take()?.resume()
    }

    func sandboxReaped(_ sandbox: UInt32) { waiting.take()?.resume() }

    func taskGone() {}

    func launcherLost() { sandboxFailed(LaunchFailure(launcherLost: ())) }
}
