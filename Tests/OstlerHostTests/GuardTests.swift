internal import Glibc
internal import OstlerConfig
import OstlerHost
internal import OstlerJSON
import OstlerProtocol
internal import OstlerSandbox
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

/// Guards of tasks of the executor `command`, asked in sandboxes.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct GuardTests {
    /// A command that leaves a file in the work directory, under guards.
    @LoopActor
    private func marking(
        _ host: TestHost,
        _ script: String = "touch ran",
        _ say: (inout TaskGuards) -> Void
    ) -> TaskSpec {
        var spec = host.task(TestHost.payload(["sh", "-c", script]), executor: "command", timeout: 50_000)
        var guards = TaskGuards()
        say(&guards)
        spec.guards = guards
        return spec
    }

    /// A host whose tasks work in the directory `work` of the test.
    private func withWork(
        _ files: [String] = [],
        _ change: (inout HostSetup) -> Void = { _ in },
        body: @LoopActor (TestHost, String) async throws -> Void
    ) async throws {
        try await withTemporaryDirectory { directory in
            try directory.makeDirectory("work")
            for file in files { try directory.write("work/\(file)", "") }
            let work = directory.file("work")
            try await withHost { setup in
                setup.hasCommand = true
                setup.workDirectory = work
                change(&setup)
            } body: { host in
                try await body(host, work)
            }
        }
    }

    private func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    @Test(arguments: ["there", "\(SandboxPolicy.workPath)/there", "./there", "/usr/bin/env", "/usr"])
    func `what creates names is looked up in the view of the task`(_ path: String) async throws {
        try await withWork(["there"]) { host, work in
            let result = await host.run(marking(host) { $0.creates = path })
            #expect(result.outcome == .succeeded && result.exitCode == 0, "\(result.text)")
            #expect(result.guarding == .init(.stable, by: "creates", "\(path) exists"))
            #expect(!result.changed)
            #expect(result.isolation == nil)
            #expect(!exists(work + "/ran"))
        }
    }

    @Test func `what is on the host only, and not in the view, is not there`() async throws {
        try await withWork(["there"]) { host, work in
            for path in [work + "/there", "\(SandboxPolicy.workPath)/absent", "absent/there", "/usr/bin/env/below"] {
                let result = await host.run(marking(host) { $0.creates = path })
                #expect(result.outcome == .succeeded && result.changed, "\(result.text)")
                #expect(result.guarding == nil)
                #expect(exists(work + "/ran"))
                #expect(unlink(work + "/ran") == 0)
            }
        }
    }

    @Test(
        arguments: [
            ("onlyif", "test -f there", true), ("onlyif", "test -f absent", false), ("unless", "test -f there", false),
            ("unless", "test -f absent", true), ("onlyif", "sh -c 'exit 255'", false),
            ("unless", "sh -c 'exit 3'", true),
            // No shell reads the line.
            ("onlyif", "test $HOME = '$HOME'", true), ("onlyif", "test 'a b' = \"a b\"", true),
        ] as [(String, String, Bool)]
    )
    func `commands decide by their exit code`(_ word: String, _ line: String, _ runs: Bool) async throws {
        try await withWork(["there"]) { host, work in
            let result = await host.run(
                marking(host) { if word == "onlyif" { $0.onlyif = .line(line) } else { $0.unless = .line(line) } }
            )
            #expect(result.outcome == .succeeded, "\(result.text)")
            #expect(exists(work + "/ran") == runs)
            #expect(result.changed == runs)
            #expect(result.guarding?.member == (runs ? nil : word))
        }
    }

    @Test func `guards have the directory and the environment of the command`() async throws {
        try await withWork { host, _ in
            var spec = host.task(
                #"{"command":"echo","args":["ran"],"working_dir":"/usr/lib","env":{"B":"payload"}}"#,
                executor: "command"
            )
            spec.environment = [("A", "task"), ("B", "task")]
            var guards = TaskGuards()
            guards.unless = .arguments(["sh", "-c", "test $PWD-$A-$B = /usr/lib-task-payload"])
            spec.guards = guards
            let result = await host.run(spec)
            #expect(result.guarding?.member == "unless", "\(result.text)")
        }
    }

    @Test func `guards have no network, no secrets, and nothing to write to`() async throws {
        try await withWork(["there"]) { host, work in
            let script = "touch \(SandboxPolicy.workPath)/made; test -e /run/secrets/db; ls /sys/class/net"
            let result = await host.run(marking(host) { $0.unless = .arguments(["sh", "-c", script + "; true"]) })
            #expect(result.guarding?.member == "unless", "\(result.text)")
            #expect(!exists(work + "/made"))
            let place = "\(SandboxPolicy.workPath)/made"
            let question = "! touch \(place) && ! touch there && ! bash -c ': < /dev/tcp/127.0.0.1/1'"
            let answered = await host.run(marking(host) { $0.unless = .arguments(["sh", "-c", question]) })
            #expect(answered.guarding?.member == "unless", "\(answered.text)")
        }
    }

    @Test(
        arguments: [
            ("no-such-program", "guard_not_started"), ("sh -c 'kill -9 $$'", "guard_signal"),
            ("\(SandboxPolicy.workPath)/there", "guard_not_started"),
        ]
    )
    func `a guard that gives no answer is a failure of its own, and nothing is run`(
        _ line: String,
        _ code: String
    ) async throws {
        try await withWork(["there"]) { host, work in
            for isOnlyif in [true, false] {
                let result = await host.run(
                    marking(host) { if isOnlyif { $0.onlyif = .line(line) } else { $0.unless = .line(line) } }
                )
                #expect(result.outcome == .failed, "\(result.text)")
                #expect(result.error?.code == code)
                #expect(result.error?.sideEffects == Failure.SideEffects.none)
                #expect(!result.changed && !exists(work + "/ran"))
            }
        }
    }

    @Test func `the task's time-out counts for its guards, and nothing of them is left`() async throws {
        try await withWork { host, work in
            var spec = marking(host) { $0.onlyif = .line("sh -c 'sleep 300 & sleep 300'") }
            spec.timeout = 300
            let (result, _) = await host.run(spec, within: .seconds(20))
            #expect(result.outcome == .timeout, "\(result.text)")
            #expect(result.error?.code == "guard_timeout")
            #expect(result.cancellation?.survivors == "none")
            #expect(!exists(work + "/ran"))
            await host.expectNoCommand()
        }
    }

    @Test func `a cancel ends a guard, and nothing of it is left`() async throws {
        try await withWork { host, work in
            let spec = marking(host) { $0.unless = .line("sleep 300") }
            let task = host.start(spec)
            await eventually("the guard") { host.processes.contains { $0.name == "sleep" } }
            #expect(host.host.cancel(spec.id))
            let result = await task.value
            #expect(result.outcome == .cancelled, "\(result.text)")
            #expect(result.cancellation?.survivors == "none")
            #expect(!exists(work + "/ran"))
            await host.expectNoCommand()
        }
    }

    @Test func `programs that are blocked are no guards either`() async throws {
        try await withWork([]) { setup in
            setup.config.executors["command", default: .init()].blockedCommands = ["rm"]
        } body: { host, work in
            let result = await host.run(marking(host) { $0.onlyif = .line("rm -rf x") })
            #expect(result.outcome == .denied, "\(result.text)")
            #expect(result.error?.pointer?.description == "/guards/onlyif")
            // Not by a shell, either.
            let hidden = await host.run(marking(host) { $0.unless = .line("sh -c 'rm -rf x'") })
            #expect(hidden.outcome == .succeeded && exists(work + "/ran"), "\(hidden.text)")
        }
    }

    @Test(
        arguments: [
            (3, [0, 3], .succeeded), (3, [], .failed), (0, [3], .failed), (3, [3], .succeeded),
            (0, [0, 3], .succeeded),
        ] as [(Int32, [Int32], Outcome)]
    )
    func `exit codes that returns lists are success, and no others`(
        _ code: Int32,
        _ returns: [Int32],
        _ outcome: Outcome
    ) async throws {
        try await withWork { host, _ in
            let result = await host.run(
                marking(host, "exit \(code)") {
                    $0.returns = ReturnCodes(returns)
                    $0.creates = "absent"
                }
            )
            #expect(result.outcome == outcome, "\(result.text)")
            #expect(result.exitCode == code)
            #expect(result.error?.code == (outcome == .failed ? "desired_state_failed" : nil))
        }
    }

    @Test func `a death by signal is never a success`() async throws {
        try await withWork { host, _ in
            let result = await host.run(
                marking(host, "touch made; kill -9 $$") {
                    $0.returns = ReturnCodes((0...255).map { Int32($0) })
                    $0.creates = "made"
                }
            )
            #expect(result.outcome == .failed && result.signal == 9 && result.exitCode == -1, "\(result.text)")
        }
    }

    @Test func `what was to be created makes good a bad exit code, and the code is told`() async throws {
        try await withWork { host, _ in
            let result = await host.run(marking(host, "touch made; exit 7") { $0.creates = "made" })
            #expect(result.outcome == .succeeded && result.exitCode == 7 && result.error == nil, "\(result.text)")
            #expect(result.guarding == .init(.executed, by: "creates", "made exists, so exit code 7 counts as success"))
        }
    }

    @Test func `not for a subscription: the file may be of another time`() async throws {
        try await withWork(["made"]) { host, _ in
            let other = GuardReference(type: "task", name: "other")
            let spec = marking(host, "exit 7") {
                $0.creates = "made"
                $0.subscribe = [other]
            }
            var io = TaskIO()
            io.prior = { $0 == other ? PriorEvent(changed: true, isUnmet: false) : nil }
            let result = await host.run(spec, io: io)
            #expect(result.outcome == .failed && result.exitCode == 7, "\(result.text)")
            #expect(result.guarding == .init(.executed, by: "subscribe", "task#other changed"))
        }
    }

    @Test func `where nothing may be executed, guards are asked and nothing else happens`() async throws {
        try await withTemporaryDirectory { directory in
            try directory.write("work/there", "")
            try await withHost { setup in
                setup.hasCommand = true
                setup.workDirectory = directory.file("work")
                setup.isNoop = true
            } body: { host in
                let plain = await host.command("touch", "ran")
                #expect(plain.guarding == .init(.wouldExecute, "Would have executed"), "\(plain.text)")
                #expect(plain.outcome == .skipped && plain.changed && plain.exitCode == 0)
                let kept = await host.run(marking(host) { $0.creates = "there" })
                #expect(kept.guarding?.effect == .stable && !kept.changed, "\(kept.text)")
                let broken = await host.run(marking(host) { $0.onlyif = .line("no-such-program") })
                #expect(broken.error?.code == "guard_not_started", "\(broken.text)")
                #expect(namesOfDirectory(directory.file("work")) == ["there"])
                #expect(!host.processes.contains { $0.name.hasPrefix("ostler-plugin") })
            }
        }
    }
}
