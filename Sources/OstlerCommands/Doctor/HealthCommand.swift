internal import OstlerCommandLine
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// `ostler health`: asks all executors at once.
struct HealthCommand {
    private static let timeoutOption = CommandOption.value(
        "timeout",
        "5s",
        "How long each executor may take to start and to answer; 5s if it is not given."
    )

    static let spec: CommandSpec = {
        var spec = CommandSpec("health", "Starts every executor and asks how it is, all at once, each within a limit.")
        spec.synopsis = ["[OPTIONS]"]
        spec.sections = [.init("Options", [timeoutOption]), GlobalOptions.section]
        spec.examples = ["ostler health", "ostler health --timeout 1s --json"]
        spec.exitCodes = [.init("0", "all healthy"), .init("2", "some degraded"), .init("5", "some unhealthy")]
        spec.action = { try HealthCommand($0).run() }
        return spec
    }()

    private let global: GlobalOptions
    private let milliseconds: Int64

    private init(_ arguments: Arguments) throws(UsageError) {
        global = try GlobalOptions(arguments)
        do throws(UnitTextError) {
            milliseconds = try DurationText.milliseconds(arguments.value(Self.timeoutOption) ?? "5s")
        } catch {
            throw UsageError("--timeout: \(error)")
        }
    }

    private func run() throws -> Int32 {
        let settings = try Composition(global).settings
        let milliseconds = milliseconds
        let results = EventLoop.shared.run { () -> [(executor: String, result: HealthResult)] in
            let host = Host(settings)
            let results = await host.health(milliseconds: milliseconds)
            await host.stop()
            return results
        }
        if global.json { try Results.write(json(results)) } else { try Results.write(text(results)) }
        let statuses = results.map(\.result.status)
        if statuses.contains(.unhealthy) { return Outcome.executorCrash.exitCode }
        return statuses.contains(.degraded) ? Outcome.partial.exitCode : 0
    }

    private func text(_ results: [(executor: String, result: HealthResult)]) -> String {
        var table = Table(["EXECUTOR", "STATUS", "DETAIL"])
        for (executor, result) in results { table.add([executor, result.status.rawValue, result.detail ?? ""]) }
        return table.text
    }

    private func json(_ results: [(executor: String, result: HealthResult)]) -> JSONWriter {
        var writer = JSONWriter()
        writer.beginObject()
        for (executor, result) in results {
            writer.key(dynamic: executor)
            result.encode(into: &writer)
        }
        writer.endObject()
        return writer
    }
}
