import OstlerHost
import OstlerProtocol
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

/// What plugins tell of a task while it runs.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct NoticeTests {
    @LoopActor
    private final class Listener: TaskSink {
        var heard: [String] = []
        var isCongested: Bool { false }

        func write(_ stream: OutputStream, _ bytes: [UInt8]) {
            heard.append("output")
        }

        func note(_ notice: TaskNotice) {
            switch notice {
            case .started: heard.append("started")
            case .progress(let progress): heard.append("progress \(progress.value) of \(progress.total ?? 0)")
            case .log(let log): heard.append("log \(log.message)")
            }
        }

        func whenDrained(_ action: @escaping @LoopActor () -> Void) {
            action()
        }
    }

    @Test func `progress and log reach whoever listens to the task, and no other`() async throws {
        try await withHost { host in
            let (listener, other) = (Listener(), Listener())
            let held = host.task(#"{"do":"hold"}"#)
            let sibling = host.start(held, io: TaskIO(sink: other))
            let result = await host.run(host.task(#"{"do":"tell"}"#, timeout: 30_000), io: TaskIO(sink: listener))
            #expect(result.outcome == .succeeded, "\(result.text)")
            #expect(listener.heard == ["started", "progress 1.0 of 2.0", "log of the task"])
            #expect(host.host.cancel(held.id))
            _ = await sibling.value
            #expect(other.heard == ["started"])
        }
    }
}
