internal import OstlerProtocol

// The standard streams of commands.
extension CommandPlugin {
    func pump(_ token: Token) -> OutputPump? {
        token.kind == .stdout ? runs[token.number]?.stdout : runs[token.number]?.stderr
    }

    func readOutput(_ token: Token, hungUp: Bool) {
        guard let run = runs[token.number], let pump = pump(token) else { return }
        // A pipe that has hung up reports itself whatever is asked for, so it must go from epoll altogether.
        guard !output.isCongested else {
            poller.remove(pump.descriptor)
            paused.append(token)
            return
        }
        let hasEnded = pump.read(scratch, limit: pieceBytes, hungUp: hungUp) { bytes in
            output.output(run.task, pump.stream, run.sequence, bytes)
            run.sequence += 1
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
