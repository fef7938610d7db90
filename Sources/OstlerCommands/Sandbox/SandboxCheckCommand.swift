internal import OstlerCommandLine
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSandbox
internal import OstlerSystem
internal import OstlerTasks

/// `ostler sandbox check`: each layer of a sandbox, tried by building it.
struct SandboxCheckCommand: Sendable {
    static let spec: CommandSpec = {
        var spec = CommandSpec("check", "Tries each layer of the sandbox on this machine, by building one.")
        spec.details = [
            "What is refused is told with cause and fix. `ostler doctor` tries plugins and a whole task besides."
        ]
        spec.synopsis = ["[OPTIONS]"]
        spec.sections = SandboxOptions.sections + [GlobalOptions.sectionWithoutPlugins]
        spec.examples = ["ostler sandbox check", "ostler sandbox check --require landlock --json"]
        spec.exitCodes = [
            .init("0", "all layers can be had"), .init("2", "one that is not required cannot be had"),
            .init("3", "the sandbox is refused"), .init("5", "one that is required cannot be had"),
        ]
        spec.action = { try SandboxCheckCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let sandbox: SandboxOptions

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        sandbox = try SandboxOptions(arguments)
    }

    private func run() throws -> Int32 {
        let context = try RunContext(global)
        let settings = sandbox.settings(context)
        let spec = sandbox.spec
        let machine = MachineProbes(context.config).checks
        let result = EventLoop.shared.run { () -> Result<[DoctorCheck], Failure> in
            let provider = SandboxProvider(settings)
            defer { provider.launcher.stop() }
            do throws(Failure) {
                if let refusal = provider.refusal(of: spec, launches: true) { throw refusal }
                let policy = try provider.policy(for: spec, executor: SandboxOptions.executor)
                return .success(await LayerChecks(policy, provider).run())
            } catch {
                return .failure(error)
            }
        }
        switch result {
        case .success(let layers):
            let checks = machine + layers
            try Results.write(global.json ? DoctorCheck.json(checks) : DoctorCheck.text(checks))
            return DoctorCheck.exitCode(checks)
        case .failure(let failure):
            Log.failure(failure)
            return Outcome.denied.exitCode
        }
    }
}
