internal import OstlerConfig
import OstlerHost
import OstlerProtocol
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

/// The time limits of a task, told apart by where they count from.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct TimeLimitTests {
    @Test func `of the run, which does not count while the task waits`() async throws {
        try await withHost {
            $0.edit("concurrency: 8", "concurrency: 1")
        } body: { host in
            let first = host.task(#"{"do":"hold"}"#)
            let held = host.start(first)
            await host.waitForPlugins(1)
            var second = host.task(#"{"do":"say","text":"done"}"#)
            second.runTimeout = 5_000
            let waiting = host.start(second)
            // Longer than its run may take: it has had no executor for all that time.
            let enough = Instant.now.advanced(milliseconds: 5_500)
            await eventually("the time of the limit") { Instant.now > enough }
            #expect(host.host.cancel(first.id))
            #expect(await held.value.outcome == .cancelled)
            let result = await waiting.value
            #expect(result.outcome == .succeeded, "\(result.text)")
            #expect(result.timing.queued > 5_000_000)
        }
    }

    @Test func `of the run, told with what was observed`() async throws {
        try await withHost { host in
            await host.expectGoodTask()
            var spec = host.task(#"{"do":"hold"}"#, timeout: 60_000)
            spec.runTimeout = 300
            let result = await host.run(spec)
            #expect(result.outcome == .timeout, "\(result.text)")
            #expect(result.error?.code == "run_timeout")
            #expect(result.error?.limit?.name == "run_timeout_ms")
            #expect(result.error?.limit?.limit == 300)
            #expect((result.error?.limit?.observed ?? 0) >= 300)
            #expect(result.cancellation?.reason == "timeout")
        }
    }

    @Test func `of the run, from the configuration`() async throws {
        try await withHost {
            $0.hasCommand = true
            $0.config.tasks.runTimeoutMilliseconds = 700
        } body: { host in
            let result = await host.command("sleep", "300")
            #expect(result.outcome == .timeout, "\(result.text)")
            #expect(result.error?.code == "run_timeout")
            #expect(result.cancellation?.survivors == "none")
            await host.expectNoCommand()
        }
    }

    @Test func `of the configuration, which a task that says null is free of`() async throws {
        try await withHost {
            $0.hasCommand = true
            $0.config.tasks.timeoutMilliseconds = 300
            $0.config.tasks.runTimeoutMilliseconds = 300
        } body: { host in
            var spec = host.task(TestHost.payload(["sleep", "1"]), executor: "command")
            (spec.timeout, spec.runTimeout) = (.some(nil), .some(nil))
            let result = await host.run(spec)
            #expect(result.outcome == .succeeded, "\(result.text)")
        }
    }

    @Test func `of the whole, which strikes first if it is shorter`() async throws {
        try await withHost { host in
            await host.expectGoodTask()
            var spec = host.task(#"{"do":"hold"}"#, timeout: 300)
            spec.runTimeout = 60_000
            let result = await host.run(spec)
            #expect(result.outcome == .timeout, "\(result.text)")
            #expect(result.error?.code == "timeout")
            #expect(result.error?.limit?.name == "timeout_ms")
            #expect((result.error?.limit?.observed ?? 0) >= 300)
        }
    }

    @Test func `of the whole, told otherwise where nothing has run`() async throws {
        try await withHost {
            $0.edit("concurrency: 8", "concurrency: 1")
        } body: { host in
            let first = host.task(#"{"do":"hold"}"#)
            let held = host.start(first)
            await host.waitForPlugins(1)
            let result = await host.run(#"{"do":"succeed"}"#, timeout: 300)
            #expect(result.outcome == .timeout, "\(result.text)")
            #expect(result.error?.code == "timeout_waiting")
            #expect(result.error?.sideEffects == Failure.SideEffects.none)
            #expect(host.host.cancel(first.id))
            _ = await held.value
        }
    }

    @Test func `a plugin is told of the limit that ends first`() async throws {
        try await withHost { host in
            var spec = host.task(#"{"do":"limits"}"#, timeout: 60_000)
            spec.runTimeout = 30_000
            let short = await host.run(spec)
            #expect(short.executorMetadata.map { String(decoding: $0, as: UTF8.self) } == #"{"remaining_ms": 30000}"#)
            let none = await host.run(#"{"do":"limits"}"#)
            #expect(none.executorMetadata.map { String(decoding: $0, as: UTF8.self) } == #"{"remaining_ms": null}"#)
        }
    }
}
