internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks

/// One stream of a task while it runs: in memory while it is short, in a spool beyond that.
@LoopActor
final class OutputCapture {
    private(set) var total: UInt64 = 0
    private var inline = CapturedOutput()
    private var spool: OutputSpool?
    /// Bytes that the worker thread has not yet put into the spool.
    private var unwritten = 0
    private let directory: String
    /// Told when the spool has caught up, and of its first fault.
    private let onProgress: @LoopActor (OutputSpool.Fault?) -> Void

    /// What memory keeps of a stream.
    nonisolated static let inlineBytes = 64 << 10
    /// How far a stream may be ahead of its spool before its plugin is no longer read.
    nonisolated static let creditBytes = 256 << 10

    init(directory: String, onProgress: @escaping @LoopActor (OutputSpool.Fault?) -> Void) {
        self.directory = directory
        self.onProgress = onProgress
    }

    /// True while the spool is too far behind.
    var isBehind: Bool { unwritten > Self.creditBytes }
    var isSpooled: Bool { spool != nil }

    func append(_ bytes: [UInt8]) {
        total += UInt64(bytes.count)
        guard let spool else {
            inline.append(bytes)
            if total > UInt64(Self.inlineBytes) { beginSpool() }
            return
        }
        write(bytes, to: spool)
    }

    private func beginSpool() {
        let spool = OutputSpool(directory: directory)
        self.spool = spool
        write(inline.bytes, to: spool)
        inline = CapturedOutput()
    }

    private func write(_ bytes: [UInt8], to spool: OutputSpool) {
        unwritten += bytes.count
        let wasBehind = isBehind
        WorkerThread.shared.perform {
            spool.write(bytes)
        } reply: { fault in
            self.unwritten -= bytes.count
            if fault != nil || wasBehind && !self.isBehind || self.unwritten == 0 { self.onProgress(fault) }
        }
    }

    /// Tells what there is of the stream once all of it is kept; nothing may come any more.
    func collect(_ whenDone: @escaping @LoopActor @Sendable (Result<CapturedOutput, OutputSpool.Fault>) -> Void) {
        guard let spool else { return whenDone(.success(inline)) }
        WorkerThread.shared.perform({ spool.collect() }, reply: whenDone)
    }
}
