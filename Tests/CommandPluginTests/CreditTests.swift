import Glibc
import OstlerJSON
import OstlerProtocol
import Testing

@testable import OstlerCommandPlugin

/// A task writes no more than the host takes of it.
@Suite struct CreditTests {
    private let bytes = (0..<1_000_000).map { UInt8(97 + $0 % 23) }

    @Test func `a command is not read beyond its credit, others are, and nothing is lost`() throws {
        let rig = try PluginRig()
        let (chatty, other) = (try rig.start("chatty", credit: 100_000), try rig.start("other", credit: 2_000_000))
        var rest = bytes[...]
        try rig.until("the pipe to be left alone") {
            rest = rest.dropFirst(rig.launcher.write(chatty.number, .stdout, rest))
            return rig.plugin.runs[chatty.number]?.unread.isEmpty == false
        }
        let read = rig.output("chatty", .stdout).count
        #expect(read >= 100_000 && read < 100_000 + OutputNotification.maximumBytes)

        try rig.write(other.number, .stdout, bytes)
        try rig.launcher.end(other.number)
        #expect(try rig.result(other.id)["outcome"] == "succeeded")
        #expect(rig.output("other", .stdout) == bytes)
        #expect(rig.output("chatty", .stdout).count == read)

        // Too little to go on with.
        rig.give("chatty", Int64(100_000 - read))
        rig.give("nobody", 1 << 30)
        for _ in 0..<20 { try rig.step() }
        #expect(rig.output("chatty", .stdout).count == read)
        rig.give("chatty", 2_000_000)
        try rig.until("all to be read") {
            rest = rest.dropFirst(rig.launcher.write(chatty.number, .stdout, rest))
            return rest.isEmpty
        }
        try rig.launcher.end(chatty.number)
        _ = try rig.result(chatty.id)
        #expect(rig.output("chatty", .stdout) == bytes)
    }

    @Test func `a command that ended without credit is answered once all it wrote has gone`() throws {
        let rig = try PluginRig()
        let run = try rig.start("t", credit: 0)
        try rig.until("the pipe") { rig.launcher.write(run.number, .stdout, Array("late".utf8)) == 4 }
        try rig.launcher.end(run.number)
        try rig.until("the exit to be known") { rig.plugin.runs[run.number]?.state.cancelReply == .tooLate }
        try rig.until("both streams to be left alone") { rig.plugin.runs[run.number]?.unread.count == 2 }
        // A pipe that has hung up must not keep the loop busy.
        #expect(rig.plugin.poller.wait(milliseconds: 0) == 0)
        #expect(rig.answers[run.id] == nil)
        rig.give("t", 100)
        _ = try rig.result(run.id)
        #expect(rig.text("t", .stdout) == "late")
    }

    @Test func `the plugin says that it heeds credit`() throws {
        let rig = try PluginRig(initialized: false)
        #expect(try rig.result(rig.request("initialize", PluginRig.initialize()))["credit"] == true)
    }

    @Test func `credit that is none changes nothing`() throws {
        let rig = try PluginRig()
        let run = try rig.start("t", credit: 0)
        for params in [
            #"{"task":"t"}"#, #"{"bytes":5}"#, #"{"task":"t","bytes":-5}"#, #"{"task":"t","bytes":"x"}"#, "[]",
        ] {
            rig.send(#"{"jsonrpc":"2.0","method":"credit","params":"# + params + "}\n")
        }
        rig.send(#"{"jsonrpc":"2.0","method":"credit"}"# + "\n")
        _ = try rig.answer(rig.request("health"))
        #expect(rig.plugin.runs[run.number]?.credit == 0)
        rig.give("t", .max)
        rig.give("t", .max)
        _ = try rig.answer(rig.request("health"))
        #expect(rig.plugin.runs[run.number]?.credit == .max)
    }
}
