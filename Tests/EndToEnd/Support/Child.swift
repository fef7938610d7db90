internal import Glibc
internal import OstlerSystem
internal import OstlerTestSupport

/// What became of a program.
struct Finished {
    var exitCode: Int32 = -1
    var signal: Int32?
    var output: [UInt8] = []
    var errors: [UInt8] = []
    /// It did not end, or did not let go of its streams, in time; it was killed.
    var isOverdue = false

    var text: String { String(decoding: output, as: UTF8.self) }
    var complaint: String { String(decoding: errors, as: UTF8.self) }
    /// The lines of stdout.
    var lines: [String] { text.split(separator: "\n").map(String.init) }
}

/// A program that a test has started. Streams are pipes that are served without ever waiting for one of them alone.
final class Child {
    /// Where its standard input comes from.
    enum Input: Sendable {
        case empty
        case bytes([UInt8])
        case file(String)
        /// A pipe whose far end stays open until ``closeInput()``.
        case open
        case closed

        static func text(_ text: String) -> Input { .bytes(Array(text.utf8)) }
    }

    /// How it is started.
    struct Command: Sendable {
        var program: String
        var arguments: [[UInt8]]
        var environment: [String] = []
        var directory: String?
        var input = Input.empty
        /// A terminal's or file's descriptor for all or some of the streams, instead of pipes.
        var descriptors: (stdin: Int32?, stdout: Int32?, stderr: Int32?) = (nil, nil, nil)

        init(_ program: String, _ arguments: [String]) {
            self.program = program
            self.arguments = arguments.map { Array($0.utf8) }
        }
    }

    let process: pid_t
    private var input: Int32 = -1
    private var outputs: [Int32] = [-1, -1]
    private var captured: [[UInt8]] = [[], []]
    private var pending: ArraySlice<UInt8> = []
    private var status: Int32?

    init(_ command: Command) throws {
        Self.isolate()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var theirs: [Int32] = []
        defer { theirs.forEach { close($0) } }
        try Self.connectInput(command, &actions, &theirs, &input, &pending)
        for (index, given) in [command.descriptors.stdout, command.descriptors.stderr].enumerated() {
            let number = Int32(index + 1)
            if let given {
                posix_spawn_file_actions_adddup2(&actions, given, number)
                continue
            }
            let pipe = try Pipe.make()
            theirs.append(pipe.write)
            outputs[index] = pipe.read
            OwnedFD.setNonblocking(pipe.read)
            posix_spawn_file_actions_adddup2(&actions, pipe.write, number)
        }
        process = try Self.spawn(command, &actions)
        if !pending.isEmpty { serve(0) }
    }

    deinit {
        if status == nil {
            kill(process, SIGKILL)
            _ = reap(0)
        }
        for descriptor in outputs + [input] where descriptor >= 0 { close(descriptor) }
    }

    /// A program gets nothing of this process but what a test gives it.
    private static func isolate() {
        signal(SIGPIPE, SIG_IGN)
        for descriptor in openDescriptors().keys where descriptor > 2 { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
    }

    private static func connectInput(
        _ command: Command,
        _ actions: inout posix_spawn_file_actions_t,
        _ theirs: inout [Int32],
        _ input: inout Int32,
        _ pending: inout ArraySlice<UInt8>
    ) throws {
        if let given = command.descriptors.stdin {
            posix_spawn_file_actions_adddup2(&actions, given, 0)
            return
        }
        switch command.input {
        case .empty: posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        case .file(let path): posix_spawn_file_actions_addopen(&actions, 0, path, O_RDONLY, 0)
        case .closed: posix_spawn_file_actions_addclose(&actions, 0)
        case .open, .bytes:
            let pipe = try Pipe.make()
            theirs.append(pipe.read)
            input = pipe.write
            OwnedFD.setNonblocking(input)
            posix_spawn_file_actions_adddup2(&actions, pipe.read, 0)
            if case .bytes(let bytes) = command.input { pending = bytes[...] }
        }
    }

    private static func spawn(_ command: Command, _ actions: inout posix_spawn_file_actions_t) throws -> pid_t {
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var all = sigset_t()
        sigfillset(&all)
        var none = sigset_t()
        sigemptyset(&none)
        posix_spawnattr_setsigdefault(&attributes, &all)
        posix_spawnattr_setsigmask(&attributes, &none)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK))
        // The program that changes the directory becomes the program itself: the process stays the same.
        let change = command.directory.map { ["/usr/bin/env", "-C", $0].map { Array($0.utf8) } } ?? []
        let line = change + [Array(command.program.utf8)] + command.arguments
        let program = change.isEmpty ? command.program : "/usr/bin/env"
        var words = line.map(copy) + [nil]
        var variables = command.environment.map { copy(Array($0.utf8)) } + [nil]
        defer { (words + variables).forEach { free($0) } }
        var process: pid_t = 0
        let result = posix_spawn(&process, program, &actions, &attributes, &words, &variables)
        guard result == 0 else { throw TestSupportFailure("posix_spawn", command.program, errno: result) }
        return process
    }

    private static func copy(_ bytes: [UInt8]) -> UnsafeMutablePointer<CChar>? {
        let terminated = bytes.map { CChar(bitPattern: $0) } + [0]
        return strdup(terminated)
    }

    // MARK: While it runs

    func send(_ signal: Int32) {
        if status == nil { kill(process, signal) }
    }

    /// Adds to its standard input.
    func write(_ text: String) {
        pending += Array(text.utf8)
        serve(0)
    }

    /// Whether it has written that to stdout by now, as far as it was served.
    func hasWritten(_ text: String) -> Bool {
        String(decoding: captured[0], as: UTF8.self).contains(text)
    }

    /// Gives it the end of its input once everything is written.
    func closeInput() {
        serve(0)
        if input >= 0 { close(input) }
        input = -1
    }

    /// Stops reading its standard output, as a reader does that goes away.
    func closeOutput() {
        if outputs[0] >= 0 { close(outputs[0]) }
        outputs[0] = -1
    }

    /// What it has written to stdout so far.
    var output: String {
        serve(0)
        return String(decoding: captured[0], as: UTF8.self)
    }

    /// What it has written to stderr so far.
    var errors: String {
        serve(0)
        return String(decoding: captured[1], as: UTF8.self)
    }

    var hasEnded: Bool {
        if status == nil { _ = reap(WNOHANG) }
        return status != nil
    }

    // MARK: To the end

    /// Serves its streams until it has ended and nobody holds them any more.
    func finish(within limit: Duration = .seconds(60), keepsInputOpen: Bool = false) -> Finished {
        var result = Finished()
        let deadline = ContinuousClock.now.advanced(by: limit)
        var closesInput = !keepsInputOpen
        while true {
            if closesInput, pending.isEmpty {
                closeInput()
                closesInput = false
            }
            if hasEnded, outputs.allSatisfy({ $0 < 0 }) { break }
            guard ContinuousClock.now < deadline else {
                result.isOverdue = true
                kill(process, SIGKILL)
                _ = reap(0)
                break
            }
            serve(outputs.allSatisfy { $0 < 0 } ? 2 : 20)
        }
        result.output = captured[0]
        result.errors = captured[1]
        let status = status ?? 0
        if status & 0x7F == 0 { result.exitCode = status >> 8 & 0xFF } else { result.signal = status & 0x7F }
        return result
    }

    private func reap(_ options: Int32) -> Bool {
        var status: Int32 = 0
        var result = waitpid(process, &status, options)
        while result < 0, errno == EINTR { result = waitpid(process, &status, options) }
        if result == process { self.status = status }
        return result == process
    }

    /// Moves what can be moved, and waits no longer than `milliseconds` for it.
    func serve(_ milliseconds: Int32) {
        var entries: [pollfd] = outputs.map { pollfd(fd: $0, events: Int16(POLLIN), revents: 0) }
        let wantsInput = !pending.isEmpty && input >= 0
        entries.append(pollfd(fd: wantsInput ? input : -1, events: Int16(POLLOUT), revents: 0))
        guard poll(&entries, nfds_t(entries.count), milliseconds) > 0 else { return }
        for index in 0..<2 where entries[index].revents != 0 { take(index) }
        if entries[2].revents != 0 { feed() }
    }

    private func take(_ index: Int) {
        var chunk = [UInt8](repeating: 0, count: 1 << 16)
        while outputs[index] >= 0 {
            let count = read(outputs[index], &chunk, chunk.count)
            if count > 0 {
                captured[index] += chunk.prefix(count)
                continue
            }
            if count < 0, errno == EAGAIN || errno == EINTR { return }
            close(outputs[index])
            outputs[index] = -1
        }
    }

    private func feed() {
        while !pending.isEmpty {
            let count = pending.withUnsafeBytes { Glibc.write(input, $0.baseAddress, min($0.count, 1 << 16)) }
            if count > 0 {
                pending = pending.dropFirst(count)
                continue
            }
            if errno == EAGAIN || errno == EINTR { return }
            // A program that does not read its input is no fault.
            pending = []
        }
    }
}

/// Runs what waits for programs on a thread of its own: the threads of tasks are few.
func onThread<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    try await withTaskExecutorPreference(ThreadExecutor.shared) { try await ThreadExecutor.run(body) }
}

/// Gives each piece of work a thread; it stays a part of the test's own task.
private final class ThreadExecutor: TaskExecutor {
    static let shared = ThreadExecutor()

    @concurrent
    static func run<R: Sendable>(_ body: @Sendable () throws -> R) async throws -> R { try body() }

    func enqueue(_ job: consuming ExecutorJob) {
        let work = Unmanaged.passRetained(Work(UnownedJob(job), asUnownedTaskExecutor()))
        var thread = pthread_t()
        let result = pthread_create(
            &thread,
            nil,
            { argument in
                guard let argument else { return nil }
                let work = Unmanaged<Work>.fromOpaque(argument).takeRetainedValue()
                work.job.runSynchronously(on: work.executor)
                return nil
            },
            work.toOpaque()
        )
        precondition(result == 0, "a thread for a test")
        pthread_detach(thread)
    }

    private final class Work {
        let job: UnownedJob
        let executor: UnownedTaskExecutor

        init(_ job: UnownedJob, _ executor: UnownedTaskExecutor) {
            self.job = job
            self.executor = executor
        }
    }
}
