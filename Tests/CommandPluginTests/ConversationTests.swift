import OstlerJSON
import OstlerPluginWire
import OstlerProtocol
import Testing

@testable import OstlerCommandPlugin

@Suite struct ConversationTests {
    @Test func `initialize tells what the plugin is`() throws {
        let rig = try PluginRig(initialized: false)
        let result = try rig.result(rig.request("initialize", PluginRig.initialize(max: 3)))
        #expect(
            result == ["protocol": 0, "name": "command", "version": "0.1.0", "executors": ["command"], "credit": true]
        )
    }

    @Test func `no common version is refused with both ranges and the fix`() throws {
        let rig = try PluginRig(initialized: false)
        let id = rig.request("initialize", PluginRig.initialize(min: 5, max: 7))
        let error = try #require(try rig.answer(id)["error"])
        #expect(error["data"]?["code"] == "protocol_version")
        let message = try #require(error["message"]?.string)
        #expect(message.contains("protocol 0"))
        #expect(message.contains("5 to 7"))
        #expect(message.contains("upgrade the plugin"))
        // The host may offer others.
        _ = try rig.result(rig.request("initialize", PluginRig.initialize()))
    }

    @Test func `initialize comes first and once`() throws {
        let rig = try PluginRig(initialized: false)
        #expect(try rig.errorCode(rig.execute("t", ["command": "ls"])) == "not_initialized")
        #expect(try rig.errorCode(rig.cancel("t")) == "not_initialized")
        _ = try rig.result(rig.request("initialize", PluginRig.initialize()))
        #expect(try rig.errorCode(rig.request("initialize", PluginRig.initialize())) == "already_initialized")
    }

    @Test func `an unknown method is an error of JSON-RPC in our shape`() throws {
        let rig = try PluginRig()
        let error = try #require(try rig.answer(rig.request("workspace/setup", [:]))["error"])
        #expect(error["code"] == -32601)
        #expect(error["data"]?["code"] == "unknown_method")
        #expect(error["data"]?["message"]?.string?.contains("workspace/setup") == true)
    }

    @Test func `parameters that cannot be read are refused, and the session goes on`() throws {
        let rig = try PluginRig()
        let id = rig.request("execute", ["task": "t"])
        #expect(try rig.answer(id)["error"]?["code"] == -32602)
        #expect(try rig.errorCode(id) == "invalid_params")
        #expect(try rig.result(rig.request("health"))["status"] == "healthy")
    }

    @Test func `another executor and a task that is running already are refused`() throws {
        let rig = try PluginRig()
        let other = rig.request("execute", ["task": "t", "executor": "http", "payload": [:]])
        #expect(try rig.errorCode(other) == "unknown_executor")
        let run = try rig.start("t")
        #expect(try rig.errorCode(rig.execute("t", ["command": "ls"])) == "duplicate_task")
        try rig.launcher.end(run.number)
        #expect(try rig.result(run.id)["outcome"] == "succeeded")
        // The id is free again.
        let again = try rig.start("t")
        try rig.launcher.end(again.number)
        #expect(try rig.result(again.id)["outcome"] == "succeeded")
    }

    @Test func `a bad payload is a failed task, and nothing is launched`() throws {
        let rig = try PluginRig()
        let result = try rig.result(rig.execute("t", ["command": "ls", "args": [1]]))
        #expect(result["outcome"] == "failed")
        #expect(result["exit_code"] == -1)
        #expect(result["error"]?["code"] == "invalid_payload")
        #expect(result["error"]?["pointer"] == "/payload/args/0")
        #expect(rig.launcher.numbers.isEmpty)
    }

    @Test func `without the grant every task fails with the reason`() throws {
        let rig = try PluginRig(launch: false)
        for payload in [["command": "ls"], [:]] as [JSONValue] {
            let result = try rig.result(rig.execute("t", payload))
            #expect(result["outcome"] == "failed")
            #expect(result["error"]?["code"] == "launch_not_granted")
            #expect(result["error"]?["fault"] == "host")
        }
        #expect(try rig.result(rig.request("health"))["status"] == "unhealthy")
    }

    @Test func `a task without a launch number is not granted a launch`() throws {
        let rig = try PluginRig()
        let result = try rig.result(rig.execute("t", ["command": "ls"], launch: nil))
        #expect(result["error"]?["code"] == "launch_not_granted")
    }

    @Test func `health is answered while a command runs`() throws {
        let rig = try PluginRig()
        let run = try rig.start()
        #expect(try rig.result(rig.request("health")) == ["status": "healthy"])
        #expect(rig.answers[run.id] == nil)
    }

    @Test func `shutdown is answered, then the plugin exits`() throws {
        let rig = try PluginRig()
        let id = rig.request("shutdown")
        #expect(try rig.result(id) == [:])
        #expect(rig.exitCode == 0)
    }

    @Test func `shutdown delivers what is written before it exits`() throws {
        let rig = try PluginRig()
        let run = try rig.start()
        rig.isReading = false
        let bytes = [UInt8](repeating: 0x61, count: 400_000)
        try rig.write(run.number, .stdout, bytes)
        try rig.launcher.end(run.number)
        try rig.until("the run to end") { rig.plugin.runs.isEmpty }
        let id = rig.request("shutdown")
        let late = rig.execute("late", ["command": "ls"])
        try rig.until("shutdown to be read") { rig.plugin.session.state == .closing }
        #expect(rig.exitCode == nil)
        rig.isReading = true
        #expect(try rig.result(id) == [:])
        try rig.until("the exit") { rig.exitCode != nil }
        #expect(rig.exitCode == 0)
        #expect(rig.output("t", .stdout) == bytes)
        #expect(try rig.errorCode(late) == "shutting_down")
    }

    @Test func `the end of standard input is the end, whatever runs`() throws {
        let rig = try PluginRig()
        _ = try rig.start()
        rig.hangUp()
        try rig.until("the exit") { rig.exitCode != nil }
        #expect(rig.exitCode == 0)
    }

    @Test func `a host that does not listen any more is gone`() throws {
        let spawned = try SpawnedPlugin()
        spawned.closeOutput()
        spawned.send(#"{"id":"s.1","jsonrpc":"2.0","method":"health"}"# + "\n")
        #expect(try spawned.waitForExit() == 0)
    }

    @Test(arguments: [
        "garbage\n",
        "{\"id\":\"s.1\",\"method\"\n",
        "{\"id\":\"s.1\",\"id\":\"s.2\",\"method\":\"health\"}\n",
        "{\"id\":\"s.1\",\"method\":\"\u{7F}\",\"result\":1}\n",
    ])
    func `a broken frame ends the plugin`(line: String) throws {
        let rig = try PluginRig()
        let run = try rig.start()
        rig.send(line)
        try rig.until("the exit") { rig.exitCode != nil }
        #expect(rig.exitCode == 2)
        #expect(rig.answers[run.id] == nil)
    }

    @Test func `a frame that is cut off by the end is broken`() throws {
        let rig = try PluginRig()
        rig.send("{\"id\":\"s.1\"")
        try rig.step()
        rig.hangUp()
        try rig.until("the exit") { rig.exitCode != nil }
        #expect(rig.exitCode == 2)
    }

    @Test(arguments: [(1 << 16, 150_000, 2), (1 << 18, 150_000, nil)] as [(Int, Int, Int32?)])
    func `the limit of a frame is the one of initialize`(limit: Int, size: Int, code: Int32?) throws {
        let rig = try PluginRig(frameBytes: limit)
        rig.execute("t", ["command": .string(String(repeating: "x", count: size))])
        try rig.until("exit or launch") { rig.exitCode != nil || !rig.launcher.numbers.isEmpty }
        #expect(rig.exitCode == code)
    }
}
