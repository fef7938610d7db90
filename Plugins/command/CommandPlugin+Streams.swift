internal import OstlerPluginWire
internal import OstlerProtocol
internal import OstlerSystem

// The standard streams of commands.
extension CommandPlugin {
    func pump(_ token: Token) -> OutputPump? {
        token.kind == .stdout ? runs[token.number]?.stdout : runs[token.number]?.stderr
    }

    func readOutput(_ token: Token, hungUp: Bool) {
        guard let run = runs[token.number], let pump = pump(token) else { return }
        // A pipe that has hung up reports itself whatever is asked for, so it must go from epoll altogether.
        if run.hasNoCredit {
            poller.remove(pump.descriptor)
            return run.unread.append(token)
        }
        guard !output.isCongested else {
            poller.remove(pump.descriptor)
            paused.append(token)
            return
        }
        let hasEnded = pump.read(scratch, limit: pieceBytes, hungUp: hungUp) { bytes in
            output.output(run.task, pump.stream, run.sequence, bytes)
            run.sequence += 1
            run.credit = run.credit.map { $0 - bytes.count }
        }
        guard hasEnded else { return }
        if pump.stream == .stdout {
            closeStream(&run.stdout)
            advance(run, .streamEnded(.stdout))
        } else {
            closeStream(&run.stderr)
            advance(run, .streamEnded(.stderr))
        }
    }

    /// The host takes more of a task's output: what was left in the pipes is read.
    func take(_ credit: CreditNotification) {
        guard let run = numbers[credit.task].flatMap({ runs[$0] }), let now = run.credit else { return }
        run.credit = now.addingReportingOverflow(credit.bytes).overflow ? .max : now + credit.bytes
        guard !run.hasNoCredit else { return }
        watch(run.unread)
        run.unread = []
    }

    /// Looks again at streams that were not read for a while.
    func watch(_ streams: [Token]) {
        for token in streams {
            if let pump = pump(token) { poller.add(pump.descriptor, token, for: .read) }
        }
    }

    func feed(_ run: Run) {
        if let feed = run.stdin, feed.write() { closeFeed(run) }
    }

    func closeStream(_ pump: inout OutputPump?) {
        if let descriptor = pump?.descriptor { poller.remove(descriptor) }
        pump = nil
    }

    func closeFeed(_ run: Run) {
        if let descriptor = run.stdin?.descriptor { poller.remove(descriptor) }
        run.stdin = nil
    }
}
