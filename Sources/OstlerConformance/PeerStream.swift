internal import Glibc
internal import OstlerProtocol
internal import OstlerSystem

/// What came from the plugin's stdout.
enum PeerLine: Sendable {
    /// A line that claims to be a message.
    case frame([UInt8])
    case noise([UInt8])
    /// No line behind it is looked at.
    case violation(FrameViolation)
    case end
}

/// The kit's ends of a plugin's stdin and stdout. Nothing here waits; reading can be put off.
@LoopActor
final class PeerStream: EventHandler {
    private let input: Int32
    private let output: Int32
    private var parser: FrameParser
    private var waiting: [UInt8] = []
    private var isInputOpen = true
    private var isOutputOpen = true
    private var isHeld = false
    private var isInputWatched = false
    private let onLine: @LoopActor (PeerLine) -> Void

    /// Takes over both descriptors.
    init(
        input: Int32,
        output: Int32,
        maximumFrameBytes: Int,
        onLine: @escaping @LoopActor (PeerLine) -> Void
    ) throws(SystemFailure) {
        self.input = input
        self.output = output
        self.onLine = onLine
        parser = FrameParser(maximumFrameBytes: maximumFrameBytes)
        OwnedFD.setNonblocking(input)
        OwnedFD.setNonblocking(output)
        try EventLoop.shared.watch(output, for: .read, self)
    }

    /// The longest line that the plugin may send.
    var maximumFrameBytes: Int {
        get { parser.maximumFrameBytes }
        set { parser.maximumFrameBytes = newValue }
    }

    // MARK: Out

    /// Whether the plugin has taken all that was sent to it.
    var isDrained: Bool { waiting.isEmpty && (!isInputOpen || Pipe.unreadBytes(input) == 0) }

    /// Sends bytes, now or as soon as the plugin takes them.
    func send(_ bytes: some Collection<UInt8>) {
        guard isInputOpen else { return }
        waiting.append(contentsOf: bytes)
        flush()
    }

    private func flush() {
        while isInputOpen, !waiting.isEmpty {
            let count = waiting.withUnsafeBytes { write(input, $0.baseAddress, $0.count) }
            if count > 0 {
                waiting.removeFirst(count)
            } else if errno == EAGAIN {
                return watchInput()
            } else if errno != EINTR {
                // The plugin has closed its stdin or is gone, which shows on its stdout.
                return closeInput()
            }
        }
        unwatchInput()
    }

    private func watchInput() {
        guard !isInputWatched else { return }
        isInputWatched = (try? EventLoop.shared.watch(input, for: .write, InputRoom(self))) != nil
    }

    private func unwatchInput() {
        guard isInputWatched else { return }
        EventLoop.shared.unwatch(input)
        isInputWatched = false
    }

    fileprivate func inputHasRoom() { flush() }

    /// The end of the plugin's stdin. What was not taken yet is dropped.
    func closeInput() {
        guard isInputOpen else { return }
        isInputOpen = false
        unwatchInput()
        waiting = []
        _ = Glibc.close(input)
    }

    // MARK: In

    /// Reads nothing until ``resume()``.
    func hold() {
        guard !isHeld, isOutputOpen else { return }
        isHeld = true
        EventLoop.shared.unwatch(output)
    }

    func resume() {
        guard isHeld else { return }
        isHeld = false
        if isOutputOpen { try? EventLoop.shared.watch(output, for: .read, self) }
    }

    func ready(_ events: Readiness) { readOnce() }

    /// Takes what is left in the pipe of a process that is gone.
    func drain() {
        isHeld = false
        while isOutputOpen, readOnce() {}
    }

    /// False if there is nothing for now.
    @discardableResult
    private func readOnce() -> Bool {
        let (count, error) = parser.withTail { tail in
            let count = read(output, tail.baseAddress, tail.count)
            return (max(count, 0), (count, errno))
        }
        if count < 0, error == EINTR || error == EAGAIN { return false }
        while let event = parser.next() { tell(event) }
        guard count <= 0 else { return true }
        if let last = parser.finish() { tell(last) }
        closeOutput()
        onLine(.end)
        return false
    }

    private func tell(_ event: FrameParser.Event) {
        switch event {
        case .frame(let range): onLine(.frame(parser.withBytes(range) { Array($0) }))
        case .noise(let range): onLine(.noise(parser.withBytes(range) { Array($0) }))
        case .violation(let violation): onLine(.violation(violation))
        }
    }

    private func closeOutput() {
        guard isOutputOpen else { return }
        isOutputOpen = false
        if !isHeld { EventLoop.shared.unwatch(output) }
        _ = Glibc.close(output)
    }

    func close() {
        closeInput()
        closeOutput()
    }
}

/// Goes on with a write when the plugin has taken something.
@LoopActor
private final class InputRoom: EventHandler {
    private weak var stream: PeerStream?

    init(_ stream: PeerStream) {
        self.stream = stream
    }

    func ready(_ events: Readiness) { stream?.inputHasRoom() }
}
