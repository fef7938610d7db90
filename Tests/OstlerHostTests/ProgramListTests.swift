import OstlerConfig
import OstlerHost
internal import OstlerJSON
import OstlerProtocol
import OstlerSandbox
import OstlerSystem
import OstlerTasks
import OstlerTestSupport
import Testing

/// Lists of programs judge the file that is meant, not the name that is used.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct ProgramListTests {
    @Test(arguments: ["rm", "/bin/rm", "/usr/bin/rm", "/usr/bin/../bin/rm"])
    func `a blocked command by any name`(_ name: String) async throws {
        try await withHost {
            $0.hasCommand = true
            $0.config.executors["command"] = executor(blocked: ["rm"])
        } body: { host in
            let result = await host.command(name, "--version")
            #expect(result.outcome == .denied, "\(result.text)")
            #expect(result.error?.code == "command_denied")
            #expect(result.error?.message.hasPrefix("command \"\(name)\"") == true)
            #expect(result.error?.message.hasSuffix("is blocked") == true)
            #expect(result.error?.pointer?.description == "/payload/command")
            #expect(result.error?.fault == .user)
            // It was judged before anything was started.
            #expect(host.launcher == 0)
            #expect(await host.command("echo", "other").outcome == .succeeded)
        }
    }

    @Test(arguments: ["innocent", "./innocent", SandboxPolicy.workPath + "/innocent"])
    func `a blocked command by a link`(_ name: String) async throws {
        try await withHost {
            $0.hasCommand = true
            $0.config.executors["command"] = executor(blocked: ["rm"])
            $0.workDirectory = try $0.directory.makeDirectory("work")
            try $0.directory.link("work/innocent", to: "/bin/rm")
            try $0.directory.write("work/victim", "still here")
        } body: { host in
            let work = SandboxPolicy.workPath
            let spec = host.task(
                "{\"command\":\"\(name)\",\"args\":[\"-f\",\"\(work)/victim\"],\"env\":{\"PATH\":\"\(work):/bin\"}}",
                executor: "command"
            )
            let result = await host.run(spec)
            #expect(result.outcome == .denied, "\(result.text)")
            #expect(result.error?.code == "command_denied")
            #expect(result.exitCode == -1)
            #expect(await host.command("cat", work + "/victim").output.text == "still here")
        }
    }

    @Test func `only what is allowed`() async throws {
        try await withHost {
            $0.hasCommand = true
            $0.config.executors["command"] = executor(allowed: ["echo", "ls"])
        } body: { host in
            #expect(await host.command("echo", "hello").output.text == "hello\n")
            #expect(await host.command("/usr/bin/echo", "hello").output.text == "hello\n")
            for name in ["cat", "/bin/cat", "no-such-command"] {
                let result = await host.command(name)
                #expect(result.outcome == .denied, "\(result.text)")
                #expect(result.error?.message.contains("command \"\(name)\"") == true)
                #expect(result.error?.message.hasSuffix("is not in allowed list") == true)
                #expect(result.error?.hint == "allowed are: echo, ls")
            }
        }
    }

    @Test func `a block list wins over an allow list, and an empty allow list allows nothing`() async throws {
        try await withHost {
            $0.hasCommand = true
            $0.config.executors["command"] = executor(allowed: ["echo"], blocked: ["echo"])
        } body: { host in
            #expect(await host.command("echo").error?.message.hasSuffix("is blocked") == true)
        }
        try await withHost {
            $0.hasCommand = true
            $0.config.executors["command"] = executor(allowed: [])
        } body: { host in
            let result = await host.command("echo")
            #expect(result.outcome == .denied)
            #expect(result.error?.hint == "nothing is allowed")
        }
    }

    @Test func `the bundles of the config are those of sandboxes`() {
        #expect(HostConfig.Executor.bundleNames == ProgramBundle.names)
    }

    @LoopActor
    @Test func `files that proved to be others are looked up anew`() {
        var retired = 0
        let programs = ListedPrograms(ProgramLists(allowed: ["sh"])) { _ in retired += 1 }
        let first = programs.current()
        #expect(first != nil && programs.current() == first)
        #expect(programs.current(isStale: true) != first)
        #expect(retired == 1)
    }

    private func executor(allowed: [String]? = nil, blocked: [String] = []) -> HostConfig.Executor {
        var executor = HostConfig.Executor()
        executor.allowedCommands = allowed
        executor.blockedCommands = blocked
        return executor
    }
}
