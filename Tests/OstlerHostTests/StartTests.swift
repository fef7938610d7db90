internal import OstlerConfig
import OstlerHost
internal import OstlerJSON
import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

/// Plugins that do not start as they should.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct StartTests {
    struct Row: Sendable, CustomTestStringConvertible {
        let start: String
        let outcome: Outcome
        let code: String
        let says: String
        /// How long it may take to start, if that is what ends it.
        var limit: Int64?

        /// What the page and the report say of it.
        var cells: [String] { ["at its start: " + name, "`\(outcome.rawValue)`, `\(code)`", "ends"] }
        var name: String { start.replacing("_", with: " ") }
        var testDescription: String { start }
    }

    static let rows = [
        Row(start: "exit", outcome: .executorCrash, code: "executor_exited", says: "exited with code 9"),
        Row(start: "refuse", outcome: .executorProtocol, code: "initialize_refused", says: "the moon is not full"),
        Row(
            start: "version",
            outcome: .executorProtocol,
            code: "protocol_version",
            says: "speaks protocol 99, the host 0"
        ),
        Row(
            start: "no_executors",
            outcome: .executorProtocol,
            code: "executor_missing",
            says: "does not serve misbehave"
        ),
        Row(start: "shape", outcome: .executorProtocol, code: "malformed_answer", says: "answered initialize"),
        Row(start: "no_json", outcome: .executorProtocol, code: "frame_malformed", says: "malformed frame"),
        Row(start: "close_stdout", outcome: .executorProtocol, code: "stdout_closed", says: "closed its stdout"),
        Row(
            start: "hang",
            outcome: .executorCrash,
            code: "start_timeout",
            says: "did not answer initialize within 700 ms",
            limit: 700
        ),
    ]

    @Test(arguments: rows)
    func `a start that fails`(_ row: Row) async throws {
        try await withHost {
            $0.set("start", .string(row.start))
            if let limit = row.limit { $0.edit("start_timeout: 20s", "start_timeout: \(limit)ms") }
        } body: { host in
            // More than one, since each must hear of it.
            let others = (0..<2).map { _ in host.start(#"{"do":"succeed"}"#) }
            let (first, time) = await host.run(host.task(#"{"do":"succeed"}"#), within: Misbehaviour.bound)
            try Misbehaviour.report.add(row.cells, time)
            var results = [first]
            for other in others { results.append(await other.value) }
            for result in results {
                #expect(result.outcome == row.outcome, "\(result.text)")
                #expect(result.error?.code == row.code)
                #expect(result.error?.message.contains(row.says) == true, "\(result.text)")
                #expect(result.error?.message.contains("misbehaving") == true)
                #expect(result.error?.sideEffects == Failure.SideEffects.none)
            }
            if row.start == "exit" { #expect(results[0].executorStderr == "no wish to start\n") }
            await host.expectNoProcess()
        }
    }

    @Test func `a plugin that does not answer initialize is ended`() async throws {
        try await withHost {
            $0.set("start", "hang")
            $0.edit("start_timeout: 20s", "start_timeout: 700ms")
        } body: { host in
            let result = await host.run(#"{"do":"succeed"}"#)
            #expect(result.outcome == .executorCrash, "\(result.text)")
            #expect(result.error?.code == "start_timeout")
            #expect(result.error?.message == "plugin misbehaving did not answer initialize within 700 ms")
            #expect(result.error?.limit?.name == "start_timeout_ms")
            #expect(result.error?.limit?.limit == 700)
            #expect((result.error?.limit?.observed ?? 0) >= 700)
            #expect(result.error?.sideEffects == Failure.SideEffects.none)
            await host.expectNoProcess()
        }
    }

    @Test func `a plugin that never reads its stdin is ended`() async throws {
        try await withHost {
            $0.edit("/plugin/plugin.py]", "/plugin/plugin.py, --deaf]")
            $0.config.tasks.startTimeoutMilliseconds = 700
            $0.edit(", start_timeout: 20s", "")
        } body: { host in
            let result = await host.run(#"{"do":"succeed"}"#)
            #expect(result.error?.code == "start_timeout", "\(result.text)")
            await host.expectNoProcess()
        }
    }

    @Test(arguments: ["/usr/bin/no-such-interpreter", "no-such-program", "/plugin/plugin.py"])
    func `a program that cannot be started`(_ program: String) async throws {
        try await withHost {
            $0.edit("command: [/usr/bin/python3, -I, -S, /plugin/plugin.py]", "command: [\(program)]")
        } body: { host in
            let result = await host.run(#"{"do":"succeed"}"#)
            #expect(result.outcome == .executorCrash, "\(result.text)")
            #expect(result.error?.code == "executor_not_started")
            #expect(result.error?.message.contains("plugin misbehaving cannot be started") == true)
            #expect(result.error?.message.contains(program) == true, "\(result.text)")
            #expect(result.error?.sideEffects == Failure.SideEffects.none)
            await host.expectNoProcess()
        }
    }

    @Test func `a time limit counts while the plugin starts`() async throws {
        try await withHost {
            $0.set("start", "hang")
        } body: { host in
            let result = await host.run(#"{"do":"succeed"}"#, timeout: 400)
            #expect(result.outcome == .timeout, "\(result.text)")
            #expect(result.error?.code == "timeout_waiting")
            #expect(result.error?.sideEffects == Failure.SideEffects.none)
            #expect(result.cancellation?.stage == nil)
            #expect(result.cancellation?.survivors == "none")
        }
    }

    @Test func `a cancel counts while the plugin starts`() async throws {
        try await withHost {
            $0.set("start", "hang")
        } body: { host in
            let spec = host.task(#"{"do":"succeed"}"#)
            let task = host.start(spec)
            await host.waitForPlugins(1)
            #expect(host.host.cancel(spec.id))
            let result = await task.value
            #expect(result.outcome == .cancelled, "\(result.text)")
            #expect(result.error?.sideEffects == Failure.SideEffects.none)
            #expect(result.cancellation?.survivors == "none")
        }
    }

    @Test func `a launcher that is not there`() async throws {
        try await withHost { setup in
            setup.launcherProgram = "/usr/libexec/no-such-launcher"
        } body: { host in
            let result = await host.run(#"{"do":"succeed"}"#)
            #expect(result.outcome == .sandboxError, "\(result.text)")
            #expect(result.error?.code == "sandbox_unavailable")
            #expect(result.error?.hint?.contains("there is no ostler-launch") == true)
            #expect(result.error?.message.contains("nothing was run") == true)
        }
    }
}
