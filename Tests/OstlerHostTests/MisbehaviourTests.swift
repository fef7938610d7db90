internal import OstlerCatalog
internal import OstlerConfig
import OstlerHost
internal import OstlerJSON
import OstlerProtocol
internal import OstlerSandbox
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

/// What becomes of a task whose plugin breaks the contract, and of the host: nothing.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct MisbehaviourTests {
    @Test(arguments: Misbehaviour.crashes)
    func `a crash`(_ row: Misbehaviour) async throws { try await check(row) }

    @Test(arguments: Misbehaviour.frames)
    func `a broken frame`(_ row: Misbehaviour) async throws { try await check(row) }

    @Test(arguments: Misbehaviour.floods)
    func `a flood`(_ row: Misbehaviour) async throws { try await check(row) }

    @Test(arguments: Misbehaviour.answers)
    func `a wrong answer`(_ row: Misbehaviour) async throws { try await check(row) }

    @Test(arguments: Misbehaviour.hangs)
    func `a hang`(_ row: Misbehaviour) async throws { try await check(row) }

    private func check(_ row: Misbehaviour) async throws {
        try await withHost {
            $0.config.sandbox.limits.output = 1 << 20
            if !row.endsPlugin { HostSetup.obeyed(&$0) }
            for (text, replacement) in row.edits { $0.edit(text, replacement) }
        } body: { host in
            let spec = host.task(row.payload, timeout: row.timeout)
            // So that no time limit is spent on the start of the plugin.
            await host.expectGoodTask()
            let (result, time) = await host.run(spec, within: Misbehaviour.bound)
            try Misbehaviour.report.add(row.cells, time)
            #expect(result.outcome == row.outcome, "\(result.text)")
            #expect(result.error?.code == row.code)
            #expect(result.plugin?.name == "misbehaving")
            for part in row.message { #expect(result.error?.message.contains(part) == true, "\(result.text)") }
            if row.outcome == .executorCrash || row.outcome == .executorProtocol {
                if row.endsPlugin { #expect(result.error?.message.contains("misbehaving") == true, "\(result.text)") }
                #expect(result.error?.fault == .executor)
                #expect(result.error?.sideEffects == .possible)
                #expect(result.cancellation == nil)
            } else if row.outcome == .timeout || row.outcome == .limit {
                #expect(result.cancellation?.reason == row.outcome.rawValue)
                #expect(result.cancellation?.stage == (row.endsPlugin ? .executorKilled : .asked))
                #expect(result.cancellation?.survivors == (row.endsPlugin ? "none" : "unverified"))
            }
            if row.endsPlugin {
                await host.expectNoProcess()
            } else {
                #expect(!host.processes.isEmpty)
            }
            await host.expectGoodTask()
        }
    }

    // MARK: What a row cannot say

    @Test func `a crash after the answer changes no answer`() async throws {
        try await withHost { host in
            for _ in 0..<5 {
                let spec = host.task(#"{"do":"answer_and_exit","code":3}"#)
                let (result, time) = await host.run(spec, within: Misbehaviour.bound)
                #expect(result.outcome == Misbehaviour.leavesAfterAnswer.outcome, "\(result.text)")
                try Misbehaviour.report.add(Misbehaviour.leavesAfterAnswer.cells, time)
                // It is sent to the plugin that is about to end, which never takes it: it goes to the next one.
                await host.expectGoodTask()
            }
        }
    }

    @Test func `what a plugin wrote before it went away is not lost`() async throws {
        try await withHost { host in
            let result = await host.run(#"{"do":"pour_answer_and_exit","frames":30}"#)
            #expect(result.outcome == .succeeded, "\(result.error?.message ?? "")")
            #expect(result.output.total == 30 * 32768)
            await host.expectGoodTask()
        }
    }

    @Test func `a plugin whose stream has ended takes no tasks`() async throws {
        try await withHost {
            $0.set("start", "welcome_and_close_stdout")
        } body: { host in
            let plugin = try #require(host.host.settings.catalog.plugins.first)
            let observer = ProcessObserver()
            let process = ExecutorProcess(
                plugin: plugin,
                provider: host.host.provider,
                settings: host.host.settings,
                delegate: observer
            )
            await process.start()
            // Long before the host gives it up: else a task would be lost with it for nothing.
            var state = process.state
            await eventually("the end of its stream") {
                state = process.state
                return observer.hasServed && !state.takesTasks
            }
            #expect(state == .leaving)
            await eventually("its end") { observer.loss != nil }
            #expect(observer.loss?.outcome == .executorProtocol)
            #expect(observer.loss?.failure.code == "stdout_closed")
            await host.expectNoProcess()
        }
    }

    @Test func `a fault brings the end of stderr along`() async throws {
        try await withHost { host in
            let result = await host.run(#"{"do":"flood_stderr","bytes":1048576,"code":5}"#)
            #expect(result.outcome == .executorCrash)
            #expect(result.error?.code == "executor_exited")
            #expect(result.executorStderr?.utf8.count == 64 << 10)
            #expect(result.executorStderr?.hasSuffix("eethe end of stderr") == true)
            let short = await host.run(#"{"do":"exit","code":5,"stderr":"last words"}"#)
            #expect(short.executorStderr == "last words")
        }
    }

    @Test func `a breach brings the end of stderr along, too`() async throws {
        try await withHost { host in
            _ = await host.run(#"{"do":"flood_stderr","bytes":65536}"#)
            let result = await host.run(#"{"do":"answer_for_another"}"#)
            #expect(result.error?.code == "wrong_task")
            #expect(result.executorStderr?.hasSuffix("the end of stderr") == true)
        }
    }

    @Test func `an error is a failure of the task, and the plugin stays`() async throws {
        try await withHost { host in
            let result = await host.run(#"{"do":"error"}"#)
            #expect(result.outcome == .failed)
            #expect(result.error?.code == "cannot")
            #expect(result.error?.message == "it cannot be done")
            #expect(result.error?.fault == .task)
            #expect(!host.processes.isEmpty)
        }
    }

    @Test func `strict takes no noise at all`() async throws {
        try await withHost {
            $0.isStrict = true
        } body: { host in
            let result = await host.run(#"{"do":"noise","lines":1}"#)
            #expect(result.outcome == .executorProtocol)
            #expect(result.error?.code == "stdout_noise")
            #expect(result.error?.message.contains("1 lines") == true, "\(result.text)")
            await host.expectNoProcess()
            await host.expectGoodTask()
        }
    }

    @Test func `a plugin dies of its memory limit`() async throws {
        try await withHost {
            $0.edit("memory: 256MiB", "memory: 48MiB")
        } body: { host in
            let row = Misbehaviour.eatsMemory
            let (result, time) = await host.run(host.task(#"{"do":"hog_memory"}"#), within: Misbehaviour.bound)
            try Misbehaviour.report.add(row.cells, time)
            #expect(result.outcome == row.outcome, "\(result.text)")
            if host.host.provider.launcher.capabilities.memory == .none {
                // Then RLIMIT_DATA makes the interpreter give up by itself.
                #expect(result.error?.code == "executor_exited")
            } else {
                #expect(result.error?.code == row.code)
                #expect(result.error?.message.contains("plugin misbehaving was killed at its memory limit") == true)
            }
            await host.expectNoProcess()
            await host.expectGoodTask()
        }
    }

    @Test func `a task that is not heeded costs its siblings their process`() async throws {
        try await withHost { host in
            let sibling = host.start(#"{"do":"hold"}"#)
            await host.expectGoodTask()
            let result = await host.run(host.task(#"{"do":"hang"}"#, timeout: 500, id: "deaf"))
            #expect(result.outcome == .timeout)
            #expect(result.cancellation?.stage == .executorKilled)
            #expect(result.cancellation?.survivors == "none")
            let other = await sibling.value
            #expect(other.outcome == .executorCrash, "\(other.text)")
            #expect(other.error?.code == "executor_killed")
            #expect(other.error?.sideEffects == .possible)
            #expect(other.error?.message.contains("\"deaf\"") == true)
            #expect(other.cancellation == nil)
            await host.expectNoProcess()
            await host.expectGoodTask()
        }
    }

    @Test func `a crash is the end of all tasks in the process`() async throws {
        try await withHost { host in
            let siblings = (0..<5).map { _ in host.start(#"{"do":"hold"}"#) }
            let result = await host.run(#"{"do":"exit","code":3}"#)
            #expect(result.error?.code == "executor_exited")
            for sibling in siblings {
                let other = await sibling.value
                #expect(other.outcome == .executorCrash)
                #expect(other.error?.code == "executor_exited")
            }
            await host.expectGoodTask()
        }
    }

    @Test func `stdin that is never read holds up nobody`() async throws {
        try await withHost { host in
            await host.expectGoodTask()
            let filling = String(repeating: "x", count: 600_000)
            let stuck = host.start(#"{"do":"hang"}"#, timeout: 1500)
            let queued = (0..<6).map { _ in
                host.start("{\"do\":\"succeed\",\"filling\":\"\(filling)\"}", timeout: 1000)
            }
            let last = host.task(#"{"do":"succeed"}"#, timeout: Misbehaviour.neverReads.timeout)
            let (result, time) = await host.run(last, within: Misbehaviour.bound)
            try Misbehaviour.report.add(Misbehaviour.neverReads.cells, time)
            #expect(result.outcome == Misbehaviour.neverReads.outcome, "\(result.text)")
            for task in queued { #expect(await task.value.outcome == .timeout) }
            let end = await stuck.value.outcome
            #expect(end == .timeout || end == .executorCrash)
            await host.expectNoProcess()
            await host.expectGoodTask()
        }
    }

    @Test func `a payload that fits no frame is the submitter's fault`() async throws {
        try await withHost { host in
            let held = host.start(#"{"do":"hold"}"#)
            await host.waitForPlugins(1)
            let large = await host.run("{\"do\":\"succeed\",\"filling\":\"\(String(repeating: "x", count: 1 << 20))\"}")
            #expect(large.outcome == .invalid, "\(large.error?.message ?? "")")
            #expect(large.error?.code == "payload_too_large")
            #expect(large.error?.pointer?.description == "/payload")
            await host.expectGoodTask()
            host.host.cancelAll()
            #expect(await held.value.outcome == .cancelled)
        }
    }
}

/// Remembers what it is told of a process.
@LoopActor
private final class ProcessObserver: ExecutorProcessDelegate {
    func process(_ process: ExecutorProcess, notice: TaskNotice, of task: String?) {}

    var hasServed = false
    var loss: ExecutorLoss?

    func process(_ process: ExecutorProcess, output: OutputNotification) {}
    func processIsServing(_ process: ExecutorProcess) { hasServed = true }
    func process(_ process: ExecutorProcess, endedBy loss: ExecutorLoss) { self.loss = loss }
}
