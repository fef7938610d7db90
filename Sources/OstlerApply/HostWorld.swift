package import OstlerHost
package import OstlerProtocol
package import OstlerResources
internal import OstlerSystem
package import OstlerTasks
internal import OstlerTelemetry
internal import Synchronization

/// The machine: files below a root, and tasks of a host. Nothing is started before a task is run.
package final class HostWorld: ResourceWorld {
    private let files: RootedFiles
    private let host: Host
    private let origin: TaskOrigin
    private let tracing: HostTracing?
    private let log: @LoopActor @Sendable (_ title: String, _ line: String) -> Void
    private let interrupted = Atomic(false)
    /// The ids of its tasks that run.
    @LoopActor private var open: [String] = []
    /// Of the resource whose turn it is.
    @LoopActor private var trace: ResourceTrace?

    /// - Parameters:
    ///   - tracing: the host's.
    ///   - log: told of each line of a resource that logs its output.
    package init(
        files: RootedFiles,
        host: Host,
        origin: TaskOrigin,
        tracing: HostTracing?,
        log: @escaping @LoopActor @Sendable (_ title: String, _ line: String) -> Void
    ) {
        self.files = files
        self.host = host
        self.origin = origin
        self.tracing = tracing
        self.log = log
    }

    package func begin(_ resource: Resource) async {
        guard let trace = ResourceTrace(tracing) else { return }
        await set(trace)
    }

    package func end(_ outcome: ResourceOutcome) async {
        if tracing?.record != nil { await finishTrace(outcome) }
    }

    @LoopActor
    private func set(_ trace: ResourceTrace) { self.trace = trace }

    @LoopActor
    private func finishTrace(_ outcome: ResourceOutcome) {
        trace?.finish(host.provider.vault.masked(outcome))
        trace = nil
    }

    /// Ends what it runs; it begins nothing more. Its host goes on.
    @LoopActor
    package func interrupt() {
        interrupted.store(true, ordering: .relaxed)
        for id in open { host.cancel(id) }
    }

    package var isInterrupted: Bool { interrupted.load(ordering: .relaxed) }

    package func exists(_ path: String) async throws(Failure) -> Bool { try files.exists(path) }

    package func resolve(_ path: String) async -> ResolvedPath { files.resolve(path) }

    package func inspect(_ file: FileResource, withDiff: Bool) async throws(Failure) -> FileInspection {
        try files.inspect(file, withDiff: withDiff)
    }

    package func make(_ file: FileResource) async throws(Failure) { try files.make(file) }

    package func run(_ task: TaskSpec, attempt: Int, loggedAs title: String?) async -> TaskResult {
        await runOnLoop(task, attempt, title)
    }

    @LoopActor
    private func runOnLoop(_ task: TaskSpec, _ attempt: Int, _ title: String?) async -> TaskResult {
        guard !isInterrupted else { return cancelled(task) }
        var task = task
        if task.traceparent == nil { task.traceparent = trace?.context.traceparent }
        let sink = title.map { title in LineSink { [log] in log(title, $0) } }
        var io = TaskIO(sink: sink)
        io.attempt = attempt
        open.append(task.id)
        let result = await withUnsafeContinuation { continuation in
            host.submit(task, origin: origin, io: io) { continuation.resume(returning: $0) }
            // Who interrupted it a moment ago could not know the task yet.
            if isInterrupted { host.cancel(task.id) }
        }
        open.removeAll { $0 == task.id }
        sink?.finish()
        return result
    }

    @LoopActor
    private func cancelled(_ task: TaskSpec) -> TaskResult {
        let failure = Failure("cancelled", fault: .user, message: "it was cancelled before its turn came")
        var result = host.refused(task, origin, [failure])
        result.outcome = .cancelled
        return result
    }

    package func idempotency(of executor: String) async -> Idempotency { await host.idempotency(of: executor) }

    package var defaultTimeout: Int64? { get async { await host.defaultTimeout } }

    package func pause(milliseconds: Int64) async {
        let end = Instant.now.advanced(milliseconds: milliseconds)
        while !isInterrupted, Instant.now < end {
            let rest = end.microseconds(since: .now) / 1000 + 1
            try? await Task.sleep(for: .milliseconds(min(rest, 100)))
        }
    }
}

extension SecretVault {
    /// A resource's outcome, as it may be told.
    package func masked(_ outcome: ResourceOutcome) -> ResourceOutcome {
        mask.map { mask in outcome.concealed { mask.masked($0) } } ?? outcome
    }
}

/// Cuts what a task writes into lines, blank ones too, each stream by itself.
@LoopActor
private final class LineSink: TaskSink {
    private var rest: [OutputStream: [UInt8]] = [:]
    private let tell: @LoopActor @Sendable (String) -> Void
    /// A line that is longer is told in pieces.
    private static let longest = 1 << 20

    init(_ tell: @escaping @LoopActor @Sendable (String) -> Void) {
        self.tell = tell
    }

    func write(_ stream: OutputStream, _ bytes: [UInt8]) {
        var pending = (rest.removeValue(forKey: stream) ?? [])[...]
        pending += bytes
        while let end = pending.firstIndex(of: 0x0A) {
            tell(String(decoding: pending[..<end], as: UTF8.self))
            pending = pending[(end + 1)...]
        }
        if pending.count > Self.longest {
            tell(String(decoding: pending, as: UTF8.self))
            pending = []
        }
        rest[stream] = Array(pending)
    }

    /// What has no end is a line, too.
    func finish() {
        for stream in [OutputStream.stdout, .stderr] {
            guard let last = rest[stream], !last.isEmpty else { continue }
            tell(String(decoding: last, as: UTF8.self))
        }
    }

    var isCongested: Bool { false }
    func whenDrained(_ action: @escaping @LoopActor () -> Void) {}
}
