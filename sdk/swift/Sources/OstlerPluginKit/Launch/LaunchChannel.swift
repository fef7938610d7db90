internal import COstlerLaunchClient
internal import Glibc
internal import Synchronization

/// Descriptor 3: the launcher starts commands for this plugin there (section 8 of the protocol).
final class LaunchChannel: Sendable {
    /// What a launch has come to.
    enum End: Sendable {
        case exited(CommandExit)
        case failed(LaunchFailure)
    }

    /// The descriptors of a command that is being started.
    struct Descriptors: Sendable {
        let output: Int32
        let error: Int32
        let input: Int32?
    }

    /// One launch that has not ended, or whose end has not been asked for yet.
    private struct Launch {
        var starting: CheckedContinuation<Descriptors, any Error>?
        var ending: CheckedContinuation<End, Never>?
        var end: End?
    }

    private struct State {
        var launches: [UInt64: Launch] = [:]
        var lastNumber: UInt64 = 0
        var isOpen = true
    }

    private static let descriptor: Int32 = 3

    let readiness: Readiness
    private let state = Mutex(State())

    /// Nil if descriptor 3 is no launch channel.
    init?(_ readiness: Readiness) {
        guard ostler_client_is_channel(Self.descriptor) != 0 else { return nil }
        self.readiness = readiness
    }

    /// What the session's thread waits for; -1 when the launcher is gone.
    var watched: Int32 { state.withLock { $0.isOpen } ? Self.descriptor : -1 }

    // MARK: For tasks

    /// Asks for a command, and returns when its sandbox is being made.
    /// - Throws: ``LaunchFailure`` without a program.
    func launch(_ request: LaunchWords) async throws -> (number: UInt64, descriptors: Descriptors) {
        let number = state.withLock { state in
            state.lastNumber += 1
            return state.lastNumber
        }
        let descriptors = try await withCheckedThrowingContinuation {
            (continuation: CheckedContinuation<Descriptors, any Error>) in
            let isOpen = state.withLock { state in
                if state.isOpen { state.launches[number] = Launch(starting: continuation) }
                return state.isOpen
            }
            guard isOpen else { return continuation.resume(throwing: LaunchFailure.channelClosed) }
            let status = request.withRequest { ostler_client_launch(Self.descriptor, number, &$0) }
            if status != 0 { finish(number, .failed(LaunchFailure(sending: -status))) }
        }
        return (number, descriptors)
    }

    func signal(_ number: UInt64, _ signal: Int32) {
        _ = ostler_client_signal(Self.descriptor, number, signal)
    }

    /// Returns when the command of a launch has ended. To be called once for each.
    func end(of number: UInt64) async -> End {
        await withCheckedContinuation { continuation in
            let end = state.withLock { state -> End? in
                guard let end = state.launches[number]?.end else {
                    state.launches[number]?.ending = continuation
                    return state.launches[number] == nil ? .failed(.channelClosed) : nil
                }
                state.launches[number] = nil
                return end
            }
            if let end { continuation.resume(returning: end) }
        }
    }

    // MARK: For the session's thread

    /// Takes all events that are there.
    func receive() {
        var event = ostler_client_event()
        while true {
            switch ostler_client_receive(Self.descriptor, &event, 0) {
            case 1: handle(event)
            case -EAGAIN: return
            default: return lose()
            }
        }
    }

    private func handle(_ event: ostler_client_event) {
        switch event.kind {
        case OSTLER_CLIENT_LAUNCHED: adopt(event)
        case OSTLER_CLIENT_FAILED: finish(event.number, .failed(LaunchFailure(event)))
        default: finish(event.number, .exited(CommandExit(event)))
        }
    }

    private func adopt(_ event: ostler_client_event) {
        let continuation = state.withLock { $0.launches[event.number]?.starting.take() }
        let descriptors = Descriptors(
            output: event.out_fd,
            error: event.err_fd,
            input: event.in_fd >= 0 ? event.in_fd : nil
        )
        if let continuation { return continuation.resume(returning: descriptors) }
        for descriptor in [event.out_fd, event.err_fd, event.in_fd] where descriptor >= 0 { close(descriptor) }
    }

    /// Tells whoever waits for the launch that it is over; keeps the end for who will ask.
    private func finish(_ number: UInt64, _ end: End) {
        let launch = state.withLock { state -> Launch? in
            guard var launch = state.launches[number] else { return nil }
            if launch.starting != nil || launch.ending != nil {
                state.launches[number] = nil
            } else {
                launch.end = end
                state.launches[number] = launch
            }
            return launch
        }
        guard let launch else { return }
        if let starting = launch.starting {
            guard case .failed(let failure) = end else {
                return starting.resume(throwing: LaunchFailure.channelClosed)
            }
            starting.resume(throwing: failure)
        }
        launch.ending?.resume(returning: end)
    }

    private func lose() {
        let numbers = state.withLock { state in
            state.isOpen = false
            return Array(state.launches.filter { $0.value.end == nil }.keys)
        }
        for number in numbers { finish(number, .failed(.channelClosed)) }
    }
}

/// The words of a request, in the form that C takes.
struct LaunchWords: Sendable {
    let task: UInt64
    let arguments: [[UInt8]]
    let variables: [[UInt8]]
    let directory: [UInt8]?
    let input: CommandInput

    func withRequest<R>(_ body: (inout ostler_client_request) -> R) -> R {
        Self.withPointers(arguments) { argv in
            Self.withPointers(variables) { envp in
                Self.withPointers(directory.map { [$0] } ?? []) { directory in
                    var request = ostler_client_request()
                    request.task = task
                    request.argv = argv
                    request.envp = envp
                    request.directory = directory.pointee
                    request.stdin_from = input.source
                    return body(&request)
                }
            }
        }
    }

    /// Lends the strings, each with its NUL, as an array that ends with a null pointer.
    private static func withPointers<R>(
        _ strings: [[UInt8]],
        _ body: (UnsafePointer<UnsafePointer<CChar>?>) -> R
    ) -> R {
        let text = strings.reduce(into: [UInt8]()) { $0 += $1 + [0] }
        return text.withUnsafeBytes { bytes in
            var pointers: [UnsafePointer<CChar>?] = []
            var offset = 0
            for string in strings {
                pointers.append(bytes.baseAddress?.advanced(by: offset).assumingMemoryBound(to: CChar.self))
                offset += string.count + 1
            }
            pointers.append(nil)
            return pointers.withUnsafeBufferPointer { body($0.baseAddress.unsafelyUnwrapped) }
        }
    }
}
