internal import OstlerPluginWire
internal import OstlerProtocol
internal import OstlerSystem

/// The executor `command`: takes tasks from the host, has the launcher start them, and tells what came of them.
///
/// One thread, one epoll; nothing in here waits for anything but ``Poller/wait(milliseconds:)``.
final class CommandPlugin {
    static let name = "command"
    static let version = "0.1.0"

    let poller: Poller
    let input: HostInput
    let output: HostOutput
    /// Nil if the descriptor is not a launch channel, or is not meant to be one.
    var launcher: LaunchChannel?

    var session = Conversation()
    var runs: [UInt64: Run] = [:]
    /// Launch numbers by task id.
    var numbers: [String: UInt64] = [:]
    var lastNumber: UInt64 = 0
    /// The most bytes of output in one frame.
    var pieceBytes = OutputNotification.maximumBytes
    /// Streams that are not read because the host is slow.
    var paused: [Token] = []
    let scratch = UnsafeMutableBufferPointer<UInt8>.allocate(capacity: OutputNotification.maximumBytes)
    var exitCode: Int32?
    private var isWatchingOutput = false
    private var isWatchingLauncherRoom = false

    /// Takes the descriptors over; nil if they cannot be watched.
    init?(input: Int32, output: Int32, launcher: Int32) {
        guard let poller = Poller() else { return nil }
        self.poller = poller
        self.input = HostInput(input)
        self.output = HostOutput(output)
        self.launcher = LaunchChannel(taking: launcher)
        guard poller.add(input, Token(.hostInput), for: .read) else { return nil }
        if self.launcher != nil { poller.add(launcher, Token(.launcher), for: .read) }
    }

    deinit {
        scratch.deallocate()
    }

    /// Runs until the host is done with the plugin, and returns the code to exit with.
    func run() -> Int32 {
        while true {
            if let code = turn() { return code }
        }
    }

    /// Waits once, handles what there is, writes once. Returns the exit code when all is over.
    func turn(milliseconds: Int32 = -1) -> Int32? {
        for index in 0..<poller.wait(milliseconds: milliseconds) {
            guard exitCode == nil else { break }
            if let (token, readiness) = poller.event(index) { handle(token, readiness) }
        }
        finishTurn()
        return exitCode
    }

    private func handle(_ token: Token, _ readiness: Readiness) {
        switch token.kind {
        case .hostInput: readHost()
        case .hostOutput: break  // Written at the end of the turn.
        case .launcher:
            if readiness.contains(.write) { sendQueuedLaunches() }
            if !readiness.isDisjoint(with: [.read, .hungUp, .failed]) { readLauncher() }
        case .stdout, .stderr: readOutput(token, hungUp: readiness.contains(.hungUp))
        case .stdin: runs[token.number].map(feed)
        }
    }

    private func finishTurn() {
        watchLauncherRoom()
        let isFlushed = output.flush()
        if output.isClosed {
            // Nobody is left to answer to.
            exitCode = exitCode ?? 0
            return
        }
        if isFlushed, session.state == .closing { exitCode = exitCode ?? 0 }
        watchOutput(!isFlushed)
        if output.hasDrained { resumeReading() }
    }

    // MARK: What is watched

    private func watchOutput(_ on: Bool) {
        guard on != isWatchingOutput else { return }
        isWatchingOutput = on
        if on {
            poller.add(output.descriptor, Token(.hostOutput), for: .write)
        } else {
            poller.remove(output.descriptor)
        }
    }

    private func watchLauncherRoom() {
        guard let launcher, launcher.isOpen, launcher.isBlocked != isWatchingLauncherRoom else { return }
        isWatchingLauncherRoom = launcher.isBlocked
        poller.change(launcher.descriptor, Token(.launcher), to: isWatchingLauncherRoom ? [.read, .write] : .read)
    }

    private func resumeReading() {
        guard !paused.isEmpty else { return }
        watch(paused)
        paused.removeAll(keepingCapacity: true)
    }
}
