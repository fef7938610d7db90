internal import Glibc
import OstlerHost
import OstlerJSON
import OstlerProtocol
internal import OstlerSandbox
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

/// A host under test and what is asked of it again and again.
@LoopActor
final class TestHost {
    let host: Host
    private var counter = 0

    init(_ host: Host) {
        self.host = host
    }

    var launcher: Int32 { host.provider.launcher.processID }

    /// The processes that the launcher has started and that are still there.
    var processes: Set<ProcessTree.Entry> { launcher > 0 ? ProcessTree.descendants(of: launcher) : [] }

    func task(_ payload: String, executor: String = "misbehave", timeout: Int64? = nil, id: String? = nil) -> TaskSpec {
        counter += 1
        var spec = TaskSpec(id: id ?? "task-\(counter)", executor: executor, payload: Array(payload.utf8))
        if let timeout { spec.timeout = timeout }
        return spec
    }

    func run(_ spec: TaskSpec, io: TaskIO = TaskIO()) async -> TaskResult {
        await host.run(spec, origin: TaskOrigin(runID: "test", principal: "tester"), io: io)
    }

    func run(_ payload: String, executor: String = "misbehave", timeout: Int64? = nil) async -> TaskResult {
        await run(task(payload, executor: executor, timeout: timeout))
    }

    /// Runs a task and says how long it took. One that does not end within `bound` is ended by force, and its test fails.
    func run(
        _ spec: TaskSpec,
        within bound: Duration,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async -> (result: TaskResult, time: Duration) {
        let start = ContinuousClock.now
        let limit = EventLoop.shared.schedule(at: .now.advanced(milliseconds: bound.components.seconds * 1000)) {
            Issue.record("\(spec.id) did not end within \(bound)", sourceLocation: sourceLocation)
            self.host.abandon()
        }
        let result = await run(spec)
        EventLoop.shared.cancel(limit)
        return (result, start.duration(to: .now))
    }

    /// Starts a task without waiting for it.
    func start(_ spec: TaskSpec, io: TaskIO = TaskIO()) -> Task<TaskResult, Never> {
        Task { @LoopActor in await self.run(spec, io: io) }
    }

    func start(_ payload: String, executor: String = "misbehave", timeout: Int64? = nil) -> Task<TaskResult, Never> {
        start(task(payload, executor: executor, timeout: timeout))
    }

    func command(_ words: String..., timeout: Int64? = nil) async -> TaskResult {
        await run(Self.payload(words), executor: "command", timeout: timeout)
    }

    nonisolated static func payload(_ words: [String]) -> String {
        let arguments = words.dropFirst().map { JSONValue.string($0).text }.joined(separator: ",")
        return "{\"command\":\(JSONValue.string(words[0]).text),\"args\":[\(arguments)]}"
    }

    /// Whatever happened before: the host must be of use to the next task.
    func expectGoodTask(_ executor: String = "misbehave", sourceLocation: SourceLocation = #_sourceLocation) async {
        let good = await run(#"{"do":"say","text":"good"}"#, executor: executor, timeout: 30_000)
        #expect(good.outcome == .succeeded, "\(good.text)", sourceLocation: sourceLocation)
        #expect(good.output.text == "good", sourceLocation: sourceLocation)
    }

    /// Waits until nothing that the launcher started is left.
    func expectNoProcess(sourceLocation: SourceLocation = #_sourceLocation) async {
        await eventually("the end of all processes of the run", sourceLocation: sourceLocation) { processes.isEmpty }
    }

    /// Waits until nothing is left but the plugins.
    func expectNoCommand(sourceLocation: SourceLocation = #_sourceLocation) async {
        await eventually("the end of all commands", sourceLocation: sourceLocation) {
            processes.allSatisfy { $0.name.hasPrefix("ostler-") }
        }
    }

    /// Waits until a number of misbehaving plugins runs.
    func waitForPlugins(_ count: Int, sourceLocation: SourceLocation = #_sourceLocation) async {
        await eventually("\(count) plugins", sourceLocation: sourceLocation) {
            processes.filter { $0.name.hasPrefix("python") }.count >= count
        }
    }
}

/// Hosts run at most so many at once: each is a launcher and some interpreters, and time limits are real.
@LoopActor
private enum HostSlots {
    static var free = 3
    static var waiting: [UnsafeContinuation<Void, Never>] = []

    static func take() async {
        guard free == 0 else {
            free -= 1
            return
        }
        await withUnsafeContinuation { waiting.append($0) }
    }

    static func give() {
        guard !waiting.isEmpty else {
            free += 1
            return
        }
        waiting.removeFirst().resume()
    }
}

/// Runs `body` with a host, and then stops it: nothing of it may be left.
func withHost(
    _ setUp: (inout HostSetup) throws -> Void = { _ in },
    sourceLocation: SourceLocation = #_sourceLocation,
    body: @LoopActor (TestHost) async throws -> Void
) async throws {
    // As every program of a host does: a plugin that is gone shows elsewhere.
    signal(SIGPIPE, SIG_IGN)
    EventLoop.shared.startThread()
    try await withTemporaryDirectory { directory in
        var setup = HostSetup(directory)
        try setUp(&setup)
        try await onLoop(try setup.settings(), sourceLocation, body)
    }
}

@LoopActor
private func onLoop(
    _ settings: HostSettings,
    _ location: SourceLocation,
    _ body: @LoopActor (TestHost) async throws -> Void
) async throws {
    await HostSlots.take()
    defer { HostSlots.give() }
    let test = TestHost(Host(settings))
    // Whatever a test waits for then has an end: without its launcher every task gets its outcome. A suite's time limit
    // alone cannot end what waits for the loop.
    let watchdog = EventLoop.shared.schedule(at: .now.advanced(milliseconds: 100_000)) {
        Issue.record("the test hung for 100 s; its host was abandoned", sourceLocation: location)
        test.host.abandon()
    }
    defer { EventLoop.shared.cancel(watchdog) }
    do {
        try await body(test)
    } catch {
        await test.host.stop()
        throw error
    }
    let known = test.processes
    let launcher = ProcessTree.entry(test.launcher)?.entry
    await test.host.stop()
    let left = known.union(launcher.map { [$0] } ?? []).filter(\.isRunning)
    #expect(left.isEmpty, "left after stop: \(left)", sourceLocation: location)
}

extension TaskResult {
    /// As JSON, for messages.
    var text: String {
        var writer = JSONWriter()
        encode(into: &writer)
        return String(decoding: writer.bytes, as: UTF8.self)
    }
}

extension CapturedOutput {
    var text: String { String(decoding: bytes, as: UTF8.self) }
}
