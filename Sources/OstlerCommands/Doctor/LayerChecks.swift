internal import OstlerHost
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem

/// Tries each layer of a sandbox by building the sandbox. `ostler doctor` and `ostler sandbox check` share it.
@LoopActor
struct LayerChecks {
    private let provider: SandboxProvider
    private let policy: SandboxPolicy

    init(_ policy: SandboxPolicy, _ provider: SandboxProvider) {
        self.policy = policy
        self.provider = provider
    }

    /// The launcher, and each layer if it works. A required layer that is refused is told, and then done without, to see
    /// what becomes of the others.
    func run() async -> [DoctorCheck] {
        do {
            try await provider.launcher.start()
        } catch {
            return [Self.refused("launcher", error)]
        }
        let identity =
            provider.launcher.capabilities.isRealRoot ? "as root, with ids of its own" : "as an ordinary user"
        return [.ok("launcher", identity)] + (await layers())
    }

    private func layers() async -> [DoctorCheck] {
        var refusals: [SandboxLayer: LaunchFailure] = [:]
        var policy = policy
        while true {
            do throws(LaunchFailure) {
                let report = try await SandboxProbe(provider).run(policy)
                return describe(report.layers, refusals)
            } catch {
                guard let layer = error.layer, policy.required.contains(layer) else {
                    return [Self.refused("sandbox", error)] + refusals.map { Self.refused($0.key.name, $0.value) }
                }
                refusals[layer] = error
                let one = SandboxLayers([layer])
                policy.required.subtract(one)
                policy.best.formUnion(one)
            }
        }
    }

    private func describe(_ enforced: SandboxLayers, _ refusals: [SandboxLayer: LaunchFailure]) -> [DoctorCheck] {
        let capabilities = provider.launcher.capabilities
        let certificate = Certificate(policy: policy, enforced: enforced, capabilities: capabilities)
        return SandboxLayer.allCases.map { layer in
            if let failure = refusals[layer] { return Self.refused(layer.name, failure) }
            var check = DoctorCheck.ok(layer.name, certificate.mechanism(layer))
            let isAsked = policy.required.contains(layer) || policy.best.contains(layer)
            if isAsked, !enforced.contains(layer) {
                check.status = .missing
                (check.cause, check.fix) = Self.lack(of: layer)
            }
            return check
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

    private static func refused(_ name: String, _ failure: LaunchFailure) -> DoctorCheck {
        let diagnosis = LaunchDiagnosis.failure(failure)
        var check = DoctorCheck(name: name, status: .failed, detail: diagnosis.message)
        check.cause = failure.detail.isEmpty ? "step \(failure.stage) is refused here" : failure.detail
        check.fix = diagnosis.hint
        return check
    }
}
