import COstlerLaunch
import Glibc
import OstlerJSON
import OstlerProtocol
import Testing

@testable import OstlerCommandPlugin

@Suite struct CancelTests {
    @Test func `a task that is not known is told so`() throws {
        let rig = try PluginRig()
        #expect(try rig.result(rig.cancel("t")) == ["state": "unknown"])
    }

    @Test func `a command that dies of the cancel is cancelled`() throws {
        let rig = try PluginRig()
        let run = try rig.start()
        #expect(try rig.result(rig.cancel("t")) == ["state": "cancelling"])
        #expect(rig.answers[run.id] == nil)
        try rig.launcher.end(run.number, status: SIGTERM)
        let result = try rig.result(run.id)
        #expect(result["outcome"] == "cancelled")
        #expect(result["signal"] == 15)
        #expect(try rig.result(rig.cancel("t")) == ["state": "unknown"])
    }

    @Test(arguments: [(0, "succeeded"), (7 << 8, "failed")] as [(Int32, String)])
    func `a command that ends by itself is what it is`(status: Int32, outcome: String) throws {
        let rig = try PluginRig()
        let run = try rig.start()
        _ = try rig.result(rig.cancel("t"))
        try rig.launcher.end(run.number, status: status)
        #expect(try rig.result(run.id)["outcome"]?.string == outcome)
    }

    @Test func `once the end is known a cancel is too late`() throws {
        let rig = try PluginRig()
        let run = try rig.start()
        try rig.launcher.exited(run.number, status: SIGKILL)
        try rig.until("the exit to be known") { rig.plugin.runs[run.number]?.state.cancelReply == .tooLate }
        #expect(try rig.result(rig.cancel("t")) == ["state": "too_late"])
        rig.launcher.closePipes(run.number)
        #expect(try rig.result(run.id)["outcome"] == "failed")
    }

    @Test func `a cancel between launch and answer counts`() throws {
        let rig = try PluginRig()
        let id = rig.execute("t", ["command": "ls"])
        let number = try rig.launchNumber()
        #expect(try rig.result(rig.cancel("t")) == ["state": "cancelling"])
        try rig.launcher.failed(number, OSTLER_STAGE_REQUEST, EPERM)
        let result = try rig.result(id)
        #expect(result["outcome"] == "cancelled")
        #expect(result["error"] == nil)
    }

    @Test func `a task cancelled while the socket is full is never launched`() throws {
        let rig = try PluginRig()
        rig.launcher.isReading = false
        let count = 1000
        var ids: [String] = []
        for index in 0..<count { ids.append(rig.execute("t\(index)", ["command": "ls"])) }
        try rig.until("all to be read") { rig.plugin.lastNumber == UInt64(count) }
        #expect(rig.plugin.launcher?.isBlocked == true)

        let last = "t\(count - 1)"
        #expect(try rig.result(rig.cancel(last)) == ["state": "cancelling"])
        #expect(try rig.result(ids[count - 1])["outcome"] == "cancelled")

        rig.launcher.isReading = true
        _ = try rig.launchNumber(count: count - 1)
        #expect(rig.launcher.numbers == (1..<UInt64(count)).map { $0 })
        #expect(rig.plugin.launcher?.isBlocked == false)
        for number in rig.launcher.numbers {
            try rig.until("room for an event") {
                (try? rig.launcher.failed(number, OSTLER_STAGE_PROGRAM, ENOENT)) != nil
            }
        }
        for id in ids.dropLast() { #expect(try rig.result(id)["error"]?["code"] == "command_not_found") }
    }

    @Test func `what waits for the socket when the launcher dies has done nothing`() throws {
        let rig = try PluginRig()
        rig.launcher.isReading = false
        let ids = (0..<1000).map { rig.execute("t\($0)", ["command": "ls"]) }
        try rig.until("all to be read") { rig.plugin.lastNumber == 1000 }
        rig.launcher.close()
        #expect(try rig.result(ids[999])["error"]?["side_effects"] == "none")
        #expect(try rig.result(ids[0])["error"]?["side_effects"] == "possible")
        #expect(rig.plugin.runs.isEmpty)
    }
}
