import OstlerHost
import OstlerJSON
import OstlerProtocol
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

/// Many tasks, slots, and processes that are used once or many times.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct TrafficTests {
    @Test func `five hundred tasks at once, answered from the last to the first`() async throws {
        try await withHost {
            $0.edit("concurrency: 8", "concurrency: 500")
        } body: { host in
            let tasks = (0..<500).map { _ in host.start(#"{"do":"collect","count":500}"#, timeout: 30_000) }
            for (number, task) in tasks.enumerated() {
                let result = await task.value
                #expect(result.outcome == .succeeded, "\(result.text)")
                #expect(result.id == "task-\(number + 1)")
            }
            await host.expectGoodTask()
        }
    }

    @Test func `no more tasks at once than the manifest allows`() async throws {
        try await withHost {
            $0.edit("concurrency: 8", "concurrency: 4")
        } body: { host in
            let tasks = (0..<12).map { _ in host.start(#"{"do":"gauge"}"#, timeout: 30_000) }
            var most = 0
            for task in tasks { most = max(most, atOnce(await task.value)) }
            #expect(most == 4)
        }
    }

    @Test func `each executor of a plugin has its own slots`() async throws {
        try await withHost {
            $0.edit("concurrency: 8", "concurrency: 4")
            let second = "  - {name: second, concurrency: 1, payload: {type: object}}\n"
            $0.edit("config_schema:", second + "config_schema:")
        } body: { host in
            let one = (0..<3).map { _ in host.start(#"{"do":"gauge"}"#, executor: "second", timeout: 30_000) }
            let four = (0..<8).map { _ in host.start(#"{"do":"gauge"}"#, timeout: 30_000) }
            for task in one { #expect(atOnce(await task.value) == 1) }
            var most = 0
            for task in four { most = max(most, atOnce(await task.value)) }
            #expect(most == 4)
        }
    }

    private func atOnce(_ result: TaskResult) -> Int {
        let metadata = result.executorMetadata.flatMap { try? JSONValue(parsing: $0) }
        return metadata?.object?["at_once"]?.number?.exactInteger.map { Int($0) } ?? 0
    }

    private func process(_ result: TaskResult) -> String {
        String(decoding: result.executorMetadata ?? [], as: UTF8.self)
    }

    @Test func `a warm plugin serves one task after the other`() async throws {
        try await withHost { host in
            var names: Set<String> = []
            for _ in 0..<5 { names.insert(process(await host.run(#"{"do":"identify"}"#))) }
            #expect(names.count == 1)
            #expect(names.first?.contains("process") == true)
        }
    }

    @Test func `a plugin that is not reused gives each task a process of its own`() async throws {
        try await withHost {
            $0.edit("reuse: warm", "reuse: never")
        } body: { host in
            let tasks = (0..<6).map { _ in host.start(#"{"do":"identify"}"#, timeout: 30_000) }
            var names: [String] = [process(await host.run(#"{"do":"identify"}"#))]
            for task in tasks {
                let result = await task.value
                #expect(result.outcome == .succeeded, "\(result.text)")
                names.append(process(result))
            }
            #expect(Set(names).count == 7)
            await host.expectNoProcess()
        }
    }

    @Test func `a crash in a plugin that is not reused touches no other task`() async throws {
        try await withHost {
            $0.edit("reuse: warm", "reuse: never")
        } body: { host in
            let good = (0..<3).map { _ in host.start(#"{"do":"say","text":"fine"}"#, timeout: 30_000) }
            let bad = await host.run(#"{"do":"signal","signal":11}"#)
            #expect(bad.error?.code == "executor_crashed")
            for task in good { #expect(await task.value.outcome == .succeeded) }
            await host.expectNoProcess()
        }
    }

    @Test func `an id can be used only once at a time`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            let first = host.start(host.task(TestHost.payload(["sleep", "30"]), executor: "command", id: "same"))
            let second = host.start(host.task(TestHost.payload(["true"]), executor: "command", id: "same"))
            let refused = await second.value
            #expect(refused.outcome == .invalid, "\(refused.text)")
            #expect(refused.error?.code == "duplicate_id")
            #expect(refused.error?.message.contains("\"same\"") == true)
            #expect(host.host.cancel("same"))
            #expect(await first.value.outcome == .cancelled)
            let third = await host.run(host.task(TestHost.payload(["true"]), executor: "command", id: "same"))
            #expect(third.outcome == .succeeded)
        }
    }

    @Test func `many commands at once`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            let tasks = (0..<300).map { number in
                host.start(TestHost.payload(["echo", "\(number)"]), executor: "command", timeout: 50_000)
            }
            for (number, task) in tasks.enumerated() {
                let result = await task.value
                #expect(result.outcome == .succeeded, "\(result.text)")
                #expect(result.output.text == "\(number)\n")
            }
        }
    }

    @Test func `a reader that stands still does not hold up the end of a task`() async throws {
        try await withHost(HostSetup.obeyed) { host in
            let held = host.task(#"{"do":"hold"}"#)
            let sibling = host.start(held)
            await host.expectGoodTask()
            let sink = StandingSink()
            let spec = host.task(#"{"do":"say_and_hold","text":"to the sink"}"#, timeout: 1000)
            let result = await host.run(spec, io: TaskIO(sink: sink))
            #expect(result.outcome == .timeout, "\(result.text)")
            #expect(sink.bytes == Array("to the sink".utf8))
            // The plugin was asked, obeyed, and was heard: nobody else has lost anything by it.
            #expect(result.cancellation?.stage == .asked)
            await host.expectGoodTask()
            #expect(host.host.cancel(held.id))
            #expect(await sibling.value.cancellation?.stage == .asked)
        }
    }

    @Test func `output reaches a slow reader also when the plugin is gone`() async throws {
        try await withHost { host in
            let sink = StandingSink()
            let spec = host.task(#"{"do":"pour_answer_and_exit","frames":20}"#, timeout: 20_000)
            let result = await host.run(spec, io: TaskIO(sink: sink))
            #expect(result.outcome == .succeeded, "\(result.error?.message ?? "")")
            #expect(sink.bytes.count == 20 * 32768)
        }
    }
}

/// A reader of output that is behind for ever.
@LoopActor
private final class StandingSink: TaskSink {
    var bytes: [UInt8] = []
    let isCongested = true

    func write(_ stream: OutputStream, _ bytes: [UInt8]) { self.bytes += bytes }
    func whenDrained(_ action: @escaping @LoopActor () -> Void) {}
}
