import Glibc
import OstlerSystem
import Testing

/// The plugin as the host starts it: the program of the build, with pipes, and a socket as descriptor 3.
final class SpawnedPlugin {
    struct TimedOut: Error {}

    let pid: pid_t
    let launcher: FakeLauncher
    private var stdin: OwnedFD?
    private var stdout: OwnedFD?
    private let stderr: OwnedFD
    private var status: Int32?

    /// - Parameter hasChannel: false gives it /dev/null as descriptor 3.
    init(hasChannel: Bool = true) throws {
        signal(SIGPIPE, SIG_IGN)
        let (input, output, error) = (try Pipe.make(), try Pipe.make(), try Pipe.make())
        let channel = try Pipe.packets()
        let null = open("/dev/null", O_RDWR | O_CLOEXEC)
        defer { for fd in [input.read, output.write, error.write, channel.near, null] { close(fd) } }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, input.read, 0)
        posix_spawn_file_actions_adddup2(&actions, output.write, 1)
        posix_spawn_file_actions_adddup2(&actions, error.write, 2)
        posix_spawn_file_actions_adddup2(&actions, hasChannel ? channel.near : null, 3)
        var child = pid_t()
        let path = try Self.path()
        let arguments: [UnsafeMutablePointer<CChar>?] = [strdup(path), nil]
        defer { free(arguments[0]) }
        try #require(posix_spawn(&child, path, &actions, nil, arguments, environ) == 0)
        pid = child
        launcher = FakeLauncher(taking: channel.far)
        stdin = OwnedFD(taking: input.write)
        stdout = OwnedFD(taking: output.read)
        stderr = OwnedFD(taking: error.read)
        stdout?.setNonblocking()
        stderr.setNonblocking()
    }

    deinit {
        guard status == nil else { return }
        kill(pid, SIGKILL)
        var status: Int32 = 0
        waitpid(pid, &status, 0)
    }

    /// The program lies next to the tests' own.
    private static func path() throws -> String {
        var buffer = [UInt8](repeating: 0, count: 4096)
        let maps = open("/proc/self/maps", O_RDONLY | O_CLOEXEC)
        defer { close(maps) }
        var text: [UInt8] = []
        while true {
            let count = Glibc.read(maps, &buffer, buffer.count)
            guard count > 0 else { break }
            text += buffer.prefix(count)
        }
        let lines = String(decoding: text, as: UTF8.self).split(separator: "\n")
        let bundle = try #require(lines.first { $0.hasSuffix(".xctest") })
        let file = bundle[try #require(bundle.firstIndex(of: "/"))...]
        return file[...(try #require(file.lastIndex(of: "/")))] + "ostler-plugin-command"
    }

    func send(_ text: String) {
        let count = write(stdin?.number ?? -1, text, text.utf8.count)
        #expect(count == text.utf8.count)
    }

    func closeInput() {
        stdin = nil
    }

    func closeOutput() {
        stdout = nil
    }

    /// Reads standard output until it has `count` lines.
    func lines(_ count: Int) throws -> [Substring] {
        var text = ""
        try wait {
            text += read(stdout?.number ?? -1)
            return text.utf8.count { $0 == 0x0A } >= count
        }
        return text.split(separator: "\n")
    }

    func errors() -> String {
        read(stderr.number)
    }

    private func read(_ fd: Int32) -> String {
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        let count = Glibc.read(fd, &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }

    func waitForExit() throws -> Int32 {
        var status: Int32 = 0
        try wait { waitpid(pid, &status, WNOHANG) == pid }
        self.status = status
        return status & 0x7F == 0 ? status >> 8 : -(status & 0x7F)
    }

    func wait(_ condition: () throws -> Bool) throws {
        let deadline = Instant.now.advanced(milliseconds: 20_000)
        while try !condition() {
            guard Instant.now < deadline else { throw TimedOut() }
            sched_yield()
        }
    }
}
