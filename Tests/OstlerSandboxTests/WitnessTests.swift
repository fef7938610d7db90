import Glibc
import OstlerSandbox
import OstlerSystem
import OstlerTestSupport
import Testing

/// A layer, and an attempt to escape that it holds by itself.
struct Witness: Sendable, CustomTestStringConvertible {
    let layer: SandboxLayer
    /// The file of the attempt, without `.c`.
    let attempt: String
    /// Layers that would refuse the attempt too: switched off both times.
    var overlapping: [SandboxLayer] = []
    /// What stands in the layer's place without it.
    var instead: SandboxPolicy.Bind?
    /// Whether mounts are nosuid and nodev.
    var hasMountFlags = true
    /// Whether it takes a cgroup.
    var needsCgroup = false

    var testDescription: String { "\(layer.name): \(attempt)" }

    static let all: [Witness] = [
        Witness(layer: .userNamespace, attempt: "core-pattern"),
        Witness(layer: .pidNamespace, attempt: "host-pids"),
        Witness(layer: .mountNamespace, attempt: "host-files.sh", overlapping: [.privateProc, .boundedTmp]),
        Witness(layer: .networkNamespace, attempt: "abstract-sockets", overlapping: [.landlock]),
        Witness(layer: .ipcNamespace, attempt: "sysv-shared-memory"),
        Witness(layer: .utsNamespace, attempt: "machine-name"),
        Witness(layer: .cgroupNamespace, attempt: "cgroup-view.sh", needsCgroup: true),
        Witness(layer: .minimalRoot, attempt: "view-write.sh", overlapping: [.userNamespace, .landlock]),
        Witness(layer: .privateProc, attempt: "host-proc.sh", instead: .init(source: "/proc", target: "/proc")),
        Witness(layer: .minimalDev, attempt: "device-access", instead: .init(source: "/dev", target: "/dev")),
        Witness(layer: .boundedTmp, attempt: "disk-filler"),
        Witness(layer: .`init`, attempt: "zombies"),
        Witness(
            layer: .capabilities,
            attempt: "file-capabilities",
            overlapping: [.noNewPrivileges, .seccomp, .landlock],
            hasMountFlags: false
        ),
        Witness(
            layer: .noNewPrivileges,
            attempt: "file-capabilities",
            overlapping: [.capabilities, .seccomp, .landlock],
            hasMountFlags: false
        ),
        Witness(layer: .seccomp, attempt: "io-uring"),
        Witness(layer: .rlimits, attempt: "descriptor-bomb"),
        Witness(layer: .closedDescriptors, attempt: "leaked-fds"),
        Witness(layer: .environment, attempt: "environment.py"),
        Witness(layer: .memoryLimit, attempt: "memory-bomb-files", needsCgroup: true),
        Witness(layer: .processLimit, attempt: "fork-bomb", needsCgroup: true),
        Witness(layer: .landlock, attempt: "host-loopback", overlapping: [.networkNamespace]),
        Witness(layer: .landlock, attempt: "view-write.sh", overlapping: [.userNamespace, .minimalRoot]),
    ]
}

/// Each layer by itself: with it an attempt is held, without it the same attempt escapes. The launcher is one that is
/// built for this and leaves out what a plan does not ask for.
@Suite(.enabled(if: geteuid() == 0, "only root can make what is planted"), .serialized)
struct `Each layer by itself` {
    @Test(arguments: Witness.all)
    func `holds an attempt that escapes without it`(_ witness: Witness) async throws {
        try await withTemporaryDirectory { directory in
            let stage = try EscapeStage(directory, corpus: "corpus")
            try stage.tell(place: "command", granted: "/work", hasMemoryCgroup: true)
            let launcher = try Self.launcher(witness.hasMountFlags ? "witness" : "witness-mounts", directory)
            let (with, without) = try await Harness.run(program: launcher) { harness in
                try await harness.launcher.start()
                let found = harness.launcher.capabilities
                let has = !witness.needsCgroup || (found.memory != .none && found.processes != .none)
                try #require(has, "there is no cgroup to witness")
                if witness.layer == .landlock, found.landlockABI < 4 {
                    try Test.cancel("Landlock is of version \(found.landlockABI) here and knows nothing of sockets")
                }
                let with = try await Self.attempt(witness, hasLayer: true, stage, harness)
                return (with, try await Self.attempt(witness, hasLayer: false, stage, harness))
            }
            #expect(with.hasPrefix("HELD: "), "with \(witness.layer.name): \(with)")
            #expect(without.hasPrefix("ESCAPED: "), "without \(witness.layer.name): \(without)")
        }
    }

    /// Nobody's mounts are nosuid and nodev by accident.
    @Test func `mounts without devices hold a planted node that opens without`() async throws {
        try await withTemporaryDirectory { directory in
            let stage = try EscapeStage(directory, corpus: "corpus")
            try stage.tell(place: "command", granted: "/work", hasMemoryCgroup: true)
            let witness = Witness(layer: .minimalRoot, attempt: "device-nodes")
            var said: [String] = []
            for name in ["witness", "witness-mounts"] {
                let launcher = try Self.launcher(name, directory)
                said.append(
                    try await Harness.run(program: launcher) { harness in
                        try await Self.attempt(witness, hasLayer: true, stage, harness)
                    }
                )
            }
            #expect(said[0].hasPrefix("HELD: "), "\(said[0])")
            #expect(said[1].hasPrefix("ESCAPED: planted node"), "\(said[1])")
        }
    }

    /// Landlock's rules on execution would do the same, and are switched off both times.
    @Test func `lists of programs hold a copy that runs without them`() async throws {
        try await withTemporaryDirectory { directory in
            let launcher = try Self.launcher("witness", directory)
            var said: [String] = []
            for hasLayer in [true, false] {
                var policy = SandboxPolicy()
                policy.best.subtract(SandboxLayers([.landlock]))
                if hasLayer { policy.enforce(ProgramFence(ProgramLists(allowed: ["sh", "cp", "true"]))) }
                let script = "cp /bin/true copy && ./copy && echo ESCAPED || echo HELD"
                said.append(
                    try await Harness.run(program: launcher) { [policy] harness in
                        try await harness.shell(script, policy: policy).text
                    }
                )
            }
            #expect(said[0].hasSuffix("HELD\n") && said[1] == "ESCAPED\n", "\(said)")
        }
    }

    /// A sandbox that answers when its launcher is no more has outlived it.
    @Test(arguments: [true, false])
    func `death with the parent ends what answers without it`(_ hasLayer: Bool) async throws {
        try await withTemporaryDirectory { directory in
            let launcher = try EscapeAttempt.launchers() + "/witness"
            let answer = try await Harness.run(program: launcher) { harness in
                let (input, output) = (try Pipe.make(), try Pipe.make())
                defer { for end in [input.write, output.read] { close(end) } }
                let observer = Observer()
                var policy = SandboxPolicy()
                if !hasLayer { policy.required.subtract(SandboxLayers([.parentDeath])) }
                let plan = try await harness.plan(policy)
                _ = harness.spawn(
                    ["/bin/sh", "-c", "echo up; read line; echo $line"],
                    plan: plan,
                    input: input.read,
                    output: output.write,
                    observer: observer
                )
                for end in [input.read, output.write] { close(end) }
                var buffer = [UInt8](repeating: 0, count: 64)
                #expect(read(output.read, &buffer, 3) == 3)
                harness.launcher.abandon()
                await eventually("the loss") { observer.lost == 1 }
                if hasLayer {
                    // Its own end may come later than that of the launcher.
                    await eventually("the end of the process") {
                        var entry = pollfd(fd: output.read, events: 0, revents: 0)
                        return poll(&entry, 1, 0) == 1 && entry.revents & Int16(POLLHUP) != 0
                    }
                }
                signal(SIGPIPE, SIG_IGN)
                _ = write(input.write, "alive\n", 6)
                return String(decoding: try contents(ofDescriptor: output.read), as: UTF8.self)
            }
            #expect(answer == (hasLayer ? "" : "alive\n"))
        }
    }

    // MARK: One run

    /// What the attempt says in a sandbox with or without the layer.
    @LoopActor
    private static func attempt(
        _ witness: Witness,
        hasLayer: Bool,
        _ stage: EscapeStage,
        _ harness: Harness
    ) async throws -> String {
        var policy = SandboxPolicy()
        let off = SandboxLayers(witness.overlapping + (hasLayer ? [] : [witness.layer]))
        policy.required.subtract(off)
        policy.best.subtract(off)
        policy.limits.openFiles = UInt64(EscapeStage.Limits.files)
        policy.limits.temporary = UInt64(EscapeStage.Limits.temporary)
        // Without a limit there is neither a cgroup's nor its stand-in.
        let isBounded = hasLayer || ![.memoryLimit, .processLimit].contains(witness.layer)
        policy.limits.memory = isBounded ? UInt64(EscapeStage.Limits.memory) : nil
        policy.limits.processes = isBounded ? UInt64(EscapeStage.Limits.processes) : nil
        // At its own place, so that it is there too where the view is not.
        policy.binds = [.init(source: stage.corpus, target: stage.corpus)]
        if !hasLayer, let instead = witness.instead { policy.binds.append(instead) }
        let said = try await harness.output(
            [stage.corpus + "/" + witness.attempt],
            policy: policy,
            workDirectory: "/"
        )
        return said.text + said.observer.failures.map { "\($0)" }.joined()
    }

    /// A launcher that was started with a descriptor and a variable too many.
    private static func launcher(_ name: String, _ directory: TemporaryDirectory) throws -> String {
        let program = try EscapeAttempt.launchers() + "/" + name
        return try directory.script(
            name,
            "#!/bin/sh\nOSTLER_BAIT=secret; export OSTLER_BAIT\nexec 9</etc/passwd\nexec \(program) \"$@\"\n"
        )
    }
}
