import Glibc
import OstlerProtocol
import OstlerSandbox
import OstlerSystem
import OstlerTestSupport
import Testing

@Suite(.enabled(if: Surroundings.userNamespacesAllowed, Comment(rawValue: Surroundings.noUserNamespaces)), .serialized)
struct `Ends of sandboxes, tasks and launchers` {
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
            // Two sandboxes with a shell and two such processes each.
            await eventually("the processes of the task") {
                processes(whoseCommandLineHolds: "sleep\u{20}\(sleep)").count { isAlive($0) } >= 6
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
            await eventually(within: .seconds(90), "all") { observers.allSatisfy(\.hasEnded) }
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
