internal import Glibc
internal import OstlerConfig
import OstlerHost
import OstlerJSON
import OstlerProtocol
internal import OstlerSandbox
import OstlerTasks
import OstlerTestSupport
import Testing

/// The executor `command`, as a user of the host sees it.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct CommandTests {
    @Test func `every exit code comes through`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            let tasks = (0...255).map { code in
                host.start(TestHost.payload(["sh", "-c", "exit \(code)"]), executor: "command", timeout: 50_000)
            }
            for (code, task) in tasks.enumerated() {
                let result = await task.value
                #expect(result.exitCode == Int32(code), "\(result.text)")
                #expect(result.outcome == (code == 0 ? .succeeded : .failed))
                #expect(result.error == nil)
                #expect(result.signal == nil)
            }
        }
    }

    @Test func `a death by signal comes through`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            for signal: Int32 in [1, 2, 3, 6, 8, 9, 11, 13, 14, 15] {
                let result = await host.command("sh", "-c", "kill -\(signal) $$")
                #expect(result.outcome == .failed, "\(result.text)")
                #expect(result.signal == signal)
                #expect(result.exitCode == -1)
            }
        }
    }

    @Test func `what a command sees`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            var spec = host.task(
                #"{"command":"sh","args":["-c","echo $A $B $C"],"env":{"B":"payload","C":"c"}}"#,
                executor: "command"
            )
            spec.environment = [("A", "task"), ("B", "task")]
            #expect(await host.run(spec).output.text == "task payload c\n")
            spec = host.task(TestHost.payload(["env"]), executor: "command")
            spec.environmentMode = .clean
            spec.environment = [("ONLY", "this")]
            let clean = await host.run(spec)
            #expect(clean.output.text == "ONLY=this\n", "\(clean.text)")
            let directory = await host.run(#"{"command":"pwd","working_dir":"/usr/lib"}"#, executor: "command")
            #expect(directory.output.text == "/usr/lib\n")
            #expect(await host.command("pwd").output.text == "/work\n")
            #expect(await host.command("hostname").output.text == "ostler\n")
            let nothing = await host.command("cat")
            #expect(nothing.outcome == .succeeded)
            #expect(nothing.output.total == 0)
            let text = await host.run(#"{"command":"cat","stdin":"line\n\u00e9\n"}"#, executor: "command")
            #expect(text.output.text == "line\né\n")
        }
    }

    @Test func `a stream of the submitter is standard input`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            var ends: [Int32] = [0, 0]
            #expect(pipe(&ends) == 0)
            let spec = host.task(TestHost.payload(["cat"]), executor: "command", timeout: 20_000)
            let task = host.start(spec, io: TaskIO(stdin: ends[0]))
            #expect(write(ends[1], "from a pipe", 11) == 11)
            close(ends[1])
            let result = await task.value
            #expect(result.output.text == "from a pipe", "\(result.text)")
        }
    }

    @Test func `binary output comes byte by byte`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            let script =
                #"i=0; while [ $i -lt 256 ]; do printf "\\$(printf %03o $i)"; i=$((i+1)); done; printf err >&2"#
            let result = await host.command("sh", "-c", script)
            #expect(result.outcome == .succeeded, "\(result.text)")
            #expect(result.output.bytes == Array(0...255))
            #expect(result.errorOutput.text == "err")
            #expect(result.text.contains("\"base64\""))
        }
    }

    @Test func `commands that are not there`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            let unknown = await host.command("no-such-command-anywhere")
            #expect(unknown.outcome == .failed, "\(unknown.text)")
            #expect(unknown.error?.code == "command_not_found")
            #expect(unknown.error?.fault == .user)
            #expect(unknown.error?.sideEffects == Failure.SideEffects.none)
            #expect(unknown.error?.message.contains("no-such-command-anywhere") == true)
            #expect(unknown.exitCode == -1)
            let path = await host.command("/no/such/command")
            #expect(path.error?.code == "command_not_found")
            let file = await host.command("/etc/passwd")
            #expect(file.error?.code == "command_not_executable", "\(file.text)")
            let directory = await host.run(#"{"command":"true","working_dir":"/no/such"}"#, executor: "command")
            #expect(directory.outcome == .failed)
            #expect(directory.error?.code == "working_dir_not_found")
            #expect(directory.error?.message.contains("/no/such") == true)
            #expect(directory.error?.pointer?.description == "/payload/working_dir")
        }
    }

    @Test func `a payload that does not fit the schema never reaches the plugin`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            for (payload, pointer) in [
                (#"{"args":[]}"#, "/payload"), (#"{"command":7}"#, "/payload/command"),
                (#"{"command":""}"#, "/payload/command"), (#"{"command":"true","arg":[]}"#, "/payload/arg"),
            ] {
                let result = await host.run(payload, executor: "command")
                #expect(result.outcome == .invalid, "\(result.text)")
                #expect(result.error?.pointer?.description.hasPrefix(pointer) == true, "\(result.text)")
            }
            #expect(host.launcher == 0)
            let unknown = await host.run("{}", executor: "comand")
            #expect(unknown.error?.code == "unknown_executor")
            #expect(unknown.error?.hint?.contains("command") == true)
        }
    }

    // MARK: Limits

    @Test func `a limit of output`() async throws {
        try await withHost {
            $0.hasCommand = true
            $0.config.sandbox.limits.output = 100_000
        } body: { host in
            let result = await host.command("yes", timeout: 30_000)
            #expect(result.outcome == .limit, "\(result.text.prefix(2000))")
            #expect(result.error?.code == "limit_output")
            #expect(result.error?.limit?.limit == 100_000)
            #expect((result.error?.limit?.observed ?? 0) > 100_000)
            #expect(result.cancellation?.reason == "limit")
            #expect(result.cancellation?.survivors == "none")
            #expect(!host.processes.contains { $0.name == "yes" })
            let small = await host.command("head", "-c", "100000", "/dev/zero")
            #expect(small.outcome == .succeeded)
            #expect(small.output.total == 100_000)
        }
    }

    @Test func `a limit of memory`() async throws {
        try await withHost {
            $0.hasCommand = true
            $0.config.sandbox.limits.memory = 64 << 20
        } body: { host in
            let hog = "hoard = []\nwhile True: hoard.append(b'x' * (1 << 20))"
            let result = await host.command("/usr/bin/python3", "-I", "-S", "-c", hog, timeout: 30_000)
            guard host.host.provider.launcher.capabilities.memory != .none else {
                // Then RLIMIT_DATA makes the interpreter give up by itself.
                #expect(result.outcome == .failed)
                return
            }
            #expect(result.outcome == .limit, "\(result.text)")
            #expect(result.error?.code == "limit_memory")
            #expect(result.error?.limit?.name == "memory")
            #expect(result.error?.limit?.limit == 64 << 20)
            #expect(result.error?.hint?.contains("sandbox.limits.memory") == true)
            #expect(result.signal == 9)
            #expect(await host.command("true").outcome == .succeeded)
        }
    }

    @Test func `a limit of processes`() async throws {
        try await withHost {
            $0.hasCommand = true
            $0.config.sandbox.limits.processes = 10
        } body: { host in
            let script = "i=0; while [ $i -lt 30 ]; do sleep 300 & i=$((i+1)); done; exit 0"
            let result = await host.command("sh", "-c", script, timeout: 30_000)
            if host.host.provider.launcher.capabilities.processes == .none {
                #expect(result.outcome == .failed, "\(result.text)")
            } else {
                #expect(result.outcome == .limit, "\(result.text)")
                #expect(result.error?.code == "limit_processes")
            }
            #expect(!host.processes.contains { $0.name == "sleep" })
        }
    }

    @Test func `the certificate says what was enforced`() async throws {
        try await withHost(HostSetup.withCommand) { host in
            let result = await host.command("true")
            let certificate = try JSONValue(parsing: try #require(result.isolation))
            #expect(certificate.object?["profile"] == "strict")
            for layer in certificate.object?["layers"]?.array ?? [] {
                if layer.object?["asked"] == "required" { #expect(layer.object?["enforced"] == true, "\(layer)") }
            }
        }
    }
}
