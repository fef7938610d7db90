import Glibc
import OstlerJSON
import OstlerProtocol
import Testing

@Suite struct SpawnedPluginTests {
    private let initialize =
        #"{"id":"s.1","jsonrpc":"2.0","method":"initialize","params":"#
        + #"{"protocol":{"min":0,"max":0},"host":"test","max_frame_bytes":1048576,"launch":true,"config":{}}}"# + "\n"
    private let execute =
        #"{"id":"s.2","jsonrpc":"2.0","method":"execute","params":"#
        + #"{"task":"t","executor":"command","launch":1,"payload":{"command":"echo"}}}"# + "\n"

    @Test func `a whole session with the program as it is installed`() throws {
        let plugin = try SpawnedPlugin()
        plugin.send(initialize + execute)
        try plugin.wait {
            plugin.launcher.receive()
            return !plugin.launcher.numbers.isEmpty
        }
        let number = plugin.launcher.numbers[0]
        try plugin.launcher.launched(number)
        #expect(plugin.launcher.write(number, .stdout, Array("hello\n".utf8)) == 6)
        try plugin.launcher.end(number)
        let frames = try plugin.lines(3).map { try JSONValue(parsing: String($0)) }
        #expect(frames[0]["result"]?["name"] == "command")
        #expect(frames[1]["params"] == ["task": "t", "stream": "stdout", "seq": 0, "text": "hello\n"])
        #expect(frames[2]["result"]?["outcome"] == "succeeded")
        plugin.send(#"{"id":"s.3","jsonrpc":"2.0","method":"shutdown"}"# + "\n")
        #expect(try plugin.lines(1) == [#"{"id":"s.3","jsonrpc":"2.0","result":{}}"#])
        #expect(try plugin.waitForExit() == 0)
        #expect(plugin.errors() == "")
    }

    @Test func `a stray print cannot reach the protocol`() throws {
        let plugin = try SpawnedPlugin()
        plugin.send(initialize)
        _ = try plugin.lines(1)
        #expect(target("/proc/\(plugin.pid)/fd/1") == target("/proc/\(plugin.pid)/fd/2"))
        #expect(target("/proc/\(plugin.pid)/fd/1").hasPrefix("pipe:"))
    }

    @Test func `a descriptor 3 that is no socket is no channel`() throws {
        let plugin = try SpawnedPlugin(hasChannel: false)
        plugin.send(initialize + execute)
        let answer = try JSONValue(parsing: String(try plugin.lines(2)[1]))
        #expect(answer["result"]?["error"]?["code"] == "launch_not_granted")
    }

    @Test func `garbage ends it with a word on stderr`() throws {
        let plugin = try SpawnedPlugin()
        plugin.send("what is this\n")
        #expect(try plugin.waitForExit() == 2)
        #expect(plugin.errors().contains("a line that is no message: what is this"))
    }

    @Test func `the end of standard input ends it, with the last answers written`() throws {
        let plugin = try SpawnedPlugin()
        plugin.send(initialize + execute)
        plugin.closeInput()
        #expect(try plugin.waitForExit() == 0)
        #expect(try plugin.lines(1).count == 1)
    }

    private func target(_ link: String) -> String {
        var buffer = [UInt8](repeating: 0, count: 256)
        let count = buffer.withUnsafeMutableBytes { readlink(link, $0.baseAddress.unsafelyUnwrapped, $0.count) }
        #expect(count > 0, "no link \(link)")
        return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
    }
}
