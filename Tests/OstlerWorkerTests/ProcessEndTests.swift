internal import Glibc
internal import OstlerStore
internal import OstlerTestSupport
internal import OstlerWorker
internal import Testing

/// Ending what somebody else has started: by its identity, never by its number alone.
@Suite struct ProcessEndTests {
    @Test func `A process is known by its number, its start and its boot`() throws {
        let own = try #require(ProcessIdentity(of: getpid(), role: "worker"))
        #expect(own.presence == .present)
        var other = own
        other.startTime += 1
        #expect(other.presence == .gone, "another process had the number")
        other = own
        other.bootID = "another-boot/pid:[1]"
        #expect(other.presence == .gone)
        other.bootID = own.bootID.split(separator: "/")[0] + "/pid:[1]"
        #expect(other.presence == .unknown, "a number of another pid namespace says nothing here")
        #expect(ProcessIdentity(of: 0, role: "worker") == nil)
    }

    @Test func `What has the identity is killed, and gone when that is said`() throws {
        let sleeper = try Sleeper()
        let identity = try #require(ProcessIdentity(of: sleeper.process, role: "launcher"))
        #expect(ProcessEnd.end(identity) == .gone)
        #expect(!isAlive(sleeper.process))
        #expect(ProcessEnd.end(identity) == .gone, "once more")
    }

    @Test func `What only has the number is left alone`() throws {
        let sleeper = try Sleeper()
        var identity = try #require(ProcessIdentity(of: sleeper.process, role: "launcher"))
        identity.startTime -= 1
        #expect(ProcessEnd.end(identity) == .gone)
        #expect(isAlive(sleeper.process))
        identity.startTime += 1
        let here = identity.bootID
        identity.bootID = "another-boot/pid:[1]"
        #expect(ProcessEnd.end(identity) == .gone)
        #expect(isAlive(sleeper.process), "the number is of another boot")
        identity.bootID = here.split(separator: "/")[0] + "/pid:[1]"
        #expect(ProcessEnd.end(identity) == .unknown)
        #expect(isAlive(sleeper.process), "the number is of another pid namespace")
    }

    @Test(.enabled(if: canMakeCgroups, "only root can make control groups"))
    func `What is left in its cgroup is killed, however deep`()
        throws
    {
        let group = "/sys/fs/cgroup/pids/ostler-worker-tests-\(getpid())"
        defer { for path in [group + "/s0", group] { rmdir(path) } }
        #expect(mkdir(group, 0o755) == 0 && mkdir(group + "/s0", 0o755) == 0)
        let (launcher, command) = (try Sleeper(), try Sleeper())
        let descriptor = open(group + "/s0/cgroup.procs", O_WRONLY | O_CLOEXEC)
        let text = Array("\(command.process)".utf8)
        #expect(write(descriptor, text, text.count) == text.count)
        close(descriptor)
        let identity = ProcessIdentity(of: launcher.process, cgroup: group, role: "launcher")
        #expect(ProcessEnd.end(try #require(identity)) == .gone)
        #expect(!isAlive(launcher.process) && !isAlive(command.process))
    }

    private static let canMakeCgroups = geteuid() == 0 && access("/sys/fs/cgroup/pids/cgroup.procs", W_OK) == 0
}

/// A process that does nothing, and is ended with its object.
private final class Sleeper {
    let process: pid_t

    init() throws {
        var words: [UnsafeMutablePointer<CChar>?] = (["sleep", "600"] as [String]).map { strdup($0) } + [nil]
        defer { words.forEach { free($0) } }
        var process: pid_t = 0
        let result = posix_spawn(&process, "/bin/sleep", nil, nil, &words, environ)
        guard result == 0 else { throw TestSupportFailure("posix_spawn", "sleep", errno: result) }
        self.process = process
    }

    deinit {
        kill(process, SIGKILL)
        var status: Int32 = 0
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
    }
}
