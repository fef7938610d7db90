import OstlerHost
import OstlerJSON
import OstlerProtocol
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

@testable import OstlerHost

@Suite struct OutputCreditTests {
    @Test func `what was taken is given back in pieces that are worth a message`() {
        var credit = OutputCredit()
        credit.take(OutputCredit.window / 2 - 1)
        #expect(credit.refill() == nil)
        credit.take(1)
        #expect(credit.refill() == OutputCredit.window / 2)
        #expect(credit.refill(all: true) == nil)
        credit.take(7)
        #expect(credit.refill(all: true) == 7)
    }

    @Test func `one piece more than the credit is no fault, two are`() {
        var credit = OutputCredit()
        credit.take(OutputCredit.window - 1)
        credit.take(OutputNotification.maximumBytes)
        #expect(!credit.isOverdrawn)
        credit.take(2)
        #expect(credit.isOverdrawn)
        #expect(credit.refill() == OutputCredit.window + OutputNotification.maximumBytes + 1)
        #expect(!credit.isOverdrawn)
    }

    @Test func `a task that nobody reads tells only so much of its progress`() {
        var credit = OutputCredit()
        for _ in 0..<1000 { credit.takeNotice() }
        #expect(!credit.isOverdrawn)
        credit.takeNotice()
        #expect(credit.isOverdrawn)
        #expect(credit.refill(all: true) == nil)
        #expect(!credit.isOverdrawn)
    }
}

/// A task whose output nobody takes stands still by itself.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct CreditTests {
    /// A reader that can be stopped.
    @LoopActor
    private final class Reader: TaskSink {
        var bytes: [UInt8] = []
        var isCongested = false
        private var waiting: [@LoopActor () -> Void] = []

        func write(_ stream: OutputStream, _ bytes: [UInt8]) { self.bytes += bytes }
        func whenDrained(_ action: @escaping @LoopActor () -> Void) { waiting.append(action) }

        func goOn() {
            isCongested = false
            let actions = waiting
            waiting = []
            for action in actions { action() }
        }
    }

    private static let megabytes = 8_000_000

    @Test func `a task that nobody reads stands still, its neighbours in the same plugin finish, and nothing is lost`()
        async throws
    {
        try await withHost { setup in
            setup.hasCommand = true
        } body: { host in
            let reader = Reader()
            reader.isCongested = true
            let words = ["sh", "-c", "seq 1 600000; echo the end >&2"]
            let spec = host.task(TestHost.payload(words), executor: "command", timeout: 100_000)
            let chatty = host.start(spec, io: TaskIO(sink: reader))
            await eventually("the chatty task to stand still") { reader.bytes.count > OutputCredit.window - (64 << 10) }
            let neighbour = await host.command("head", "-c", "\(Self.megabytes)", "/dev/zero", timeout: 60_000)
            #expect(neighbour.outcome == .succeeded, "\(neighbour.error?.message ?? "")")
            #expect(neighbour.output.total == UInt64(Self.megabytes))
            #expect(await host.command("echo", "me too").output.text == "me too\n")
            #expect(reader.bytes.count <= OutputCredit.window + OutputNotification.maximumBytes)
            reader.goOn()
            let result = await chatty.value
            #expect(result.outcome == .succeeded, "\(result.error?.message ?? "")")
            let text = (1...600_000).map { "\($0)\n" }.joined()
            #expect(result.output.text == text)
            #expect(result.errorOutput.text == "the end\n")
            #expect(reader.bytes == Array((text + "the end\n").utf8))
        }
    }

    @Test func `a task that stands still can be cancelled, and its answer is heard`() async throws {
        try await withHost {
            HostSetup.obeyed(&$0)
            $0.hasCommand = true
        } body: { host in
            let reader = Reader()
            reader.isCongested = true
            let spec = host.task(TestHost.payload(["yes"]), executor: "command")
            let chatty = host.start(spec, io: TaskIO(sink: reader))
            await eventually("the chatty task to stand still") { reader.bytes.count > OutputCredit.window - (64 << 10) }
            #expect(host.host.cancel(spec.id))
            let result = await chatty.value
            #expect(result.outcome == .cancelled, "\(result.error?.message ?? "")")
            #expect(result.cancellation?.stage == .asked)
            #expect(result.cancellation?.survivors == "none")
        }
    }

    @Test func `a plugin that promises to heed credit and does not is read no further while its reader is behind`()
        async throws
    {
        try await withHost { setup in
            setup.set("start", "credit")
            setup.hasCommand = true
        } body: { host in
            let reader = Reader()
            reader.isCongested = true
            let spec = host.task(#"{"do":"pour_answer_and_exit","frames":200}"#, timeout: 60_000)
            let task = host.start(spec, io: TaskIO(sink: reader))
            await eventually("the plugin to overdraw") {
                reader.bytes.count > OutputCredit.window + OutputNotification.maximumBytes
            }
            let seen = reader.bytes.count
            // Many turns of the loop, in each of which more would be read.
            for _ in 0..<5 { #expect(await host.command("true").outcome == .succeeded) }
            #expect(reader.bytes.count < seen + (1 << 20))
            reader.goOn()
            let result = await task.value
            #expect(result.outcome == .succeeded, "\(result.error?.message ?? "")")
            #expect(reader.bytes.count == 200 * 32768)
        }
    }
}
