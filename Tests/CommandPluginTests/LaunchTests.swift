import COstlerLaunch
import Glibc
import OstlerJSON
import OstlerProtocol
import Testing

@testable import OstlerCommandPlugin

@Suite struct LaunchTests {
    @Test func `the launcher gets the payload as it is`() throws {
        let rig = try PluginRig()
        let payload: JSONValue = [
            "command": "printf", "args": ["%s $HOME", "", "ä"], "env": ["A": "1", "B": "x=y"], "working_dir": "/tmp",
        ]
        rig.execute("t", payload, launch: 4711)
        let number = try rig.launchNumber()
        #expect(
            rig.launcher.requests[number]
                == FakeLauncher.Request(
                    task: 4711,
                    arguments: ["printf", "%s $HOME", "", "ä"],
                    environment: ["A=1", "B=x=y"],
                    directory: "/tmp",
                    stdin: OSTLER_STDIN_NULL.rawValue
                )
        )
    }

    @Test(
        arguments: [
            (["command": "cat"], false, OSTLER_STDIN_NULL),
            (["command": "cat"], true, OSTLER_STDIN_TASK),
            (["command": "cat", "stdin": "x"], false, OSTLER_STDIN_PIPE),
            (["command": "cat", "stdin": "x"], true, OSTLER_STDIN_PIPE),
            (["command": "cat", "stdin": ""], true, OSTLER_STDIN_NULL),
        ] as [(JSONValue, Bool, ostler_stdin)]
    )
    func `standard input comes from the payload, else from the submitter`(
        payload: JSONValue,
        hasStdin: Bool,
        source: ostler_stdin
    ) throws {
        let rig = try PluginRig()
        rig.execute("t", payload, stdin: hasStdin)
        let number = try rig.launchNumber()
        #expect(rig.launcher.requests[number]?.stdin == source.rawValue)
        #expect(rig.launcher.requests[number]?.directory == nil)
    }

    @Test func `the task's variables are inherited, the payload's win`() throws {
        let rig = try PluginRig()
        rig.request(
            "execute",
            [
                "task": "t", "executor": "command", "launch": 1, "env": ["A": "task", "PATH": "/opt/bin"],
                "payload": ["command": "ls", "env": ["B": "payload", "A": "payload"]],
            ]
        )
        let number = try rig.launchNumber()
        #expect(rig.launcher.requests[number]?.environment == ["PATH=/opt/bin", "B=payload", "A=payload"])
        try rig.launcher.failed(number, OSTLER_STAGE_PROGRAM, ENOENT)
        let message = try rig.result("s.2")["error"]?["message"]?.string
        #expect(message?.contains("in PATH /opt/bin") == true)
    }

    @Test func `a NUL in the task's variables is refused at its place`() throws {
        let rig = try PluginRig()
        let id = rig.request(
            "execute",
            ["task": "t", "executor": "command", "launch": 1, "env": ["A": "\0"], "payload": ["command": "ls"]]
        )
        let error = try rig.result(id)["error"]
        #expect(error?["code"] == "nul_in_argument")
        #expect(error?["pointer"] == "/env/A")
        #expect(rig.launcher.numbers.isEmpty)
    }

    @Test func `arguments that do not fit a packet arrive all the same`() throws {
        let rig = try PluginRig()
        let long = String(repeating: "x", count: 100_000)
        rig.execute("t", ["command": "echo", "args": [.string(long), .string(long)], "working_dir": "/w"])
        let number = try rig.launchNumber()
        let request = rig.launcher.requests[number]
        #expect(request?.arguments == ["echo", long, long])
        #expect(request?.directory == "/w")
    }

    @Test func `the result tells exit code and usage, and nothing else`() throws {
        let rig = try PluginRig()
        let run = try rig.start()
        try rig.launcher.end(run.number, status: 3 << 8)
        #expect(
            try rig.result(run.id) == [
                "task": "t", "outcome": "failed", "exit_code": 3,
                "usage": ["user_us": 11, "system_us": 22, "wall_us": 33, "peak_bytes": 44],
            ]
        )
        #expect(rig.plugin.runs.isEmpty && rig.plugin.numbers.isEmpty)
    }

    @Test func `a death by signal is exit code -1 and the signal`() throws {
        let rig = try PluginRig()
        let run = try rig.start()
        try rig.launcher.end(run.number, status: SIGSEGV)
        let result = try rig.result(run.id)
        #expect(result["outcome"] == "failed")
        #expect(result["exit_code"] == -1)
        #expect(result["signal"] == 11)
    }

    @Test(arguments: [
        (OSTLER_STAGE_PROGRAM, ENOENT, "command_not_found"),
        (OSTLER_STAGE_EXEC, EACCES, "command_not_executable"),
        (OSTLER_STAGE_PROGRAM, EPERM, "command_denied"),
        (OSTLER_STAGE_CWD, ENOENT, "working_dir_not_found"),
        (OSTLER_STAGE_USER, EPERM, "sandbox_error"),
    ])
    func `a refused launch is a failed task`(stage: ostler_stage, errno: Int32, code: String) throws {
        let rig = try PluginRig()
        let id = rig.execute("t", ["command": "frob", "working_dir": "/nowhere"])
        try rig.launcher.failed(try rig.launchNumber(), stage, errno, detail: "searched /usr/bin:/bin")
        let result = try rig.result(id)
        #expect(result["outcome"] == "failed")
        #expect(result["exit_code"] == -1)
        #expect(result["error"]?["code"]?.string == code)
        #expect(result["error"]?["message"]?.string?.contains("searched /usr/bin:/bin") == true)
        #expect(rig.plugin.runs.isEmpty)
    }

    @Test func `a launch without pipes is a sandbox error`() throws {
        let rig = try PluginRig()
        let id = rig.execute("t", ["command": "ls"])
        let (number, pipe) = (try rig.launchNumber(), open("/dev/null", O_RDONLY | O_CLOEXEC))
        defer { close(pipe) }
        try rig.launcher.send(OSTLER_EV_LAUNCHED, number, UInt64(0), descriptors: [pipe])
        #expect(try rig.result(id)["error"]?["code"] == "sandbox_error")
    }

    @Test func `events of launches that are not known are dropped`() throws {
        let rig = try PluginRig()
        try rig.launcher.launched(99)
        try rig.launcher.exited(99)
        try rig.launcher.send(OSTLER_EV_GONE, 99, UInt64(0))
        #expect(try rig.result(rig.request("health"))["status"] == "healthy")
        let end = Array("x".utf8)
        signal(SIGPIPE, SIG_IGN)
        #expect(rig.launcher.write(99, .stdout, end) == 0, "the descriptors of an unknown launch are still open")
    }

    @Test func `a lost launcher fails what runs, and health says so`() throws {
        let rig = try PluginRig()
        let running = try rig.start("running")
        let launching = rig.execute("launching", ["command": "ls"])
        _ = try rig.launchNumber(count: 2)
        let done = try rig.start("done")
        try rig.launcher.exited(done.number)
        try rig.until("the exit to be known") { rig.plugin.runs[done.number]?.state.cancelReply == .tooLate }
        rig.launcher.close()
        for id in [running.id, launching] {
            let result = try rig.result(id)
            #expect(result["outcome"] == "failed")
            #expect(result["error"]?["code"] == "sandbox_error")
            #expect(result["error"]?["side_effects"] == "possible")
        }
        // The end of this one is known: only its streams are waited for.
        rig.launcher.closePipes(done.number)
        #expect(try rig.result(done.id)["outcome"] == "succeeded")
        #expect(try rig.result(rig.request("health"))["status"] == "unhealthy")
        let late = try rig.result(rig.execute("late", ["command": "ls"]))
        #expect(late["error"]?["code"] == "sandbox_error")
        #expect(late["error"]?["side_effects"] == "none")
    }
}
