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

    // MARK: Failures

    @Test func `a program that is not there`() async throws {
        try await Harness.run { harness in
            for name in ["no-such-program", "/usr/bin/no-such-program"] {
                let observer = try await harness.output([name]).observer
                let failure = try #require(observer.failures.first)
                #expect(failure.stage == "program")
                #expect(failure.errno == ENOENT)
                #expect(failure.isProgramFault)
                #expect(observer.exits.isEmpty)
            }
        }
    }

    @Test func `a file that is no program`() async throws {
        try await Harness.run { harness in
            let observer = try await harness.output(["/etc/passwd"]).observer
            let failure = try #require(observer.failures.first)
            #expect(failure.errno == EACCES)
            #expect(failure.isProgramFault)
        }
    }

    @Test func `a work directory that is not there`() async throws {
        try await Harness.run { harness in
            let observer = try await harness.output(["true"], workDirectory: "/no/such/directory").observer
            let failure = try #require(observer.failures.first)
            #expect(failure.stage == "cwd")
            #expect(failure.errno == ENOENT)
            #expect(failure.isProgramFault)
        }
    }

    @Test func `a program that the lists deny`() async throws {
        try await Harness.run { harness in
            var policy = SandboxPolicy()
            policy.enforce(ProgramFence(.init(blocked: ["id"])))
            let observer = try await harness.output(["id"], policy: policy).observer
            let failure = try #require(observer.failures.first)
            #expect(failure.errno == EPERM)
            #expect(failure.isProgramFault)
            let unblocked = try #require(await harness.output(["true"], policy: policy).observer.exits.first)
            #expect(unblocked.exitCode == 0)
            #expect(unblocked.layers.contains(.programLists))
            var narrow = SandboxPolicy()
            narrow.enforce(ProgramFence(.init(allowed: ["id"])))
            let allowed = try #require(await harness.output(["id", "-u"], policy: narrow).observer.exits.first)
            #expect(allowed.exitCode == 0)
            #expect(allowed.layers.contains(.programLists))
            // It is absent from the view, and told as what it is for who asks.
            let absent = try #require(await harness.output(["true"], policy: narrow).observer.failures.first)
            #expect(absent.isProgramFault)
            #expect(absent.errno == EPERM)
        }
    }

    @Test(.enabled(if: geteuid() == 0, "only root can put a program into the view"))
    func `a program that was changed after it was judged is refused`() async throws {
        // Away from the search path, whose directories others watch.
        let path = "/usr/local/lib/ostler-test-\(getpid())"
        let bytes = try contents(ofFile: "/usr/bin/true")
        func put() throws {
            let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o755)
            defer { close(file) }
            try #require(write(file, bytes, bytes.count) == bytes.count)
        }
        try put()
        defer { unlink(path) }
        try await Harness.run { harness in
            let fence = ProgramFence(.init(allowed: [path]))
            var policy = SandboxPolicy()
            policy.enforce(fence)
            #expect(fence.isCurrent)
            _ = fence.load()
            // The same path, name and content; another time of change.
            try put()
            #expect(!fence.isCurrent)
            let failure = await #expect(throws: LaunchFailure.self) { _ = try await harness.plan(policy) }
            #expect(failure?.stage == "template")
            #expect(failure?.errno == ESTALE)
            policy.enforce(ProgramFence(.init(allowed: [path])))
            let report = try #require(await harness.output([path], policy: policy).observer.exits.first)
            #expect(report.exitCode == 0)
        }
    }

    @Test func `a plan that nobody made`() async throws {
        try await Harness.run { harness in
            try await harness.launcher.start()
            let observer = Observer()
            _ = harness.spawn(["true"], plan: LaunchPlan(number: 4711), observer: observer)
            await eventually("a refusal") { observer.hasEnded }
            #expect(observer.failures.first?.stage == "request")
            #expect(observer.failures.first?.errno == ENOENT)
            #expect(observer.failures.first?.detail == "unknown plan")
        }
    }

    @Test func `a request that cannot be sent is told to who asked`() async throws {
        try await Harness.run { harness in
            let plan = try await harness.plan()
            let (spawned, task) = (Observer(), Observer())
            let spawn = harness.spawn(["true"], plan: plan, input: -1, observer: spawned)
            _ = harness.launcher.registerTask(plan: plan, spawn: spawn, stdin: -1, observer: task)
            #expect(!spawned.hasEnded, "not before the caller knows the number")
            await eventually("the refusals") { spawned.hasEnded && task.hasEnded }
            for failure in [spawned.failures.first, task.failures.first] {
                #expect(failure?.stage == "sendmsg")
                #expect(failure?.errno == EBADF)
            }
            let code = try await harness.output(["true"]).observer.exits.first?.exitCode
            #expect(code == 0)
        }
    }

    @Test func `a layer that cannot be had is a refusal that names it`() async throws {
        try await Harness.run { harness in
            var policy = SandboxPolicy()
            policy.required.insert(SandboxLayers([.programLists]))
            do {
                let observer = try await harness.output(["true"], policy: policy).observer
                let failure = try #require(observer.failures.first)
                #expect(failure.layer == .programLists)
                #expect(!failure.isProgramFault)
            } catch let failure as LaunchFailure {
                #expect(failure.layer == .programLists)
            }
        }
    }

    // MARK: Signals, ends and loss

    @Test func `a signal reaches the process, and one that does not listen is killed`() async throws {
        try await Harness.run { harness in
            let plan = try await harness.plan()
            let (polite, deaf) = (Observer(), Observer())
            let ready = try Pipe.make()
            let first = harness.spawn(
                ["/bin/sh", "-c", "trap 'exit 42' TERM; echo; while :; do sleep 0.01; done"],
                plan: plan,
                output: ready.write,
                observer: polite
            )
            let second = harness.spawn(
                ["/bin/sh", "-c", "trap '' TERM; echo; while :; do sleep 0.01; done"],
                plan: plan,
                output: ready.write,
                observer: deaf
            )
            close(ready.write)
            OwnedFD.setNonblocking(ready.read)
            var lines = 0
            await eventually("both traps") {
                var byte: UInt8 = 0
                if read(ready.read, &byte, 1) == 1 { lines += 1 }
                return lines == 2
            }
            // The shell tells of what it lost: its pipe must stay open until it has ended.
            defer { close(ready.read) }
            for number in [first, second] { harness.launcher.signal(SIGTERM, number: number, isTask: false) }
            await eventually("the polite one") { polite.hasEnded }
            #expect(polite.exits.first?.exitCode == 42)
            #expect(!deaf.hasEnded)
            harness.launcher.signal(SIGKILL, number: second, isTask: false)
            await eventually("the deaf one") { deaf.hasEnded }
            #expect(deaf.exits.first?.signal == SIGKILL)
            // A number that is no more is no harm.
            harness.launcher.signal(SIGTERM, number: first, isTask: false)
            harness.launcher.endTask(999)
            let code = try await harness.output(["true"]).observer.exits.first?.exitCode
            #expect(code == 0)
        }
    }

    @Test func `what a process leaves behind dies with its sandbox`() async throws {
        try await Harness.run { harness in
            let sleep = uniqueSleep()
            let observer = try await harness.shell("setsid sleep \(sleep) >/dev/null 2>&1 & exit 3").observer
            #expect(observer.exits.first?.exitCode == 3)
            #expect(observer.reaped.count == 1)
            #expect(processes(whoseCommandLineHolds: sleep).isEmpty, "reaped is the proof")
        }
    }

    /// A plugin in twelve lines: takes a task's number from its input, launches a command for it, tells of each packet.
    private static let perl = "/usr/bin/perl"
    private static let plugin = #"""
        $| = 1;
        open(my $channel, "+<&=3") or die;
        my ($task, $script) = split(/ /, scalar(<STDIN>), 2);
        chomp $script;
        my $tail = join("", map { "$_\0" } "/bin/sh", "-c", $script);
        for my $number (1, 2) {
            syswrite($channel, pack("SSLQ", 16, 0, length($tail), $number) . pack("QLLCCx6", $task, 3, 0, 0, 0) . $tail);
        }
        while (sysread($channel, my $packet, 70000)) { print unpack("S", $packet), "\n"; }
        """#

    @Test(.enabled(if: access(perl, X_OK) == 0, "there is no /usr/bin/perl to stand in for a plugin"))
    func `the end of a task is proven, whatever sessions its processes have made`() async throws {
        try await Harness.run { harness in
            let plan = try await harness.plan()
            let (input, output) = (try Pipe.make(), try Pipe.make())
            let (plugin, task) = (Observer(), Observer())
            let spawn = harness.spawn(
                [Self.perl, "-e", Self.plugin],
                plan: plan,
                input: input.read,
                output: output.write,
                launchChannel: true,
                observer: plugin
            )
            close(input.read)
            close(output.write)
            let number = harness.launcher.registerTask(plan: plan, spawn: spawn, observer: task)
            let sleep = uniqueSleep()
            let command =
                "trap '' TERM; setsid sleep \(sleep) & (setsid setsid sleep \(sleep) &) ; wait; exec sleep \(sleep)"
            let line = "\(number) \(command)\n"
            #expect(write(input.write, line, line.utf8.count) == line.utf8.count)
            // Two sandboxes with two such processes each, at least.
            await eventually("the processes of the task") {
                processes(whoseCommandLineHolds: "sleep\u{20}\(sleep)").count { isAlive($0) } >= 4
            }
            #expect(task.gone == 0)
            harness.launcher.endTask(number)
            await eventually("the proof") { task.gone > 0 }
            #expect(processes(whoseCommandLineHolds: sleep).filter { isAlive($0) }.isEmpty, "the proof is true")
            #expect(task.gone == 1)
            #expect(task.exits.count == 2)
            #expect(task.exits.allSatisfy { $0.signal == SIGKILL })
            #expect(task.reaped.count == 2)
            // The plugin itself lives on, and ends when its input does.
            #expect(!plugin.hasEnded)
            harness.launcher.signal(SIGKILL, number: spawn, isTask: false)
            await eventually("the end of the plugin") { plugin.hasEnded }
            close(input.write)
            let told = String(decoding: try contents(ofDescriptor: output.read), as: UTF8.self).split(separator: "\n")
            #expect(told.filter { $0 == "48" }.count == 2, "each was launched: \(told)")
            #expect(told.filter { $0 == "50" }.count == 2, "and its end was told: \(told)")
            close(output.read)
        }
    }

    @Test func `a task of a plugin that has no channel is refused`() async throws {
        try await Harness.run { harness in
            let plan = try await harness.plan()
            let task = Observer()
            _ = harness.launcher.registerTask(plan: plan, spawn: 4711, observer: task)
            await eventually("the refusal") { task.hasEnded }
            #expect(task.failures.first?.stage == "request")
            #expect(task.failures.first?.errno == ESRCH)
        }
    }

    @Test func `the end of a task without any process is proven at once`() async throws {
        try await Harness.run { harness in
            let plan = try await harness.plan()
            let (plugin, task) = (Observer(), Observer())
            let spawn = harness.spawn(["sleep", uniqueSleep()], plan: plan, launchChannel: true, observer: plugin)
            let input = try Pipe.make()
            let name = try #require(openDescriptors()[input.write])
            let number = harness.launcher.registerTask(plan: plan, spawn: spawn, stdin: input.read, observer: task)
            harness.launcher.endTask(number)
            await eventually("the proof") { task.gone > 0 }
            #expect(openDescriptors().values.count { $0 == name } == 1, "the task's input was taken over")
            close(input.write)
        }
    }

    @Test func `a launcher that is killed takes everything with it, and a new one can be had`() async throws {
        try await Harness.run { harness in
            let plan = try await harness.plan()
            let sleep = uniqueSleep()
            let observers = (0..<3).map { _ in Observer() }
            let task = Observer()
            for observer in observers {
                let spawn = harness.spawn(
                    ["/bin/sh", "-c", "setsid sleep \(sleep) & sleep \(sleep)"],
                    plan: plan,
                    launchChannel: true,
                    observer: observer
                )
                if observer === observers[0] {
                    _ = harness.launcher.registerTask(plan: plan, spawn: spawn, observer: task)
                }
            }
            await eventually("the processes") {
                processes(whoseCommandLineHolds: "sleep\u{20}\(sleep)").count { isAlive($0) } >= 6
            }
            let first = harness.launcher.processID
            kill(first, SIGKILL)
            await eventually("the loss") { observers.allSatisfy { $0.lost == 1 } && task.lost == 1 }
            await eventually("the end of all") { processes(whoseCommandLineHolds: sleep).allSatisfy { !isAlive($0) } }
            #expect(!isAlive(first))
            #expect(observers.allSatisfy { $0.lost == 1 && $0.reaped.isEmpty })

            let (_, observer) = try await harness.output(["true"])
            #expect(observer.exits.first?.exitCode == 0)
            #expect(harness.launcher.processID != first)
        }
    }

    @Test func `abandoning it is told like any other loss`() async throws {
        try await Harness.run { harness in
            let plan = try await harness.plan()
            let observer = Observer()
            _ = harness.spawn(["sleep", uniqueSleep()], plan: plan, observer: observer)
            harness.launcher.abandon()
            await eventually("the loss") { observer.lost == 1 }
            harness.launcher.abandon()
        }
    }

    @Test func `what is asked of a launcher that is gone is told as lost, and keeps no descriptor`() async throws {
        try await Harness.run { harness in
            let plan = try await harness.plan()
            let pipe = try Pipe.make()
            let input = try Pipe.make()
            let (name, inputName) = (openDescriptors()[pipe.write], openDescriptors()[input.write])
            harness.launcher.stop()
            let (spawned, task) = (Observer(), Observer())
            let spawn = harness.spawn(["true"], plan: plan, output: pipe.write, observer: spawned)
            _ = harness.launcher.registerTask(plan: plan, spawn: spawn, stdin: input.read, observer: task)
            #expect(spawned.lost == 0, "not before the caller knows the number")
            await eventually("the loss") { spawned.lost == 1 && task.lost == 1 }
            #expect(openDescriptors().values.count { $0 == name } == 2)
            #expect(openDescriptors().values.count { $0 == inputName } == 1)
            for end in [pipe.read, pipe.write, input.write] { close(end) }
        }
    }

    @Test func `requests to a launcher that does not read wait, keep their order, and are let go with it`() async throws
    {
        try await Harness.run { harness in
            let plan = try await harness.plan()
            let process = harness.launcher.processID
            kill(process, SIGSTOP)
            let pipe = try Pipe.make()
            let name = openDescriptors()[pipe.write]
            let observers = (0..<400).map { _ in Observer() }
            let filler = String(repeating: "z", count: 20_000)
            for observer in observers {
                _ = harness.spawn(["true", filler], plan: plan, output: pipe.write, observer: observer)
            }
            kill(process, SIGCONT)
            await eventually("all") { observers.allSatisfy(\.hasEnded) }
            #expect(openDescriptors().values.count { $0 == name } == 2)
            kill(process, SIGSTOP)
            let waiting = (0..<400).map { _ in Observer() }
            for observer in waiting {
                _ = harness.spawn(["true", filler], plan: plan, output: pipe.write, observer: observer)
            }
            kill(process, SIGKILL)
            await eventually("the loss") { waiting.allSatisfy { $0.lost == 1 } }
            #expect(openDescriptors().values.count { $0 == name } == 2)
            close(pipe.write)
            #expect(try contents(ofDescriptor: pipe.read).isEmpty)
            close(pipe.read)
        }
    }
}
