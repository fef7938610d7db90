import Glibc
import OstlerProtocol
import OstlerSandbox
import OstlerSystem
import OstlerTestSupport
import Testing

@Suite(.enabled(if: Surroundings.userNamespacesAllowed, Comment(rawValue: Surroundings.noUserNamespaces)), .serialized)
struct `The launcher` {
    // MARK: Starting

    @Test func `it starts once for all who ask, and tells what it found`() async throws {
        try await Harness.run { harness in
            let starts = (0..<5).map { _ in Task { @LoopActor in try await harness.launcher.start() } }
            for start in starts { try await start.value }
            let process = harness.launcher.processID
            #expect(isAlive(process))
            try await harness.launcher.start()
            #expect(harness.launcher.processID == process)
            let found = harness.launcher.capabilities
            #expect(found.isRealRoot == (geteuid() == 0))
            #expect(found.seccomp)
            #expect(found.landlockABI < 100)
        }
    }

    @Test func `when it is stopped it is gone, and can be started again`() async throws {
        try await Harness.run { harness in
            try await harness.launcher.start()
            let first = harness.launcher.processID
            harness.launcher.stop()
            #expect(!isAlive(first))
            harness.launcher.stop()
            let (_, observer) = try await harness.output(["/usr/bin/true"])
            #expect(observer.exits.first?.exitCode == 0)
            #expect(harness.launcher.processID != first)
        }
    }

    @Test(arguments: [false, true])
    func `whenever it is killed, another one removes what it left`(whileStarting: Bool) async throws {
        try await Harness.run { harness in
            let start = Task { @LoopActor in try await harness.launcher.start() }
            while harness.launcher.processID == 0 { await Task.yield() }
            if !whileStarting { try await start.value }
            #expect(kill(harness.launcher.processID, SIGKILL) == 0)
            if whileStarting {
                // It may have been ready a moment before.
                _ = try? await start.value
                await eventually("the launcher is missed") { harness.launcher.hasLeftovers }
            } else {
                // It is dead, and the loop has not noticed: as if it were struck while it cleans up.
                harness.launcher.stop()
                #expect(harness.launcher.hasLeftovers)
            }
            await harness.launcher.finish()
            #expect(!harness.launcher.hasLeftovers)
            #expect(!isAlive(harness.launcher.processID))
            let left = controlGroups().filter { $0.contains(harness.runID + "-") }
            #expect(left == [])
        }
    }

    @Test func `a launcher that is not there is told with its path`() async throws {
        EventLoop.shared.startThread()
        let failure = await Task { @LoopActor in
            let harness = Harness(program: "/nowhere/ostler-launch")
            return await #expect(throws: LaunchFailure.self) { try await harness.launcher.start() }
        }.value
        #expect(failure?.stage == "start")
        #expect(failure?.errno == ENOENT)
        #expect(failure?.detail == "/nowhere/ostler-launch")
    }

    @Test func `a launcher that ends before it is ready is told to all who wait`() async throws {
        EventLoop.shared.startThread()
        await Task { @LoopActor in
            let harness = Harness(program: "/usr/bin/true")
            let starts = (0..<3).map { _ in
                Task { @LoopActor in await #expect(throws: LaunchFailure.self) { try await harness.launcher.start() } }
            }
            for start in starts {
                let failure = await start.value
                #expect(failure?.stage == "launcher")
            }
            // A plan waits for it in the same way.
            await #expect(throws: LaunchFailure.self) { _ = try await harness.plan() }
        }.value
    }

    // MARK: Programs

    @Test func `true in a strict sandbox`() async throws {
        try await Harness.run { harness in
            let (_, observer) = try await harness.output(["/usr/bin/true"])
            let report = try #require(observer.exits.first)
            #expect(report.exitCode == 0)
            #expect(report.signal == nil)
            #expect(report.layers.isSuperset(of: .strictRequired))
            #expect(report.outOfMemoryKills == 0)
            #expect(report.usage.wallMicroseconds > 0)
            #expect(observer.exits.count == 1)
            #expect(observer.reaped == [report.sandbox])
            #expect(observer.failures.isEmpty)
            #expect(observer.lost == 0)
        }
    }

    @Test(arguments: [0, 1, 2, 126, 127, 255] as [Int32])
    func `exit codes come back as they are`(_ code: Int32) async throws {
        try await Harness.run { harness in
            let (_, observer) = try await harness.shell("exit \(code)")
            #expect(observer.exits.first?.exitCode == code)
            #expect(observer.exits.first?.signal == nil)
        }
    }

    @Test(arguments: [SIGTERM, SIGKILL, SIGABRT, SIGHUP])
    func `so do signals`(_ signal: Int32) async throws {
        try await Harness.run { harness in
            let (_, observer) = try await harness.shell("kill -\(signal) $$; sleep 60")
            #expect(observer.exits.first?.signal == signal)
            #expect(observer.exits.first?.exitCode == -1)
        }
    }

    @Test func `output, arguments and the work directory`() async throws {
        try await Harness.run { harness in
            let printed = try await harness.output(["/usr/bin/printf", "%s|", "a b", "", "ä"]).text
            #expect(printed == "a b||ä|")
            let standard = try await harness.output(["pwd"]).text
            #expect(standard == "/work\n")
            let chosen = try await harness.output(["pwd"], workDirectory: "/usr").text
            #expect(chosen == "/usr\n")
        }
    }

    @Test func `the environment is the plan's with the launch's laid over it`() async throws {
        try await Harness.run { harness in
            let standard = try await harness.output(["env"]).text.split(separator: "\n").sorted()
            #expect(standard == SandboxPolicy.minimalEnvironment.map { $0[...] }.sorted())
            var policy = SandboxPolicy()
            policy.environment = ["A=1", "B=2"]
            let laid = try await harness.output(["/usr/bin/env"], policy: policy, environment: ["B=3", "C="]).text
            #expect(laid.split(separator: "\n").sorted() == ["A=1", "B=3", "C="])
            policy.environment = []
            let nothing = try await harness.output(["/usr/bin/env"], policy: policy).text
            #expect(nothing == "")
        }
    }

    @Test func `standard input arrives, and nothing else does`() async throws {
        try await Harness.run { harness in
            let input = try Pipe.make()
            let output = try Pipe.make()
            let observer = Observer()
            let plan = try await harness.plan()
            _ = harness.spawn(
                ["/bin/sh", "-c", "cat; ls /proc/self/fd | wc -l"],
                plan: plan,
                input: input.read,
                output: output.write,
                observer: observer
            )
            close(input.read)
            close(output.write)
            #expect(write(input.write, "hello\n", 6) == 6)
            close(input.write)
            await eventually("the end") { observer.hasEnded }
            // 0, 1, 2 and the directory that ls itself has open.
            #expect(String(decoding: try contents(ofDescriptor: output.read), as: UTF8.self) == "hello\n4\n")
            close(output.read)
        }
    }

    @Test func `descriptors that were handed over are the sandbox's alone`() async throws {
        try await Harness.run { harness in
            let plan = try await harness.plan()
            let pipe = try Pipe.make()
            let name = try #require(openDescriptors()[pipe.write])
            for _ in 0..<20 {
                let observer = Observer()
                _ = harness.spawn(["true"], plan: plan, output: pipe.write, observer: observer)
                await eventually("the end") { observer.hasEnded }
            }
            #expect(openDescriptors().values.count { $0 == name } == 2)
            close(pipe.write)
            #expect(try contents(ofDescriptor: pipe.read).isEmpty, "nobody else has the other end")
            close(pipe.read)
        }
    }

    @Test func `many at once`() async throws {
        try await Harness.run { harness in
            let plan = try await harness.plan()
            let observers = (0..<40).map { _ in Observer() }
            for (number, observer) in observers.enumerated() {
                _ = harness.spawn(["/bin/sh", "-c", "exit \(number)"], plan: plan, observer: observer)
            }
            await eventually("all ends") { observers.allSatisfy(\.hasEnded) }
            #expect(observers.map { $0.exits.first?.exitCode } == (0..<40).map { Int32($0) })
            #expect(Set(observers.flatMap(\.reaped)).count == 40)
        }
    }

    // MARK: Plans

    @Test func `a policy is planned once`() async throws {
        try await Harness.run { harness in
            let plans = (0..<4).map { _ in Task { @LoopActor in try await harness.plan() } }
            var numbers = Set<UInt64>()
            for plan in plans { numbers.insert(try await plan.value.number) }
            #expect(numbers.count == 1)
            var other = SandboxPolicy()
            other.limits.openFiles = 100
            let another = try await harness.plan(other)
            #expect(another.number != numbers.first)
            let again = try await harness.plan()
            #expect(again.number == numbers.first)
        }
    }

    @Test func `a plan that cannot be built names its step, and others still can`() async throws {
        try await Harness.run { harness in
            var policy = SandboxPolicy()
            policy.binds = [.init(source: "/no/such/source", target: "/x")]
            for _ in 0..<2 {
                let failure = await #expect(throws: LaunchFailure.self) { _ = try await harness.plan(policy) }
                #expect(failure?.stage == "template")
                #expect(failure?.errno == ENOENT)
                #expect(failure?.detail.contains("/no/such/source") == true)
                #expect(failure?.isProgramFault == false)
            }
            let code = try await harness.output(["true"]).observer.exits.first?.exitCode
            #expect(code == 0)
        }
    }

    @Test func `a plan that does not fit into one packet`() async throws {
        try await Harness.run { harness in
            var policy = SandboxPolicy()
            policy.environment += (0..<1000).map { "V\($0)=" + String(repeating: "x", count: 100) }
            let text = try await harness.output(["/bin/sh", "-c", "echo $V0$V999"], policy: policy).text
            #expect(text == String(repeating: "x", count: 200) + "\n")
        }
    }

    @Test func `arguments that do not fit into one packet`() async throws {
        try await Harness.run { harness in
            let long = String(repeating: "y", count: 100_000)
            let (text, observer) = try await harness.output(["/usr/bin/printf", "%s", long])
            #expect(text == long)
            #expect(observer.exits.first?.exitCode == 0)
        }
    }
}
