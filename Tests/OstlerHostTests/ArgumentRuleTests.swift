import OstlerConfig
import OstlerHost
import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

/// Rules about arguments, on tasks that run.
@Suite(.needsSandbox, .timeLimit(.minutes(2)))
struct ArgumentRuleTests {
    private func rule(_ decision: CommandRule.Decision, _ program: String, _ words: Set<String>...) -> CommandRule {
        CommandRule(decision, program: program, arguments: words, text: "\"\(program)\"")
    }

    private func executor(allowed: [String]? = nil, _ rules: CommandRule...) -> HostConfig.Executor {
        var executor = HostConfig.Executor()
        executor.allowedCommands = allowed
        executor.rules = rules
        return executor
    }

    @Test func `what a rule allows runs, and nothing else of that program`() async throws {
        try await withHost {
            $0.hasCommand = true
            $0.config.executors["command"] = executor(allowed: ["pwd"], rule(.allow, "echo", ["status", "log"]))
        } body: { host in
            #expect(await host.command("echo", "status", "-s").output.text == "status -s\n")
            #expect(await host.command("/bin/echo", "log").output.text == "log\n")
            #expect(await host.command("pwd").outcome == .succeeded)
            for words in [["push"], [], ["-n", "status"]] {
                let spec = host.task(TestHost.payload(["/usr/bin/echo"] + words), executor: "command")
                let result = await host.run(spec)
                #expect(result.outcome == .denied, "\(result.text)")
                #expect(result.error?.code == "command_denied")
                #expect(result.error?.message.hasSuffix("with these arguments is not allowed") == true)
                #expect(result.error?.hint == "allowed are: \"echo\"")
            }
            #expect(await host.command("cat").error?.hint == "allowed are: pwd, echo")
        }
    }

    @Test func `what blocks outweighs what allows`() async throws {
        try await withHost {
            $0.hasCommand = true
            $0.config.executors["command"] = executor(
                allowed: ["echo"],
                rule(.allow, "echo", ["push"]),
                rule(.block, "echo", ["push"], ["--force", "-f"])
            )
        } body: { host in
            #expect(await host.command("echo", "push", "origin").output.text == "push origin\n")
            // The list allows it as such.
            #expect(await host.command("echo", "status").output.text == "status\n")
            for option in ["--force", "-f"] {
                let result = await host.command("/bin/echo", "push", option)
                #expect(result.outcome == .denied, "\(result.text)")
                #expect(result.error?.message.hasSuffix("with these arguments is blocked") == true)
            }
        }
    }

    @Test func `an argument is the same argument when it is written as bytes`() async throws {
        try await withHost {
            $0.hasCommand = true
            $0.config.executors["command"] = executor(rule(.block, "echo", ["push"]))
        } body: { host in
            let spec = host.task(#"{"command":"echo","args":[{"base64":"cHVzaA=="}]}"#, executor: "command")
            #expect(await host.run(spec).outcome == .denied)
            // Without a list of programs the others are not concerned.
            #expect(await host.command("printf", "push").output.text == "push")
        }
    }
}
