import OstlerProtocol
import OstlerResources
import OstlerTasks
import Synchronization
import Testing

/// The time of a resource: one limit for its guards and its command together.
@Suite struct ApplyTimeTests {
    private func apply(_ properties: String, to world: FakeWorld, noop: Bool = false) async throws -> ResourceOutcome {
        let manifest = try readManifest(["site.yaml": "- exec:\n    - a: {\(properties)}"])
        var mode = ApplyMode()
        mode.isNoop = noop
        let run = ApplyRun(world, mode, clock: world.clock)
        var outcomes: [ResourceOutcome] = []
        await run.apply(manifest) { outcomes.append($0) }
        return try #require(outcomes.first)
    }

    @Test(
        arguments: [
            ("command: do, onlyif: spend 700, unless: spend 700 1, timeout: 900ms", "guard_timeout", [900, 200]),
            ("command: do, onlyif: spend 1000, timeout: 900ms", "guard_timeout", [900]),
            ("command: do, onlyif: spend 900, timeout: 900ms", "guard_timeout", [900]),
            ("command: spend 700, onlyif: spend 300, timeout: 900ms", "timeout", [900, 600]),
            ("command: spend 700, onlyif: spend 100, unless: spend 100 1, timeout: 900ms", nil, [900, 800, 700]),
            ("command: spend 1000, timeout: 900ms", "timeout", [900]),
            ("command: spend 900, timeout: 900ms", nil, [900]),
        ] as [(String, String?, [Int64])]
    )
    func `What guards take is taken from the command`(
        _ properties: String,
        _ code: String?,
        _ limits: [Int64]
    ) async throws {
        let world = FakeWorld()
        let outcome = try await apply(properties, to: world)
        #expect(world.limits.map(\.timeout) == limits)
        #expect(outcome.error?.code == code)
        guard let code else { return }
        #expect(outcome.verdict == .timeout && !outcome.changed)
        #expect(outcome.error?.sideEffects == (code == "timeout" ? .possible : Failure.SideEffects.none))
        #expect(outcome.error?.hint?.contains("raise the task's timeout") == true)
        #expect(outcome.error?.limit == Failure.Limit(name: "timeout_ms", limit: 900, observed: 900))
        #expect(world.ran.contains("do") == false)
    }

    @Test func `Without effects guards have the same time`() async throws {
        let outcome = try await apply("command: do, onlyif: spend 70, timeout: 50ms", to: FakeWorld(), noop: true)
        #expect(outcome.error?.code == "guard_timeout" && outcome.verdict == .timeout)
    }

    @Test func `Each later try has the whole time`() async throws {
        let world = FakeWorld()
        let properties = "command: spend 700, onlyif: spend 300, timeout: 900ms, retry: {attempts: 2, min: 1ms}"
        let outcome = try await apply(properties, to: world)
        #expect(outcome.state == .changed && outcome.attempts == 2)
        #expect(world.limits.map(\.timeout) == [900, 600, 900])
    }

    @Test(arguments: ["", ", timeout: 900ms"])
    func `The limit of the run is the command's alone`(_ timeout: String) async throws {
        let world = FakeWorld()
        _ = try await apply("command: do, onlyif: test /, run_timeout: 100ms\(timeout)", to: world)
        // Nor is that of the configuration the guard's, which holds for whoever says nothing.
        let limits: [Int64??] = [.some(timeout.isEmpty ? nil : 900), 100]
        #expect(world.limits.map(\.runTimeout) == limits)
    }

    @Test func `A null says that there is no limit, whatever the configuration says`() async throws {
        let world = FakeWorld()
        world.state.withLock { $0.defaultTimeout = 300 }
        let nulls = "timeout: null, run_timeout: null"
        let outcome = try await apply("command: spend 400, onlyif: spend 400, \(nulls)", to: world)
        #expect(outcome.state == .changed)
        let none: [Int64??] = [.some(nil), .some(nil)]
        #expect(world.limits.map(\.timeout) == none && world.limits.map(\.runTimeout) == none)
        let limited = try await apply("command: spend 400", to: world)
        #expect(limited.verdict == .timeout)
    }

    @Test func `A health check without a limit has none of the configuration's either`() async throws {
        let world = FakeWorld()
        _ = try await apply("command: do, health_checks: [{command: test /, timeout: null}]", to: world)
        #expect(world.limits.last?.timeout == .some(.some(nil)))
    }

    @Test func `A health check has its own limit, and none of the resource's`() async throws {
        let world = FakeWorld()
        let checks = "health_checks: [{command: test /, timeout: 70ms}, {command: test /}]"
        _ = try await apply("command: do, timeout: 900ms, run_timeout: 100ms, \(checks)", to: world)
        #expect(world.limits.dropFirst().map(\.timeout) == [70, nil])
        #expect(world.limits.dropFirst().map(\.runTimeout) == [nil, nil])
    }
}
