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
        try Results.write(global.json ? Self.json(checks) : Self.text(checks))
        if checks.contains(where: { $0.status == .failed }) { return Outcome.sandboxError.exitCode }
        return checks.contains { $0.status == .missing } ? Outcome.partial.exitCode : 0
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

    private static func text(_ checks: [DoctorCheck]) -> String {
        var table = Table(["", "CHECK", "DETAIL"])
        for check in checks { table.add([check.status.rawValue, check.name, check.detail]) }
        let advice = checks.filter { $0.status != .ok }.map { check in
            "\n\(check.name)\n" + (check.cause.map { "  cause: \($0)\n" } ?? "")
                + (check.fix.map { "  fix: \($0)\n" } ?? "")
        }
        return table.text + advice.joined()
    }

    private static func json(_ checks: [DoctorCheck]) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("checks")
        writer.beginArray()
        for check in checks { check.encode(into: &writer) }
        writer.endArray()
        writer.endObject()
        writer.newline()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
