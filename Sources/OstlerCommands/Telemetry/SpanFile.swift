internal import Glibc
internal import OstlerHost
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTelemetry

/// The file of `--trace-file`. Lines are added at its end, whole ones at a time, so that several programs may share it.
@LoopActor
final class SpanFile {
    /// Bytes that are gathered, and for how long in milliseconds at most.
    private static let (most, longest) = (32 << 10, Int64(1000))

    private nonisolated let descriptor: OwnedFD
    private nonisolated let path: String
    private nonisolated let lines: SpanLines
    private let thread = WorkerThread()
    private var pending: [UInt8] = []
    private var timer: TimerID?
    private var failure: Failure?

    nonisolated init(_ path: String, runID: String) throws {
        self.path = path
        let number = open(path, O_WRONLY | O_CREAT | O_APPEND | O_NOCTTY | O_CLOEXEC, 0o644)
        guard number >= 0 else { throw Failure.unwritable(path, errno) }
        descriptor = OwnedFD(taking: number)
        lines = SpanLines(
            version: OstlerVersion.text,
            attributes: [("ostler.run_id", .string(runID)), ("process.pid", .int(Int64(getpid())))]
        )
    }

    /// Takes spans that are over. The loop does not wait for the disk.
    func add(_ spans: [Span]) {
        pending += lines.line(spans)
        guard pending.count < Self.most else { return flush() }
        guard timer == nil else { return }
        timer = EventLoop.shared.schedule(at: .now.advanced(milliseconds: Self.longest)) { [weak self] in self?.flush()
        }
    }

    private func flush() {
        if let timer { EventLoop.shared.cancel(timer) }
        timer = nil
        guard !pending.isEmpty else { return }
        let bytes = pending
        pending = []
        thread.perform { [self] in
            FileBytes.write(bytes, to: descriptor.number)
        } reply: { [weak self] problem in
            guard let self, let problem else { return }
            failure = failure ?? .unwritable(path, problem)
        }
    }

    /// Waits until all is written; tells what was not.
    func finish() async -> Bool {
        flush()
        await withUnsafeContinuation { continuation in
            thread.perform {
            } reply: {
                continuation.resume()
            }
        }
        guard let failure else { return true }
        Log.failure(failure)
        return false
    }
}
