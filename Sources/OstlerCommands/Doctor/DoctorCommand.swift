internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerHost
internal import OstlerJSON
internal import OstlerSystem
internal import OstlerTasks

/// `ostler doctor`: tries everything that a task needs.
struct DoctorCommand {
    static let spec: CommandSpec = {
        var spec = CommandSpec(
            "doctor",
            "Tries, on this machine, all that a task needs, and says what is missing and what to do."
        )
        spec.synopsis = ["[OPTIONS]"]
        spec.sections = [GlobalOptions.section]
        spec.examples = ["ostler doctor", "ostler doctor --json"]
        spec.exitCodes = [
            .init("0", "everything works"), .init("2", "something optional is missing"),
            .init("5", "tasks cannot run"),
        ]
        spec.action = { try DoctorCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
    }

    private func run() throws -> Int32 {
        let checks = try probe()
        try Results.write(global.json ? DoctorCheck.json(checks) : DoctorCheck.text(checks))
        return DoctorCheck.exitCode(checks)
    }

    private func probe() throws -> [DoctorCheck] {
        let configuration = try ConfigurationCheck(global)
        guard configuration.problems.isEmpty else {
            return configuration.problems.map { problem in
                var check = DoctorCheck(name: "configuration", status: .failed, detail: "\(problem)")
                check.cause = "nothing is run by a configuration that is wrong"
                check.fix = problem.hint ?? "correct the file; docs/reference/config.md lists the keys"
                return check
            }
        }
        let composition = try Composition(global)
        return EventLoop.shared.run { await Doctor(composition).run() }
    }
}
