internal import COstlerShims
internal import Glibc
internal import OstlerSystem

/// Runs a program that tells a secret: as the caller, without a shell, for a bounded time and with bounded output.
enum SecretCommand {
    typealias Failure = SecretReader.SourceFailure

    static let milliseconds: Int64 = 10_000
    /// How much of what it says on stderr is told if it fails.
    private static let complaintBytes = 200

    static func output(of words: [String], milliseconds: Int64 = milliseconds) throws(Failure) -> [UInt8] {
        let pipes = try makePipes()
        defer {
            close(pipes.out.read)
            close(pipes.errors.read)
        }
        var arguments: [UnsafeMutablePointer<CChar>?] = words.map { strdup($0) } + [nil]
        defer { arguments.forEach { free($0) } }
        var process: pid_t = 0
        let result = ostler_spawn_filter(&arguments, pipes.out.write, pipes.errors.write, &process)
        close(pipes.out.write)
        close(pipes.errors.write)
        guard result == 0 else { throw Failure(reason: "\(words[0]): \(String(cString: strerror(-result)))") }
        let deadline = Instant.now.advanced(milliseconds: milliseconds)
        let read = collect(pipes.out.read, pipes.errors.read, until: deadline)
        // Whatever it may have left behind in its group ends too; the process itself is reaped by us, so its number is its.
        let isOver = read.isWhole && hasEnded(process, by: deadline)
        kill(-process, SIGKILL)
        var status: Int32 = 0
        _ = ostler_wait_status(process, &status, 0)
        if read.output.count > SecretValue.maximumBytes { throw SecretReader.tooLarge }
        guard isOver else {
            throw Failure(reason: "\(words[0]), or what it started, did not end within \(milliseconds) ms")
        }
        guard status == 0 else { throw Failure(reason: "\(words[0]) \(Self.end(status, read.complaint))") }
        return read.output
    }

    private static func makePipes() throws(Failure) -> (out: Ends, errors: Ends) {
        do throws(SystemFailure) {
            let out = try Pipe.make()
            do throws(SystemFailure) {
                return (out, try Pipe.make())
            } catch {
                close(out.read)
                close(out.write)
                throw error
            }
        } catch {
            throw Failure(reason: "\(error)")
        }
    }

    private typealias Ends = (read: Int32, write: Int32)

    private static func end(_ status: Int32, _ complaint: [UInt8]) -> String {
        let how = status & 0x7F == 0 ? "exited with code \(status >> 8 & 0xFF)" : "was ended by signal \(status & 0x7F)"
        let lines = String(decoding: complaint, as: UTF8.self).split(separator: "\n")
        return lines.last.map { "\(how): \($0)" } ?? how
    }

    private struct Collected {
        var output: [UInt8] = []
        /// The end of what it said on stderr.
        var complaint: [UInt8] = []
        /// Both streams came to their end.
        var isWhole = false
    }

    /// Reads both streams until they end, the output is too long, or time is up.
    private static func collect(_ out: Int32, _ errors: Int32, until deadline: Instant) -> Collected {
        var collected = Collected()
        var streams = [
            pollfd(fd: out, events: Int16(POLLIN), revents: 0), pollfd(fd: errors, events: Int16(POLLIN), revents: 0),
        ]
        var chunk = [UInt8](repeating: 0, count: 1 << 14)
        while streams.contains(where: { $0.fd >= 0 }), collected.output.count <= SecretValue.maximumBytes {
            let left = deadline.microseconds(since: .now) / 1000
            guard left > 0 else { return collected }
            guard poll(&streams, 2, Int32(clamping: left)) > 0 else { continue }
            for index in 0..<2 where streams[index].fd >= 0 && streams[index].revents != 0 {
                let count = read(streams[index].fd, &chunk, chunk.count)
                if count < 0, errno == EINTR || errno == EAGAIN { continue }
                if count <= 0 {
                    streams[index].fd = -1
                } else if index == 0 {
                    collected.output += chunk[..<count]
                } else {
                    collected.complaint = Array((collected.complaint + chunk[..<count]).suffix(complaintBytes))
                }
            }
        }
        collected.isWhole = !streams.contains { $0.fd >= 0 }
        return collected
    }

    private static func hasEnded(_ process: pid_t, by deadline: Instant) -> Bool {
        let descriptor = ostler_pidfd_open(process)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var end = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
        while true {
            let left = deadline.microseconds(since: .now) / 1000
            guard left > 0 else { return false }
            if poll(&end, 1, Int32(clamping: left)) > 0 { return true }
        }
    }
}
