internal import Glibc
internal import OstlerConfig
import OstlerHost
internal import OstlerJSON
import OstlerProtocol
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

/// The end of the host, and the end of its launcher in the middle of everything.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct StopTests {
    /// Stops the host; withHost then finds nothing left of it.
    @LoopActor
    private func expectStop(_ host: TestHost, _ tasks: [Task<TaskResult, Never>]) async {
        let known = host.processes
        #expect(!known.isEmpty)
        await host.host.stop()
        #expect(known.filter(\.isRunning).isEmpty)
        for task in tasks {
            let result = await task.value
            #expect(result.outcome == .cancelled, "\(result.text)")
            if result.executor == "command" { #expect(result.cancellation?.survivors == "none", "\(result.text)") }
        }
    }

    @Test func `stop ends tasks that obey`() async throws {
        try await withHost { host in
            let task = host.start(#"{"do":"hold"}"#)
            await host.expectGoodTask()
            await expectStop(host, [task])
        }
    }

    @Test func `stop ends a plugin that hears nothing`() async throws {
        try await withHost { host in
            await host.expectGoodTask()
            let listener = Listener()
            let spec = host.task(#"{"do":"ignore_sigterm","text":"deaf"}"#)
            let task = host.start(spec, io: TaskIO(sink: listener))
            await eventually("the plugin to be deaf") { listener.bytes == Array("deaf".utf8) }
            await expectStop(host, [task])
        }
    }

    @Test func `stop ends a plugin that does not heed shutdown`() async throws {
        try await withHost {
            $0.set("shutdown", "ignore")
        } body: { host in
            await host.expectGoodTask()
            let start = ContinuousClock.now
            await expectStop(host, [])
            let time = start.duration(to: .now)
            #expect(time < Misbehaviour.bound)
            try Misbehaviour.report.add(Misbehaviour.hangsInShutdown.cells, time)
        }
    }

    @Test func `stop ends a plugin that starts`() async throws {
        try await withHost {
            $0.set("start", "hang")
        } body: { host in
            let task = host.start(#"{"do":"succeed"}"#)
            await host.waitForPlugins(1)
            await expectStop(host, [task])
        }
    }

    @Test func `stop waits for the proof that commands are gone`() async throws {
        try await withHost {
            $0.hasCommand = true
            $0.config.tasks.graceMilliseconds = 5_000
        } body: { host in
            let words = ["sh", "-c", "trap '' TERM; setsid sleep 300 & while :; do sleep 300; done"]
            let task = host.start(TestHost.payload(words), executor: "command")
            await eventually("the command") { host.processes.contains { $0.name == "sleep" } }
            await expectStop(host, [task])
        }
    }

    @Test func `stop takes all plugins at once`() async throws {
        try await withHost {
            $0.plugins = (0..<10).map { number in
                var plugin = HostSetup.Plugin(name: "deaf-\(number)", executor: "deaf-\(number)")
                plugin.settings = [("shutdown", "ignore")]
                return plugin
            }
        } body: { host in
            for number in 0..<10 { await host.expectGoodTask("deaf-\(number)") }
            let start = Instant.now
            await expectStop(host, [])
            // Each is given a second: one after the other they would take ten.
            #expect(Instant.now.microseconds(since: start) < 9_000_000)
        }
    }

    @Test func `nothing is taken after stop`() async throws {
        try await withHost { host in
            await host.expectGoodTask()
            await host.host.stop()
            let result = await host.run(#"{"do":"succeed"}"#)
            #expect(result.outcome == .invalid)
            #expect(result.error?.code == "stopping")
        }
    }

    @Test func `abandon ends everything without grace`() async throws {
        try await withHost {
            $0.hasCommand = true
            $0.config.tasks.graceMilliseconds = 60_000
        } body: { host in
            let tasks = [
                host.start(#"{"do":"ignore_sigterm"}"#),
                host.start(
                    TestHost.payload(["sh", "-c", "trap '' TERM; while :; do sleep 300; done"]),
                    executor: "command"
                ),
            ]
            await eventually("the command") { host.processes.contains { $0.name == "sleep" } }
            let known = host.processes
            host.host.abandon()
            for task in tasks { #expect(await task.value.outcome == .cancelled) }
            await eventually("the end of all") { known.filter(\.isRunning).isEmpty }
        }
    }

    /// Remembers what a task has written.
    @LoopActor
    private final class Listener: TaskSink {
        private(set) var bytes: [UInt8] = []
        var isCongested: Bool { false }

        func write(_ stream: OutputStream, _ bytes: [UInt8]) { self.bytes += bytes }
        func whenDrained(_ action: @escaping @LoopActor () -> Void) { action() }
    }

    // MARK: The launcher

    @Test func `the launcher is killed in the middle of tasks`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            let hold = host.start(#"{"do":"hold"}"#)
            await host.expectGoodTask()
            let hang = host.start(#"{"do":"hang"}"#)
            let sleep = host.start(TestHost.payload(["sleep", "300"]), executor: "command")
            await eventually("the command") { host.processes.contains { $0.name == "sleep" } }
            let tasks = [hold, hang, sleep]
            let (known, launcher) = (host.processes, host.launcher)
            #expect(kill(launcher, SIGKILL) == 0)
            for task in tasks {
                let result = await task.value
                #expect(result.outcome == .sandboxError, "\(result.text)")
                #expect(result.error?.code == "launcher_lost")
                #expect(result.error?.fault == .sandbox)
                #expect(result.error?.sideEffects == .possible)
                #expect(result.error?.message.contains("the launcher ended unexpectedly") == true)
            }
            await eventually("the end of all that it had started") { known.filter(\.isRunning).isEmpty }
            await host.expectGoodTask()
            let next = await host.command("echo", "again")
            #expect(next.output.text == "again\n", "\(next.text)")
            #expect(host.launcher != launcher)
        }
    }

    @Test func `tasks that wait outlive the launcher`() async throws {
        try await withHost {
            $0.edit("launch: false", "launch: true")
            $0.edit("concurrency: 8", "concurrency: 1")
        } body: { host in
            let first = host.start(#"{"do":"hold"}"#)
            let second = host.start(#"{"do":"launch","argv":["true"]}"#, timeout: 30_000)
            // Once it serves: the end of one that never did is the end of those who wait as well.
            await eventually("a plugin that serves") {
                await host.host.health(milliseconds: 5000)[0].result.status == .healthy
            }
            #expect(kill(host.launcher, SIGKILL) == 0)
            #expect(await first.value.outcome == .sandboxError)
            let result = await second.value
            #expect(result.outcome == .succeeded, "\(result.text)")
        }
    }

    @Test func `a launcher that is killed while idle is started again`() async throws {
        try await withHost { host in
            await host.expectGoodTask()
            let known = host.processes
            #expect(kill(host.launcher, SIGKILL) == 0)
            await eventually("the end of all that it had started") { known.filter(\.isRunning).isEmpty }
            await eventually("a task that succeeds") { await host.run(#"{"do":"succeed"}"#).outcome == .succeeded }
        }
    }
}
