import COstlerLaunch
import Glibc
import OstlerLaunchWire
import OstlerProtocol
import OstlerSystem
import Testing

/// The launcher's end of a launch channel, played by the test: nothing is started, the test holds the pipes.
final class FakeLauncher {
    /// A request that came in.
    struct Request: Equatable {
        var task: UInt64
        var arguments: [String]
        var environment: [String]
        var directory: String?
        var stdin: UInt32
    }

    /// The ends of a command's pipes that the command would hold.
    struct Command {
        var stdout: Int32
        var stderr: Int32
        var stdin: Int32?
    }

    private var socket: Int32?
    private var scratch: [UInt8] = []
    /// Requests in the order of their coming.
    private(set) var numbers: [UInt64] = []
    private(set) var requests: [UInt64: Request] = [:]
    private(set) var commands: [UInt64: Command] = [:]
    var isReading = true

    init(taking socket: Int32) {
        self.socket = socket
    }

    deinit {
        close()
        for command in commands.values { Self.close(command) }
    }

    /// As if the launcher had died.
    func close() {
        if let socket { Glibc.close(socket) }
        socket = nil
    }

    func receive() {
        while isReading, let socket, case .packet(let packet) = LaunchPacket.receive(from: socket, scratch: &scratch) {
            guard packet.op == OSTLER_OP_LAUNCH.rawValue, let body = packet.body(as: ostler_launch_request.self) else {
                Issue.record("packet \(packet.op) is no launch")
                continue
            }
            var strings = packet.tail.split(separator: 0, omittingEmptySubsequences: false)
                .map { String(decoding: $0, as: UTF8.self) }
            strings.removeLast()
            let (arguments, variables) = (Int(body.argc), Int(body.envc))
            numbers.append(packet.id)
            requests[packet.id] = Request(
                task: body.task,
                arguments: Array(strings.prefix(arguments)),
                environment: Array(strings.dropFirst(arguments).prefix(variables)),
                directory: body.has_cwd == 1 ? strings.last : nil,
                stdin: UInt32(body.stdin_from)
            )
        }
    }

    // MARK: Answers

    /// Gives the plugin its pipes.
    func launched(_ number: UInt64) throws {
        let (stdout, stderr) = (try Pipe.make(), try Pipe.make())
        let stdin = requests[number]?.stdin == UInt32(OSTLER_STDIN_PIPE.rawValue) ? try Pipe.make() : nil
        for end in [stdout.write, stderr.write, stdin?.read].compactMap({ $0 }) { Self.setNonblocking(end) }
        commands[number] = Command(stdout: stdout.write, stderr: stderr.write, stdin: stdin?.read)
        let ends = [stdout.read, stderr.read, stdin?.write].compactMap { $0 }
        defer { for end in ends { Glibc.close(end) } }
        try send(OSTLER_EV_LAUNCHED, number, NoBody(), descriptors: ends)
    }

    func failed(_ number: UInt64, _ stage: ostler_stage, _ errno: Int32, detail: String = "") throws {
        let body = ostler_failed(stage: Int32(stage.rawValue), err: errno, layer: -1, sandbox: 0)
        try send(OSTLER_EV_LAUNCH_FAILED, number, body, tail: detail.isEmpty ? [] : Array(detail.utf8) + [0])
    }

    /// Tells of the end; the pipes stay as they are.
    func exited(_ number: UInt64, status: Int32 = 0) throws {
        var body = ostler_exited()
        body.status = status
        (body.user_us, body.system_us, body.wall_us, body.peak_bytes) = (11, 22, 33, 44)
        try send(OSTLER_EV_LAUNCH_EXITED, number, body)
    }

    /// The usual end: pipes closed, status told.
    func end(_ number: UInt64, status: Int32 = 0) throws {
        closePipes(number)
        try exited(number, status: status)
    }

    func closePipes(_ number: UInt64) {
        if let command = commands.removeValue(forKey: number) { Self.close(command) }
    }

    func send<Body: BitwiseCopyable>(
        _ op: ostler_op,
        _ number: UInt64,
        _ body: Body,
        tail: [UInt8] = [],
        descriptors: [Int32] = []
    ) throws {
        try LaunchPacket.send(
            op,
            id: number,
            body: body,
            tail: tail,
            descriptors: descriptors,
            to: try #require(socket)
        )
    }

    // MARK: The command's side of the pipes

    /// Writes what the pipe takes and returns how much that was.
    func write(_ number: UInt64, _ stream: OutputStream, _ bytes: some Collection<UInt8>) -> Int {
        guard let command = commands[number] else { return 0 }
        let bytes = Array(bytes)
        return max(0, Glibc.write(stream == .stdout ? command.stdout : command.stderr, bytes, bytes.count))
    }

    /// Reads what there is; nil at the end of the stream.
    func readStdin(_ number: UInt64) -> [UInt8]? {
        guard let stdin = commands[number]?.stdin else { return nil }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(stdin, &buffer, buffer.count)
        if count == 0 { return nil }
        return Array(buffer.prefix(max(0, count)))
    }

    func closeStdin(_ number: UInt64) {
        if let stdin = commands[number]?.stdin { Glibc.close(stdin) }
        commands[number]?.stdin = nil
    }

    private static func close(_ command: Command) {
        for end in [command.stdout, command.stderr, command.stdin].compactMap({ $0 }) { Glibc.close(end) }
    }

    private static func setNonblocking(_ fd: Int32) {
        let owned = OwnedFD(taking: fd)
        owned.setNonblocking()
        _ = owned.release()
    }
}
