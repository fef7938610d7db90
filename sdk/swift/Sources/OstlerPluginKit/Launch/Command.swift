internal import COstlerLaunchClient
internal import Glibc
internal import Synchronization

/// Where a command's standard input comes from.
public enum CommandInput: Sendable {
    /// There is none.
    case null
    /// ``Command/input`` is written by the handler.
    case pipe
    /// The submitter's stream, once for each task that has one.
    case task

    var source: ostler_client_stdin {
        switch self {
        case .null: OSTLER_CLIENT_STDIN_NULL
        case .pipe: OSTLER_CLIENT_STDIN_PIPE
        case .task: OSTLER_CLIENT_STDIN_TASK
        }
    }
}

/// How a command ended.
public struct CommandExit: Sendable, Equatable {
    /// -1 for a death by signal.
    public let code: Int32
    public let signal: Int32?
    public let usage: TaskResult.Usage
    /// How many of its processes the memory limit has killed.
    public let memoryKills: UInt32

    init(_ event: ostler_client_event) {
        let death = event.status & 0x7F
        signal = death == 0 ? nil : death
        code = death == 0 ? event.status >> 8 & 0xFF : -1
        usage = TaskResult.Usage(
            user: event.user_us,
            system: event.system_us,
            wall: event.wall_us,
            peakBytes: event.peak_bytes
        )
        memoryKills = event.oom_kills
    }

    /// A result that says what the command's end says.
    public var result: TaskResult { TaskResult(exitCode: code, signal: signal, usage: usage) }
}

/// A command that runs in a sandbox of its own. Read both outputs to their ends before the task is answered.
public final class Command: Sendable {
    public let stdout: CommandOutput
    public let stderr: CommandOutput
    /// The write end of its standard input, if a pipe was asked for.
    public let input: CommandWriter?
    private let channel: LaunchChannel
    private let number: UInt64
    private let program: String

    init(_ channel: LaunchChannel, _ number: UInt64, _ program: String, _ descriptors: LaunchChannel.Descriptors) {
        self.channel = channel
        self.number = number
        self.program = program
        stdout = CommandOutput(PipeEnd(descriptors.output, channel.readiness))
        stderr = CommandOutput(PipeEnd(descriptors.error, channel.readiness))
        input = descriptors.input.map { CommandWriter(PipeEnd($0, channel.readiness)) }
    }

    /// Sends SIGTERM, SIGINT, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2 or SIGKILL to all its processes; others do nothing.
    public func signal(_ signal: Int32) {
        channel.signal(number, signal)
    }

    /// Returns when it has ended; to be called once. The host ends the commands of a task that is cancelled.
    /// - Throws: ``TaskFailed`` if nothing was executed after all.
    public func exit() async throws -> CommandExit {
        switch await channel.end(of: number) {
        case .exited(let exit): return exit
        case .failed(let failure): throw failure.failed(program)
        }
    }
}

/// What a command writes, in pieces as they come.
public struct CommandOutput: AsyncSequence, Sendable {
    private let pipe: PipeEnd

    init(_ pipe: PipeEnd) {
        self.pipe = pipe
    }

    public struct AsyncIterator: AsyncIteratorProtocol {
        fileprivate let pipe: PipeEnd

        public func next() async -> [UInt8]? { await pipe.read() }
    }

    /// To be called once: what one iterator has taken, another does not get.
    public func makeAsyncIterator() -> AsyncIterator { AsyncIterator(pipe: pipe) }
}

/// A command's standard input.
public struct CommandWriter: Sendable {
    private let pipe: PipeEnd

    init(_ pipe: PipeEnd) {
        self.pipe = pipe
    }

    /// Writes all; false if the command reads no more.
    @discardableResult
    public func write(_ bytes: [UInt8]) async -> Bool { await pipe.write(bytes) }

    /// The command reads the end of its input.
    public func finish() { pipe.close() }
}

/// Our end of a pipe, for one user at a time.
final class PipeEnd: Sendable {
    private static let pieceBytes = 1 << 16

    /// -1 when it is closed.
    private let descriptor: Atomic<Int32>
    private let readiness: Readiness

    /// Takes the descriptor over.
    init(_ descriptor: Int32, _ readiness: Readiness) {
        _ = fcntl(descriptor, F_SETFL, fcntl(descriptor, F_GETFL) | O_NONBLOCK)
        self.descriptor = Atomic(descriptor)
        self.readiness = readiness
    }

    deinit {
        close()
    }

    func close() {
        let descriptor = descriptor.exchange(-1, ordering: .acquiringAndReleasing)
        if descriptor >= 0 { Glibc.close(descriptor) }
    }

    /// The next piece; nil at the end.
    func read() async -> [UInt8]? {
        while true {
            let descriptor = descriptor.load(ordering: .acquiring)
            guard descriptor >= 0 else { return nil }
            var mayContinue = false
            let bytes = [UInt8](unsafeUninitializedCapacity: Self.pieceBytes) { buffer, filled in
                let count = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                mayContinue = count < 0 && (errno == EAGAIN || errno == EINTR)
                filled = Swift.max(0, count)
            }
            if !bytes.isEmpty { return bytes }
            guard mayContinue else {
                close()
                return nil
            }
            await readiness.readable(descriptor)
        }
    }

    func write(_ bytes: [UInt8]) async -> Bool {
        var rest = bytes[...]
        while !rest.isEmpty {
            let descriptor = descriptor.load(ordering: .acquiring)
            guard descriptor >= 0 else { return false }
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count > 0 {
                rest.removeFirst(count)
            } else if errno == EAGAIN || errno == EINTR {
                await readiness.writable(descriptor)
            } else {
                return false
            }
        }
        return true
    }
}
