internal import COstlerLaunch
internal import COstlerShims
internal import Glibc
internal import OstlerLaunchWire
internal import OstlerPluginWire
internal import OstlerSystem

/// A request to start a command, ready to be sent.
struct LaunchRequest {
    let number: UInt64
    let body: ostler_launch_request
    let tail: [UInt8]

    init(number: UInt64, task: UInt64, hasStdin: Bool, payload: CommandPayload) {
        self.number = number
        let arguments = [payload.command.bytes] + payload.arguments.map(\.bytes)
        let environment = payload.environment.map { Array("\($0.key)=".utf8) + $0.value.bytes }
        let directory = payload.workingDirectory.map { [$0.bytes] } ?? []
        var body = ostler_launch_request()
        body.task = task
        body.argc = UInt32(arguments.count)
        body.envc = UInt32(environment.count)
        body.has_cwd = UInt8(directory.count)
        body.stdin_from = UInt8(Self.stdin(payload, hasStdin).rawValue)
        self.body = body
        tail = LaunchStrings.encode(arguments, environment, directory)
    }

    /// Text in the payload comes before a stream of the submitter; empty text needs no pipe to say so.
    private static func stdin(_ payload: CommandPayload, _ hasStdin: Bool) -> ostler_stdin {
        guard let text = payload.stdin else { return hasStdin ? OSTLER_STDIN_TASK : OSTLER_STDIN_NULL }
        return text.isEmpty ? OSTLER_STDIN_NULL : OSTLER_STDIN_PIPE
    }
}

/// The socket on which the launcher starts commands for this plugin.
final class LaunchChannel {
    /// What became of a request.
    enum Sending {
        case sent
        /// The socket is full: it is sent later.
        case queued
        case failed(SystemFailure)
        /// The other end is gone.
        case lost
    }

    private let fd: OwnedFD
    private var scratch: [UInt8] = []
    private var queue: [LaunchRequest] = []
    private(set) var isOpen = true

    /// Takes the descriptor over if it is the kind of socket that the launcher makes.
    init?(taking fd: Int32) {
        var kind: Int32 = 0
        var size = socklen_t(MemoryLayout<Int32>.size)
        guard getsockopt(fd, SOL_SOCKET, SO_TYPE, &kind, &size) == 0, kind == Int32(SOCK_SEQPACKET.rawValue) else {
            return nil
        }
        self.fd = OwnedFD(taking: fd)
        self.fd.setNonblocking()
        _ = ostler_set_cloexec(fd, 1)
    }

    var descriptor: Int32 { fd.number }
    var isBlocked: Bool { !queue.isEmpty }

    /// Sends a request, or keeps it until the socket has room; the order is kept.
    func submit(_ request: LaunchRequest) -> Sending {
        guard isOpen else { return .lost }
        guard queue.isEmpty else {
            queue.append(request)
            return .queued
        }
        let sending = send(request)
        if case .queued = sending { queue.append(request) }
        return sending
    }

    /// Sends what was kept, as far as there is room, and tells what became of each. Requests that `isWanted` denies
    /// are dropped.
    func sendQueued(isWanted: (UInt64) -> Bool) -> [(number: UInt64, sending: Sending)] {
        var results: [(number: UInt64, sending: Sending)] = []
        var done = 0
        sending: for request in queue {
            if isWanted(request.number) {
                let result = send(request)
                if case .queued = result { break sending }
                results.append((request.number, result))
            }
            done += 1
        }
        queue.removeSubrange(..<done)
        return results
    }

    private func send(_ request: LaunchRequest) -> Sending {
        do {
            try LaunchPacket.send(
                OSTLER_OP_LAUNCH,
                id: request.number,
                body: request.body,
                tail: request.tail,
                to: fd.number
            )
            return .sent
        } catch {
            switch error.errno {
            case EAGAIN: return .queued
            case EPIPE, ECONNRESET, ENOTCONN: return .lost
            default: return .failed(error)
            }
        }
    }

    func receive() -> LaunchPacket.Received {
        LaunchPacket.receive(from: fd.number, scratch: &scratch)
    }

    /// Nothing more is sent or received.
    func close() {
        isOpen = false
        queue.removeAll()
    }
}
