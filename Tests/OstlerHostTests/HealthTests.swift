import OstlerHost
import OstlerJSON
import OstlerProtocol
import OstlerSystem
internal import OstlerTasks
import Testing

/// Every executor is asked at once, each within a limit.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct HealthTests {
    private func plugin(_ name: String, health: JSONValue? = nil, start: JSONValue? = nil) -> HostSetup.Plugin {
        var plugin = HostSetup.Plugin(name: name, executor: name)
        if let health { plugin.settings.append(("health", health)) }
        if let start { plugin.settings.append(("start", start)) }
        return plugin
    }

    @Test func `each answers for itself, and none for longer than the limit`() async throws {
        try await withHost {
            $0.plugins = [
                plugin("asleep", start: "hang"), plugin("crashing", start: "exit"), plugin("fine", health: "healthy"),
                plugin("hanging", health: "hang"), plugin("ill", health: "unhealthy"), plugin("odd", health: "purple"),
                plugin("silent", health: "silent"), plugin("tired", health: "degraded"),
            ]
        } body: { host in
            // So that the limit is not spent on starting those that answer.
            for name in ["fine", "ill", "odd", "tired"] { await host.expectGoodTask(name) }
            let start = Instant.now
            let health = await host.host.health(milliseconds: 8000)
            // One after the other, the three that do not answer would take three times as long.
            #expect(Instant.now.microseconds(since: start) < 16_000_000)
            let found = health.map { "\($0.executor) \($0.result.status.rawValue): \($0.result.detail ?? "")" }
            #expect(
                found == [
                    "asleep unhealthy: no answer to health within 8000 ms",
                    "crashing unhealthy: plugin crashing exited with code 9 in the middle of its work",
                    "fine healthy: as the config says",
                    "hanging unhealthy: no answer to health within 8000 ms",
                    "ill unhealthy: as the config says",
                    "odd unhealthy: its answer to health is malformed",
                    "silent unhealthy: no answer to health within 8000 ms",
                    "tired degraded: as the config says",
                ]
            )
        }
    }

    @Test func `health is answered while tasks run`() async throws {
        try await withHost { host in
            let spec = host.task(#"{"do":"hold"}"#)
            let task = host.start(spec)
            await host.expectGoodTask()
            let health = await host.host.health(milliseconds: 20_000)
            #expect(health.map(\.result.status) == [.healthy])
            #expect(host.host.cancel(spec.id))
            _ = await task.value
        }
    }
}
