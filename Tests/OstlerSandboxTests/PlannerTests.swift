import OstlerSandbox
import OstlerSystem
import Testing

@Suite struct `Plans` {
    private let planner = Planner(
        layout: HostLayout(rootEntries: [("bin", .symlink("usr/bin")), ("lib", .directory)])
    )

    private static let head: [PlanStep] = [
        .require(.strictRequired, best: .strictBest),
        .bind(source: "/usr", target: "/usr", flags: [.readOnly, .recursive]),
        .symlink(content: "usr/bin", at: "/bin"),
        .bind(source: "/lib", target: "/lib", flags: [.readOnly, .recursive]),
        .bind(source: "/etc/alternatives", target: "/etc/alternatives", flags: [.readOnly, .optional]),
        .file(
            "/etc/passwd",
            content: "ostler:x:1000:1000:ostler:/work:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n"
        ),
        .file("/etc/group", content: "ostler:x:1000:\nnogroup:x:65534:\n"),
        .file("/etc/hosts", content: "127.0.0.1 localhost\n::1 localhost\n"),
        .file("/etc/nsswitch.conf", content: "passwd: files\ngroup: files\nhosts: files\n"),
        .bind(source: "/etc/ld.so.cache", target: "/etc/ld.so.cache", flags: [.readOnly, .optional]),
        .bind(source: "/etc/localtime", target: "/etc/localtime", flags: [.readOnly, .optional]),
        .directory("/tmp", mode: 0o1777), .directory("/var", mode: 0o755), .symlink(content: "/tmp", at: "/var/tmp"),
        .directory("/run", mode: 0o755), .devices, .symlink(content: "/tmp", at: "/dev/shm"),
    ]

    private static let mounts: [PlanStep] = [
        .proc("/proc"), .tmpfs("/tmp", size: 64 << 20, mode: 0o1777, flags: []),
    ]

    private static let ownWork: [PlanStep] = [.tmpfs("/work", size: 64 << 20, mode: 0o755, flags: [])]

    private static let environment: [PlanStep] = [
        .environment("PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"),
        .environment("HOME=/work"), .environment("LANG=C.UTF-8"), .environment("LOGNAME=ostler"),
        .environment("TMPDIR=/tmp"), .environment("USER=ostler"),
    ]

    private static let rlimits: [PlanStep] = [
        .hostname("ostler"), .rlimit(.openFiles, 256), .rlimit(.coreSize, 1), .rlimit(.messageQueues, 0),
        .rlimit(.lockedMemory, 64 << 10), .rlimit(.nice, 0), .rlimit(.realtimePriority, 0),
    ]

    private static let tail: [PlanStep] = [
        .limits(memory: 1 << 30, processes: 256), .seccomp(.strict), .landlock(executable: nil),
    ]

    private static let standard: [PlanStep] =
        head + mounts + ownWork + [.workDirectory("/work")] + environment + rlimits + tail

    @Test func `the default policy, step by step`() {
        let steps = planner.plan(SandboxPolicy()).steps
        #expect(steps == Self.standard)
        for (index, pair) in zip(steps, Self.standard).enumerated() { #expect(pair.0 == pair.1, "step \(index)") }
    }

    @Test func `a work directory of the host takes the place of the empty one`() {
        var policy = SandboxPolicy()
        policy.workDirectory = .init(source: "/srv/job", target: "ignored", isWritable: true, mapsOwner: true)
        let bind = PlanStep.bind(source: "/srv/job", target: "/work", flags: [.mapsOwner, .noLinks, .recursive])
        #expect(
            planner.plan(policy).steps
                == Self.head + Self.mounts + [bind, .workDirectory("/work")] + Self.environment + Self.rlimits
                + Self.tail
        )
        policy.workDirectory = .init(source: "/srv/job", target: "/work")
        #expect(
            planner.plan(policy).steps.contains(
                .bind(source: "/srv/job", target: "/work", flags: [.readOnly, .noLinks, .recursive])
            )
        )
    }

    @Test func `what a policy binds comes after the view and before the mounts of each sandbox`() {
        var policy = SandboxPolicy()
        policy.binds = [
            .init(source: "/a", target: "/b"), .init(source: "/c", target: "/d", isWritable: true),
            .init(source: "/e", target: "/e", mapsOwner: true),
        ]
        let binds: [PlanStep] = [
            .bind(source: "/a", target: "/b", flags: [.readOnly, .noLinks, .recursive]),
            .bind(source: "/c", target: "/d", flags: [.noLinks, .recursive]),
            .bind(source: "/e", target: "/e", flags: [.readOnly, .mapsOwner, .noLinks, .recursive]),
        ]
        let steps = planner.plan(policy).steps
        #expect(Array(steps[Self.head.count..<Self.head.count + 3]) == binds)
        #expect(steps.filter { !binds.contains($0) } == Self.standard)
    }

    @Test func `loopback is said before the view, and only where it is up`() {
        var policy = SandboxPolicy()
        policy.network = .loopback
        #expect(
            planner.plan(policy).steps == [Self.standard[0], .fence(.namespaces, loopback: true)]
                + Self.standard.dropFirst()
        )
    }

    @Test func `a workspace begins at its own place, with what need not exist looked up each time`() {
        var policy = SandboxPolicy(.workspace)
        policy.directory = "/home/me/x"
        policy.binds = [
            .init(source: "/home/me/x", target: "/home/me/x", isWritable: true),
            .init(source: "/home/me/x/.git", target: "/home/me/x/.git", isOptional: true),
        ]
        let steps = planner.plan(policy).steps
        #expect(steps.contains(.bind(source: "/home/me/x", target: "/home/me/x", flags: [.noLinks, .recursive])))
        let git = PlanStep.bind(
            source: "/home/me/x/.git",
            target: "/home/me/x/.git",
            flags: [.readOnly, .noLinks, .recursive, .optional, .each]
        )
        #expect(steps.contains(git) && steps.contains(.workDirectory("/home/me/x")))
    }

    @Test func `what lies below the work directory comes after it`() throws {
        var policy = SandboxPolicy()
        let path = SandboxPolicy.workPath + "/x"
        policy.binds = [.init(source: path, target: path, isWritable: true)]
        let steps = planner.plan(policy).steps
        let bind = try #require(
            steps.firstIndex(of: .bind(source: path, target: path, flags: [.noLinks, .recursive]))
        )
        let work = try #require(steps.firstIndex(of: Self.ownWork[0]))
        #expect(work < bind)
    }

    @Test func `contained is made of rules in place of a view`() {
        var policy = SandboxPolicy(.contained)
        policy.environment = ["A=1"]
        policy.binds = [.init(source: "/a", target: "/a"), .init(source: "/b", target: "/b", isWritable: true)]
        let rules: [PlanStep] = [
            .rule("/usr", [.read, .execute]), .rule("/lib", [.read, .execute]),
            .rule("/etc/alternatives", [.read, .optional]), .rule("/etc/ld.so.cache", [.read, .optional]),
            .rule("/etc/localtime", [.read, .optional]), .rule("/etc/nsswitch.conf", [.read, .optional]),
            .rule("/proc", [.read, .optional]), .rule("/dev/random", [.read, .optional]),
            .rule("/dev/urandom", [.read, .optional]), .rule("/dev/null", [.read, .write, .control]),
            .rule("/dev/zero", [.read, .write, .control]), .rule("/dev/full", [.read, .write, .control]),
            .rule("/a", [.read, .execute]), .rule("/b", [.read, .execute, .write]),
        ]
        let head: [PlanStep] = [
            .require(.containedRequired, best: .containedBest), .fence(.contained, loopback: false),
        ]
        let tail: [PlanStep] = [.limits(memory: 1 << 30, processes: 256), .seccomp(.contained)]
        let expected = head + rules + [.environment("A=1")] + Self.rlimits.dropFirst() + tail
        #expect(planner.plan(policy).steps == expected)
    }

    @Test func `host is no fence at all`() {
        var policy = SandboxPolicy(.host)
        policy.environment = ["A=1"]
        policy.directory = "/here"
        let expected: [PlanStep] = [
            .require([], best: []), .fence(.none, loopback: false), .environment("A=1"), .workDirectory("/here"),
        ]
        #expect(planner.plan(policy).steps == expected)
    }

    @Test func `a clean environment is an empty one`() {
        var policy = SandboxPolicy()
        policy.environment = []
        #expect(planner.plan(policy).steps == Self.standard.filter { !Self.environment.contains($0) })
        policy.environment = ["A=1", "B=a=b", "C="]
        let given = planner.plan(policy).steps.filter { if case .environment = $0 { true } else { false } }
        #expect(given == [.environment("A=1"), .environment("B=a=b"), .environment("C=")])
    }

    @Test func `limits that are given`() {
        var policy = SandboxPolicy()
        policy.limits.memory = 5 << 20
        policy.limits.processes = 7
        policy.limits.openFiles = 33
        policy.limits.temporary = 1 << 20
        policy.limits.cpuSeconds = 9
        policy.limits.fileSize = 11
        let steps = planner.plan(policy).steps
        for step in [
            PlanStep.limits(memory: 5 << 20, processes: 7), .rlimit(.openFiles, 33), .rlimit(.cpuSeconds, 9),
            .rlimit(.fileSize, 11), .tmpfs("/tmp", size: 1 << 20, mode: 0o1777, flags: []),
            .tmpfs("/work", size: 1 << 20, mode: 0o755, flags: []),
        ] { #expect(steps.contains(step), "\(step)") }
        #expect(steps.count == Self.standard.count + 2)
    }

    @Test func `limits that are taken away`() {
        var policy = SandboxPolicy()
        policy.limits.memory = nil
        policy.limits.processes = nil
        let steps = planner.plan(policy).steps
        #expect(steps.contains(.limits(memory: 0, processes: 0)))
        #expect(steps.count == Self.standard.count)
    }

    @Test func `what is granted below the temporary directory is mounted on it, not hidden by it`() throws {
        var policy = SandboxPolicy()
        policy.binds = [.init(source: "/a", target: "/tmp/a"), .init(source: "/b", target: "/tmpb")]
        let steps = planner.plan(policy).steps
        func index(_ step: PlanStep) throws -> Int { try #require(steps.firstIndex(of: step)) }
        let temporary = try index(.tmpfs("/tmp", size: policy.limits.temporary, mode: 0o1777, flags: []))
        #expect(try index(.bind(source: "/b", target: "/tmpb", flags: [.readOnly, .noLinks, .recursive])) < temporary)
        #expect(try index(.bind(source: "/a", target: "/tmp/a", flags: [.readOnly, .noLinks, .recursive])) > temporary)
    }

    @Test func `required layers come first`() {
        var policy = SandboxPolicy()
        policy.required.insert(SandboxLayers([.memoryLimit]))
        let steps = planner.plan(policy).steps
        #expect(
            steps.first
                == .require(SandboxLayers.strictRequired.union(SandboxLayers([.memoryLimit])), best: .strictBest)
        )
    }

    @Test func `planning is pure`() {
        var policy = SandboxPolicy()
        policy.binds = [.init(source: "/a", target: "/b")]
        policy.enforce(ProgramFence(.init(allowed: ["true"])))
        let first = planner.plan(policy).bytes
        for _ in 0..<10 { #expect(planner.plan(policy).bytes == first) }
        #expect(Planner(layout: HostLayout(rootEntries: [])).plan(policy).bytes != first)
        policy.environment.append("X=1")
        #expect(planner.plan(policy).bytes != first)
    }

    // MARK: Bytes

    @Test func `each kind of step can be read back with the structures of C`() throws {
        let identities = (1...5).map { FileIdentity(device: UInt64($0), inode: UInt64($0) << 40) }
        let stamp = FileStamp(identity: identities[0], changed: .max)
        let steps: [PlanStep] = [
            .require(SandboxLayers(rawValue: 0xDEAD), best: SandboxLayers(rawValue: 0xBEEF)),
            .directory("/d", mode: 0o1777), .directory("", mode: 0),
            .bind(source: "/ä", target: "/b", flags: [.readOnly, .noExecute, .recursive, .optional, .mapsOwner]),
            .bind(source: "", target: "", flags: []), .symlink(content: "to", at: "/at"),
            .file("/f", content: "line\n"), .file("/empty", content: ""), .file("/nul", content: "a\0b"), .devices,
            .proc("/proc"), .tmpfs("/t", size: 1, mode: 0o700, flags: .noExecute),
            .tmpfs("/u", size: 1 << 40, mode: 0o1777, flags: []), .workDirectory("/w"), .environment("A=1"),
            .hostname("h"), .rlimit(.cpuSeconds, 1), .rlimit(.fileSize, .max), .limits(memory: 1, processes: .max),
            .seccomp(.strict), .seccomp(.noMemoryFiles),
            .programs(.init(allowed: nil, blocked: identities)), .programs(.init(allowed: [], blocked: [])),
            .programs(.init(allowed: identities, blocked: Array(identities.prefix(2)), opensWork: true)),
            .hostFile(source: "/s", target: "/t", stamp: stamp, program: nil),
            .hostFile(source: "/ä", target: "/b", stamp: stamp, program: 0), .mask("/m", identities[1]),
            .witness("/w", stamp), .landlock(executable: nil), .landlock(executable: []),
            .landlock(executable: ["/usr", "/lib"]),
        ]
        #expect(try PlanReader.steps(of: SandboxPlan(steps: steps).bytes) == steps)
        for step in steps {
            let bytes = SandboxPlan(steps: [step]).bytes
            #expect(bytes.count % 8 == 0)
            #expect(try PlanReader.steps(of: bytes) == [step])
        }
    }

    @Test(arguments: 0..<20)
    func `steps are padded to eight bytes for any length`(_ length: Int) throws {
        let steps: [PlanStep] = [.hostname(String(repeating: "h", count: length)), .environment("B=2")]
        let bytes = SandboxPlan(steps: steps).bytes
        #expect(bytes.count == 8 + (length + 1 + 7) / 8 * 8 + 8 + 8)
        #expect(try PlanReader.steps(of: bytes) == steps)
    }

    @Test func `the default plan can be read back`() throws {
        let plan = planner.plan(SandboxPolicy())
        #expect(try PlanReader.steps(of: plan.bytes) == plan.steps)
        let probed = Planner(layout: .probe()).plan(SandboxPolicy())
        #expect(try PlanReader.steps(of: probed.bytes) == probed.steps)
    }

    @Test func `this machine's layout is links or directories of its root, always the same`() {
        let layout = HostLayout.probe()
        #expect(layout == HostLayout.probe())
        #expect(layout.rootEntries.contains { $0.name == "bin" })
        #expect(layout != HostLayout(rootEntries: []))
    }
}
