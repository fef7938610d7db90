import OstlerHost
internal import OstlerJSON
internal import OstlerProtocol
import OstlerSystem
import OstlerTasks
import OstlerTelemetry
import OstlerTestSupport
import Testing

/// The spans of tasks, whatever becomes of them.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct TraceTests {
    /// Keeps what a host records, task by task.
    @LoopActor
    private final class Spans {
        private(set) var tasks: [[Span]] = []

        func add(_ spans: [Span]) { tasks.append(spans) }

        /// The names of a task's spans, in the order of their ends.
        func names(_ task: Int) -> [String] { tasks[task].map(\.name) }

        func span(_ name: String, of task: Int) -> Span? { tasks[task].first { $0.name == name } }
    }

    private static let run: TraceContext = {
        var generator = SeededGenerator(seed: 7)
        return TraceOrigin.none.begin(using: &generator)
    }()

    /// A host that records, and what it has recorded.
    private func withRecordingHost(
        _ setUp: (inout HostSetup) throws -> Void = { _ in },
        _ body: @LoopActor (TestHost, Spans) async throws -> Void
    ) async throws {
        let spans = Spans()
        try await withHost {
            try setUp(&$0)
            $0.tracing = HostTracing(run: Self.run) { spans.add($0) }
        } body: { host in
            try await body(host, spans)
        }
    }

    /// Each span is below the right one, in its time, and in the trace of the run.
    @LoopActor
    private func expectTree(_ spans: [Span], sourceLocation: SourceLocation = #_sourceLocation) throws {
        let task = try #require(spans.last, sourceLocation: sourceLocation)
        #expect(task.name == "task" && task.parent == Self.run.span, sourceLocation: sourceLocation)
        let attempt = spans.first { $0.name == "attempt" }
        for span in spans {
            #expect(span.context.trace == Self.run.trace && span.context.isSampled, sourceLocation: sourceLocation)
            let parent: Span?
            switch span.name {
            case "task": continue
            case "attempt": parent = task
            default: parent = attempt
            }
            let above = try #require(parent, "\(span.name)", sourceLocation: sourceLocation)
            #expect(span.parent == above.context.span, "\(span.name)", sourceLocation: sourceLocation)
            #expect(above.start <= span.start && span.end <= above.end, "\(span.name)", sourceLocation: sourceLocation)
        }
        #expect(Set(spans.map(\.context.span)).count == spans.count, sourceLocation: sourceLocation)
    }

    @Test func `A task of a plugin without commands has a call and no sandbox`() async throws {
        try await withRecordingHost { host, spans in
            await host.expectGoodTask()
            #expect(spans.names(0) == ["plugin call", "attempt", "task"])
            try expectTree(spans.tasks[0])
            #expect(spans.tasks[0].allSatisfy { $0.error == nil })
            #expect(spans.span("plugin call", of: 0)?.kind == .client)
        }
    }

    @Test func `Each command of a task has a sandbox of its own`() async throws {
        try await withRecordingHost(HostSetup.withCommand) { host, spans in
            let good = await host.command("true")
            #expect(good.outcome == .succeeded, "\(good.text)")
            let killed = await host.command("sh", "-c", "kill -9 $$")
            #expect(killed.signal == 9, "\(killed.text)")
            for task in 0..<2 {
                try expectTree(spans.tasks[task])
                #expect(spans.tasks[task].count { $0.name == "sandbox" } == 1)
            }
            #expect(spans.span("sandbox", of: 0)?.attributes.map(\.key) == ["process.exit.code"])
            #expect(spans.span("sandbox", of: 1)?.attributes.map(\.value) == [.int(9)])
            #expect(spans.span("task", of: 1)?.error == "failed")
        }
    }

    @Test func `A call that was not answered says why, and the task has the error's code`() async throws {
        try await withRecordingHost { host, spans in
            let result = await host.run(#"{"do":"exit"}"#)
            #expect(result.outcome == .executorCrash, "\(result.text)")
            try expectTree(spans.tasks[0])
            #expect(spans.span("plugin call", of: 0)?.error == result.error?.code)
            #expect(spans.span("attempt", of: 0)?.error == result.error?.message)
            let type = spans.span("task", of: 0)?.attributes.first { $0.key == "error.type" }
            #expect(type?.value == result.error.map { .string($0.code) })
        }
    }

    @Test func `A task that is cancelled has its spans, too`() async throws {
        try await withRecordingHost { host, spans in
            let spec = host.task(#"{"do":"hold"}"#)
            let task = host.start(spec)
            // The plugin has the first when it answers the second.
            await host.expectGoodTask()
            #expect(host.host.cancel(spec.id))
            let result = await task.value
            #expect(result.outcome == .cancelled, "\(result.text)")
            try expectTree(spans.tasks[1])
            for name in ["plugin call", "attempt"] { #expect(spans.span(name, of: 1) != nil, "\(spans.names(1))") }
        }
    }

    @Test func `A task that no plugin got has no attempt`() async throws {
        try await withRecordingHost {
            $0.set("start", "exit")
        } _: { host, spans in
            let result = await host.run(#"{"do":"say","text":"x"}"#)
            #expect(result.outcome == .executorCrash, "\(result.text)")
            #expect(spans.names(0) == ["task"])
            #expect(spans.tasks[0][0].error != nil)
        }
    }

    @Test func `A task that is refused is none, and leaves no span`() async throws {
        try await withRecordingHost { host, spans in
            let result = await host.run("[]", executor: "nobody")
            #expect(result.outcome == .invalid)
            #expect(spans.tasks.isEmpty)
        }
    }
}
