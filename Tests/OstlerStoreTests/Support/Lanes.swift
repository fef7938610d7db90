internal import Glibc
internal import OstlerStore
internal import OstlerSystem
internal import OstlerTestSupport
internal import Synchronization

/// Threads that do something at the same time.
final class Lanes: Sendable {
    private let failures = Mutex(0)
    private let threads = Mutex<[NativeThread]>([])
    private let body: @Sendable (Int) -> Bool

    /// - Parameter body: gets the number of its lane; false for a failure.
    init(_ count: Int, _ body: @escaping @Sendable (Int) -> Bool) {
        self.body = body
        for lane in 0..<count { start(lane) }
    }

    private func start(_ number: Int) {
        let thread = NativeThread {
            if !self.body(number) { self.failures.withLock { $0 += 1 } }
        }
        if let thread { threads.withLock { $0.append(thread) } } else { failures.withLock { $0 += 1 } }
    }

    /// Waits for all of them.
    /// - Returns: whether none has failed.
    func join() -> Bool {
        for thread in threads.withLock({ $0 }) { thread.join() }
        return failures.withLock { $0 == 0 }
    }
}

/// A process that submits task after task.
enum Feeder {
    /// Starts it, and kills it as soon as it has told of so many tasks.
    /// - Returns: all tasks that it told of.
    static func kill(_ path: String, after count: Int) throws -> [TaskID] {
        var ends: [Int32] = [0, 0]
        guard pipe(&ends) == 0 else { throw TestSupportFailure("pipe", "for the feeder") }
        defer { close(ends[0]) }
        let program = Surroundings.program("ostler-bench")
        let arguments: [String] = [program, "store", "feed", path, "1000000"]
        var words: [UnsafeMutablePointer<CChar>?] = arguments.map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, ends[1], 1)
        posix_spawn_file_actions_addclose(&actions, ends[0])
        var process: pid_t = 0
        let result = posix_spawn(&process, program, &actions, nil, &words, environ)
        close(ends[1])
        guard result == 0 else { throw TestSupportFailure("posix_spawn", program, errno: result) }
        defer {
            var status: Int32 = 0
            while waitpid(process, &status, 0) < 0, errno == EINTR {}
        }
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        var lines = 0
        while lines < count, read(ends[0], &byte, 1) == 1 {
            bytes.append(byte)
            if byte == UInt8(ascii: "\n") { lines += 1 }
        }
        Glibc.kill(process, SIGKILL)
        bytes += try contents(ofDescriptor: ends[0])
        guard lines == count else {
            throw TestSupportFailure("the feeder ended", String(decoding: bytes, as: UTF8.self))
        }
        // The last line may be cut short.
        let whole = bytes.prefix((bytes.lastIndex(of: UInt8(ascii: "\n")) ?? -1) + 1)
        return String(decoding: whole, as: UTF8.self).split(separator: "\n").compactMap { TaskID($0) }
    }
}
