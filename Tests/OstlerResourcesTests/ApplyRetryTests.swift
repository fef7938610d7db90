import OstlerProtocol
import OstlerResources
import OstlerTasks
import Testing

/// Which ends of a resource's task have another try.
@Suite struct ApplyRetryTests {
    private func attempts(_ text: String) async throws -> (attempts: Int, outcome: ResourceOutcome) {
        let manifest = try readManifest(["site.yaml": text])
        let world = FakeWorld()
        let run = ApplyRun(world, ApplyMode(), clock: world.clock)
        var outcomes: [ResourceOutcome] = []
        await run.apply(manifest) { outcomes.append($0) }
        let outcome = try #require(outcomes.first)
        #expect(world.ran.count == outcome.attempts && world.pauses.count == outcome.attempts - 1)
        return (outcome.attempts, outcome)
    }

    @Test(arguments: [
        ("exit 1", 3), ("exit -9", 3), ("exit 124", 3), ("spend 80", 3), ("exit 0", 1), ("need /no", 1),
        ("say failed same", 3), ("say failed never", 1), ("say timeout never", 3), ("say limit same", 1),
        ("say denied same", 1), ("say invalid same", 1), ("say cancelled same", 1), ("say executor_crash same", 3),
        ("say executor_crash never", 1), ("say sandbox_error never", 1), ("say executor_protocol never", 1),
    ])
    func `A command that failed is tried again, and what would fail again is not`(
        _ command: String,
        _ tries: Int
    ) async throws {
        let (attempts, outcome) = try await attempts(
            "- exec:\n    - a: {command: \(command), timeout: 50ms, retry: {attempts: 3, min: 1ms}}"
        )
        #expect(attempts == tries)
        #expect((outcome.state == .failed) == (command != "exit 0"))
    }

    @Test(arguments: [
        ("two tries", "say executor_crash same", 2, 2), ("one try", "say executor_crash same", 1, 1),
        ("one try", "exit 1", 1, 1),
    ])
    func `No command is tried more often than its author asked`(
        _ name: String,
        _ command: String,
        _ asked: Int,
        _ tries: Int
    ) async throws {
        let text = "- exec:\n    - \(name): {command: \(command), retry: {attempts: \(asked), min: 1ms}}"
        #expect(try await attempts(text).attempts == tries)
    }

    @Test(arguments: [
        ("unsafe", "", 1), ("keyed", "", 1), ("keyed", ", idempotency_key: k", 3), ("idempotent", "", 3),
        ("pure", "", 3),
    ])
    func `A task of another executor is tried again as its class allows`(
        _ executor: String,
        _ more: String,
        _ tries: Int
    ) async throws {
        for (command, args) in [("exit", "['1']"), ("exit", "['-9']"), ("say", "[failed, same]")] {
            let payload = "{command: \(command), args: \(args)}"
            let members = "executor: \(executor), payload: \(payload), retry: {attempts: 3, min: 1ms}\(more)"
            #expect(try await attempts("- task:\n    - t: {\(members)}").attempts == tries, "\(command) \(args)")
        }
    }

    @Test func `An exit code that is no success of a task is a failure that may have had effects`() async throws {
        let members = "payload: {command: exit, args: ['0']}, returns: [1], retry: {attempts: 2, min: 1ms}"
        #expect(try await attempts("- task:\n    - t: {executor: unsafe, \(members)}").attempts == 1)
        #expect(try await attempts("- task:\n    - t: {executor: pure, \(members)}").attempts == 2)
    }
}
