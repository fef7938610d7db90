import Glibc
import OstlerJSON
import OstlerPluginWire
import OstlerProtocol
import Testing

@testable import OstlerCommandPlugin

@Suite struct LoadTests {
    @Test func `two hundred commands at once do not mix`() throws {
        let rig = try PluginRig()
        let count = 200
        let ids = (0..<count).map { rig.execute("t\($0)", ["command": "echo", "args": [.string("\($0)")]]) }
        _ = try rig.launchNumber(count: count)
        for number in rig.launcher.numbers { try rig.launcher.launched(number) }
        for number in rig.launcher.numbers {
            let argument = try #require(rig.launcher.requests[number]?.arguments.last)
            try rig.write(number, .stdout, Array("out \(argument)".utf8))
            try rig.write(number, .stderr, Array("err \(argument)".utf8))
        }
        // Ended in another order than started.
        for number in rig.launcher.numbers.reversed() {
            try rig.until("room for an event") { (try? rig.launcher.exited(number, status: 0)) != nil }
            rig.launcher.closePipes(number)
        }
        for (index, id) in ids.enumerated() {
            #expect(try rig.result(id)["task"]?.string == "t\(index)")
            #expect(rig.text("t\(index)", .stdout) == "out \(index)")
            #expect(rig.text("t\(index)", .stderr) == "err \(index)")
        }
        #expect(rig.plugin.runs.isEmpty && rig.plugin.numbers.isEmpty && rig.plugin.paused.isEmpty)
    }

    @Test func `a slow host stops the commands, deadlocks nobody and loses nothing`() throws {
        let rig = try PluginRig()
        let runs = [try rig.start("a"), try rig.start("b")]
        let bytes = (0..<1_500_000).map { UInt8(97 + $0 % 23) }
        var rest = [bytes[...], bytes[...]]
        func write() {
            for (index, run) in runs.enumerated() {
                rest[index] = rest[index].dropFirst(rig.launcher.write(run.number, .stdout, rest[index]))
            }
        }
        rig.isReading = false
        var last = 0
        var quiet = 0
        try rig.until("the commands to be stopped") {
            write()
            let left = rest[0].count + rest[1].count
            quiet = left == last ? quiet + 1 : 0
            last = left
            return quiet > 20
        }
        #expect(last > 0, "everything was read although nobody took it")
        #expect(rig.plugin.paused.count == 2)
        #expect(rig.plugin.output.pending > HostOutput.highWater)
        #expect(rig.plugin.output.pending < HostOutput.highWater + (512 << 10))

        // The host is still heard: its requests are taken while it takes nothing.
        let health = rig.request("health")
        let cancel = rig.cancel("a")
        try rig.until("the cancel to be taken") {
            if case .running(_, _, cancelled: true) = rig.plugin.runs[runs[0].number]?.state { true } else { false }
        }

        rig.isReading = true
        try rig.until("all to be read") {
            write()
            return rest.allSatisfy(\.isEmpty)
        }
        for run in runs { try rig.launcher.end(run.number) }
        for run in runs { _ = try rig.result(run.id) }
        #expect(rig.output("a", .stdout) == bytes)
        #expect(rig.output("b", .stdout) == bytes)
        #expect(try rig.result(health)["status"] == "healthy")
        #expect(try rig.result(cancel)["state"] == "cancelling")
        #expect(rig.plugin.paused.isEmpty)
    }

    @Test func `a command that ended while the host was slow is not forgotten`() throws {
        let rig = try PluginRig()
        let run = try rig.start("big")
        rig.isReading = false
        let bytes = [UInt8](repeating: 0x62, count: 1 << 16)
        var written = 0
        try rig.until("the pipe to be left alone") {
            written += rig.launcher.write(run.number, .stdout, bytes)
            return !rig.plugin.paused.isEmpty
        }
        try rig.launcher.end(run.number)
        try rig.until("the exit to be known") { rig.plugin.runs[run.number]?.state.cancelReply == .tooLate }
        // A closed pipe that is not read must not keep the loop busy: it would report itself again and again.
        #expect(rig.plugin.poller.wait(milliseconds: 0) <= 1)
        rig.isReading = true
        _ = try rig.result(run.id)
        #expect(rig.output("big", .stdout).count == written)
    }

    @Test func `one chatty command does not starve another`() throws {
        let rig = try PluginRig()
        let (loud, quiet) = (try rig.start("loud"), try rig.start("quiet"))
        try rig.until("the pipes") { rig.plugin.runs[quiet.number]?.stderr != nil }
        let bytes = [UInt8](repeating: 0x63, count: 1 << 16)
        for _ in 0..<50 {
            _ = rig.launcher.write(loud.number, .stdout, bytes)
            try rig.step()
        }
        _ = rig.launcher.write(loud.number, .stdout, bytes)
        #expect(rig.launcher.write(quiet.number, .stdout, Array("x".utf8)) == 1)
        try rig.step()
        try rig.step()
        #expect(rig.text("quiet", .stdout) == "x")
    }
}
