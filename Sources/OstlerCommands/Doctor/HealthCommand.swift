internal import ArgumentParser
internal import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// `ostler health`: asks all executors at once.
struct HealthCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "health",
        abstract: "Starts every executor and asks how it is, all at once, each within a limit.",
        discussion: """
            Examples:
              ostler health
              ostler health --json

            Exit codes: 0 all healthy, 2 some degraded, 5 some unhealthy.
            """
    )

    @OptionGroup var global: GlobalOptions

    func run() throws {
        let settings = try Composition(global).settings
        let results = EventLoop.shared.run { () -> [(executor: String, result: HealthResult)] in
            let host = Host(settings)
            let results = await host.health()
            await host.stop()
            return results
        }
        if global.json { print(json(results)) } else { print(text(results), terminator: "") }
        let statuses = results.map(\.result.status)
        if statuses.contains(.unhealthy) { throw ExitCode(Outcome.executorCrash.exitCode) }
        if statuses.contains(.degraded) { throw ExitCode(Outcome.partial.exitCode) }
    }

    private func text(_ results: [(executor: String, result: HealthResult)]) -> String {
        var table = Table(["EXECUTOR", "STATUS", "DETAIL"])
        for (executor, result) in results { table.add([executor, result.status.rawValue, result.detail ?? ""]) }
        return table.text
    }

    private func json(_ results: [(executor: String, result: HealthResult)]) -> String {
        var writer = JSONWriter()
        writer.beginObject()
        for (executor, result) in results {
            writer.key(dynamic: executor)
            result.encode(into: &writer)
        }
        writer.endObject()
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}
