import OstlerHost
import OstlerProtocol
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

/// The cancel ladder, before, during and after a task.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct CancelTests {
    @Test func `before a task has its slot`() async throws {
        try await withHost {
            $0.edit("concurrency: 8", "concurrency: 1")
        } body: { host in
            let first = host.task(#"{"do":"hold"}"#)
            let second = host.task(#"{"do":"succeed"}"#)
            let (held, waiting) = (host.start(first), host.start(second))
            await host.waitForPlugins(1)
            #expect(host.host.cancel(second.id))
            let result = await waiting.value
            #expect(result.outcome == .cancelled)
            #expect(result.error?.sideEffects == Failure.SideEffects.none)
            #expect(result.cancellation?.survivors == "none")
            #expect(result.changed == false)
            #expect(host.host.cancel(first.id))
            _ = await held.value
        }
    }

    @Test func `at once, while nothing is ready yet`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            let spec = host.task(TestHost.payload(["sleep", "30"]), executor: "command")
            let task = host.start(spec)
            await eventually("its acceptance") { host.host.cancel(spec.id) }
            let result = await task.value
            #expect(result.outcome == .cancelled, "\(result.text)")
            #expect(result.error?.code == "cancelled")
            #expect(result.cancellation?.survivors == "none")
        }
    }

    @Test func `a plugin that obeys`() async throws {
        try await withHost(HostSetup.obeyed) { host in
            let spec = host.task(#"{"do":"hold"}"#)
            let task = host.start(spec)
            await host.expectGoodTask()
            #expect(host.host.cancel(spec.id))
            let result = await task.value
            #expect(result.outcome == .cancelled, "\(result.text)")
            #expect(result.error?.code == "cancelled")
            #expect(result.cancellation?.reason == "requested")
            #expect(result.cancellation?.stage == .asked)
            #expect(!host.processes.isEmpty)
        }
    }

    @Test func `too late: the answer counts`() async throws {
        try await withHost(HostSetup.obeyed) { host in
            let spec = host.task(#"{"do":"hold","reply":"too_late"}"#)
            let task = host.start(spec)
            await host.expectGoodTask()
            #expect(host.host.cancel(spec.id))
            let result = await task.value
            #expect(result.outcome == .succeeded, "\(result.text)")
            #expect(result.error == nil)
        }
    }

    @Test func `after the end there is nothing to cancel`() async throws {
        try await withHost { host in
            let spec = host.task(#"{"do":"succeed"}"#)
            #expect(await host.run(spec).outcome == .succeeded)
            #expect(!host.host.cancel(spec.id))
            #expect(!host.host.cancel("never heard of"))
        }
    }

    @Test func `a plugin that does not heed it is killed`() async throws {
        try await withHost { host in
            let spec = host.task(#"{"do":"hold","reply":"ignore"}"#)
            let task = host.start(spec)
            await host.expectGoodTask()
            #expect(host.host.cancel(spec.id))
            let result = await task.value
            #expect(result.outcome == .cancelled, "\(result.text)")
            #expect(result.error?.sideEffects == .possible)
            #expect(result.cancellation?.stage == .executorKilled)
            #expect(result.cancellation?.survivors == "none")
            await host.expectNoProcess()
            await host.expectGoodTask()
        }
    }

    // MARK: Commands

    @Test func `a command in a session of its own is ended by the first step`() async throws {
        try await withHost {
            HostSetup.obeyed(&$0)
            $0.hasCommand = true
        } body: { host in
            #expect(await host.command("true").outcome == .succeeded)
            let script = "setsid sleep 300 & echo ready; exec sleep 300"
            // Its start is part of the time.
            let result = await host.command("sh", "-c", script, timeout: 8000)
            #expect(result.outcome == .timeout, "\(result.text)")
            #expect(result.output.text == "ready\n")
            #expect(result.signal == 15)
            #expect(result.exitCode == -1)
            #expect(result.cancellation?.reason == "timeout")
            #expect(result.cancellation?.stage == .asked)
            #expect(result.cancellation?.survivors == "none")
            #expect(!host.processes.contains { $0.name == "sleep" })
        }
    }

    @Test func `a command that ignores SIGTERM is killed with its children`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            #expect(await host.command("true").outcome == .succeeded)
            let script = "trap '' TERM; setsid sleep 300 & echo ready; while :; do sleep 300; done"
            // By then it has set its trap.
            let result = await host.command("sh", "-c", script, timeout: 8000)
            #expect(result.outcome == .timeout, "\(result.text)")
            #expect(result.signal == 9)
            #expect(result.cancellation?.stage == .killed)
            #expect(result.cancellation?.survivors == "none")
            #expect(!host.processes.contains { $0.name == "sleep" })
            // The plugin is not to blame.
            let next = await host.command("true")
            #expect(next.outcome == .succeeded)
        }
    }

    @Test func `a command that has stopped itself is ended by a time limit`() async throws {
        try await withHost {
            HostSetup.obeyed(&$0)
            $0.hasCommand = true
        } body: { host in
            #expect(await host.command("true").outcome == .succeeded)
            let result = await host.command("sh", "-c", "setsid sleep 300 & kill -STOP $$", timeout: 1500)
            #expect(result.outcome == .timeout, "\(result.text)")
            // What is stopped is told to go on together with SIGTERM.
            #expect(result.signal == 15)
            #expect(result.cancellation?.stage == .asked)
            #expect(result.cancellation?.survivors == "none")
            await host.expectNoCommand()
        }
    }

    @Test(arguments: [false, true])
    func `a stopped command is ended by a cancel`(_ isStubborn: Bool) async throws {
        try await withHost {
            $0.hasCommand = true
            if !isStubborn { HostSetup.obeyed(&$0) }
        } body: { host in
            let script = (isStubborn ? "trap '' TERM; " : "") + "echo ready; while :; do kill -STOP $$; done"
            let spec = host.task(TestHost.payload(["sh", "-c", script]), executor: "command")
            let task = host.start(spec)
            await eventually("the stopped command") { host.processes.contains { $0.isStopped } }
            #expect(host.host.cancel(spec.id))
            let result = await task.value
            #expect(result.outcome == .cancelled, "\(result.text)")
            #expect(result.error?.code == "cancelled")
            #expect(result.output.text == "ready\n")
            #expect(result.signal == (isStubborn ? 9 : 15))
            #expect(result.cancellation?.reason == "requested")
            #expect(result.cancellation?.stage == (isStubborn ? .killed : .asked))
            #expect(result.cancellation?.survivors == "none")
            await host.expectNoCommand()
        }
    }

    @Test func `a cancel after the cancel changes nothing`() async throws {
        try await withHost { host in
            let spec = host.task(#"{"do":"hold","reply":"ignore"}"#, timeout: 60_000)
            let task = host.start(spec)
            await host.expectGoodTask()
            for _ in 0..<3 { #expect(host.host.cancel(spec.id)) }
            let result = await task.value
            #expect(result.outcome == .cancelled, "\(result.text)")
            #expect(result.cancellation?.stage == .executorKilled)
            #expect(!host.host.cancel(spec.id))
        }
    }

    @Test func `what a command leaves behind ends with it`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            let result = await host.command("sh", "-c", "setsid sleep 300 >/dev/null 2>&1 & echo started")
            #expect(result.outcome == .succeeded, "\(result.text)")
            #expect(result.output.text == "started\n")
            #expect(!host.processes.contains { $0.name == "sleep" })
        }
    }
}
