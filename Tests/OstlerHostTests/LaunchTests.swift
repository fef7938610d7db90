import OstlerHost
import OstlerJSON
import OstlerProtocol
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

/// What a plugin may and may not do with its launch channel.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct LaunchTests {
    private func launching(_ setup: inout HostSetup) {
        setup.edit("launch: false", "launch: true")
    }

    @Test func `a plugin launches for its task`() async throws {
        try await withHost(launching) { host in
            let result = await host.run(#"{"do":"launch","argv":["sh","-c","exit 5"]}"#, timeout: 30_000)
            #expect(result.outcome == .failed, "\(result.text)")
            #expect(result.exitCode == 5)
            #expect(result.error == nil)
            #expect(result.isolation != nil)
        }
    }

    @Test(arguments: [1, 1000])
    func `a plugin cannot launch for a task that it does not have`(_ offset: Int) async throws {
        try await withHost(launching) { host in
            let result = await host.run("{\"do\":\"launch\",\"argv\":[\"true\"],\"offset\":\(offset)}", timeout: 30_000)
            #expect(result.outcome == .failed, "\(result.text)")
            let metadata = result.executorMetadata.flatMap { try? JSONValue(parsing: $0) }
            // Stage `request`, EPERM.
            #expect(metadata == ["stage": 1, "errno": 1])
            #expect(result.isolation == nil)
        }
    }

    @Test func `a plugin cannot launch for a task of another plugin`() async throws {
        try await withHost {
            $0.edit("launch: false", "launch: true")
            var other = HostSetup.Plugin(name: "other", executor: "other")
            other.edits = $0.plugins[0].edits
            $0.plugins.append(other)
        } body: { host in
            let spec = host.task(#"{"do":"hold"}"#, executor: "other")
            let held = host.start(spec)
            await host.expectGoodTask("other")
            // The numbers of a host's tasks follow each other, so one of the last few is the other plugin's.
            for offset in -4...(-1) {
                let result = await host.run(
                    "{\"do\":\"launch\",\"argv\":[\"true\"],\"offset\":\(offset)}",
                    timeout: 30_000
                )
                let metadata = result.executorMetadata.flatMap { try? JSONValue(parsing: $0) }
                #expect(metadata == ["stage": 1, "errno": 1], "\(result.text)")
            }
            #expect(host.host.cancel(spec.id))
            let end = await held.value
            #expect(end.outcome == .cancelled)
            #expect(end.isolation == nil)
        }
    }

    @Test func `a plugin cannot lie about what it launched`() async throws {
        try await withHost(launching) { host in
            let result = await host.run(#"{"do":"launch","argv":["sh","-c","exit 5"],"claim":0}"#, timeout: 30_000)
            #expect(result.outcome == .executorProtocol, "\(result.text)")
            #expect(result.error?.code == "inconsistent_result")
            #expect(result.error?.message.contains("it reports exit code 0") == true)
            #expect(result.error?.message.contains("ended with exit code 5") == true)
            #expect(result.plugin?.name == "misbehaving")
        }
    }

    @Test func `a command that a cancel has ended did not come before it`() async throws {
        try await withHost {
            HostSetup.obeyed(&$0)
            launching(&$0)
        } body: { host in
            let spec = host.task(#"{"do":"launch","argv":["sleep","300"],"late":true}"#)
            let task = host.start(spec)
            await eventually("the command") { host.processes.contains { $0.name == "sleep" } }
            #expect(host.host.cancel(spec.id))
            let result = await task.value
            #expect(result.outcome == .cancelled, "\(result.text)")
            #expect(result.cancellation?.stage == .asked)
            #expect(result.cancellation?.survivors == "none")
            await host.expectGoodTask()
        }
    }

    @Test func `a breach in a task with commands waits for the proof`() async throws {
        try await withHost(launching) { host in
            let result = await host.run(#"{"do":"answer_for_another"}"#, timeout: 30_000)
            #expect(result.error?.code == "wrong_task", "\(result.text)")
            await host.expectNoProcess()
            await host.expectGoodTask()
        }
    }
}
