internal import ArgumentParser
internal import OstlerHost
internal import OstlerJSON
internal import OstlerSystem
internal import OstlerTasks

/// `ostler doctor`: tries everything that a task needs.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Tries, on this machine, all that a task needs, and says what is missing and what to do.",
        discussion: """
            Examples:
              ostler doctor
              ostler doctor --json

            Exit codes: 0 everything works, 2 something optional is missing, 5 tasks cannot run.
            """
    )

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let composition = try Composition(global)
        let settings = composition.settings
        let checks = EventLoop.shared.run { await Doctor(settings).run() }
        if global.json { print(Self.json(checks)) } else { print(Self.text(checks), terminator: "") }
        if checks.contains(where: { $0.status == .failed }) { throw ExitCode(Outcome.sandboxError.exitCode) }
        if checks.contains(where: { $0.status == .missing }) { throw ExitCode(Outcome.partial.exitCode) }
    }

    private static func text(_ checks: [Doctor.Check]) -> String {
        var table = Table(["", "CHECK", "DETAIL"])
        for check in checks { table.add([check.status.rawValue, check.name, check.detail]) }
        let fixes = checks.compactMap { check in check.fix.map { "\n\(check.name): \($0)\n" } }
        return table.text + fixes.joined()
    }

    private static func json(_ checks: [Doctor.Check]) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        writer.key("checks")
        writer.beginArray()
        for check in checks {
            writer.beginObject()
            writer.key("check")
            writer.string(check.name)
            writer.key("status")
            writer.string(check.status.rawValue)
            writer.key("detail")
            writer.string(check.detail)
            if let fix = check.fix {
                writer.key("fix")
                writer.string(fix)
            }
            writer.endObject()
        }
        writer.endArray()
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
