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
final class Doctor {
    private let composition: Composition
    private let host: Host
    private var checks: [DoctorCheck] = []

    init(_ composition: Composition) {
        self.composition = composition
        host = Host(composition.settings)
    }

    func run() async -> [DoctorCheck] {
        checkConfiguration()
        checkPlugins()
        checks += MachineProbes(composition.config).checks
        if await checkSandbox() {
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

    /// The launcher, and each layer of the sandbox that tasks get. False: there is no launcher.
    private func checkSandbox() async -> Bool {
        do throws(Failure) {
            let spec = TaskSpec(id: "doctor", executor: "", payload: [])
            let layers = await LayerChecks(try host.provider.policy(for: spec, executor: ""), host.provider).run()
            checks += layers
            return layers.contains { $0.status != .failed }
        } catch {
            var check = DoctorCheck(name: "sandbox", status: .failed, detail: error.message)
            check.fix = error.hint
            checks.append(check)
            return true
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
}
