import COstlerLaunch
import Glibc
import OstlerJSON
import OstlerProtocol
import Testing

@testable import OstlerCommandPlugin

@Suite struct StreamTests {
    @Test func `both streams are told in the order they were read`() throws {
        let rig = try PluginRig()
        let run = try rig.start()
        for (index, piece) in ["one", "two", "three", "four"].enumerated() {
            try rig.write(run.number, index % 2 == 0 ? .stdout : .stderr, Array(piece.utf8))
            try rig.until(piece) { rig.outputs["t"]?.count == index + 1 }
        }
        try rig.launcher.end(run.number)
        _ = try rig.result(run.id)
        let outputs = try #require(rig.outputs["t"])
        #expect(outputs.map(\.stream) == [.stdout, .stderr, .stdout, .stderr])
        #expect(outputs.map(\.sequence) == [0, 1, 2, 3])
        #expect(rig.text("t", .stdout) == "onethree")
        #expect(rig.text("t", .stderr) == "twofour")
    }

    @Test func `the answer comes behind all output`() throws {
        let rig = try PluginRig()
        let run = try rig.start()
        // The end is told before the plugin has read anything.
        try rig.launcher.exited(run.number)
        try rig.until("the exit to be known") { rig.plugin.runs[run.number]?.state.cancelReply == .tooLate }
        try rig.write(run.number, .stdout, Array("late".utf8))
        rig.launcher.closePipes(run.number)
        _ = try rig.result(run.id)
        #expect(rig.frames.last?["id"]?.string == run.id)
        #expect(rig.text("t", .stdout) == "late")
    }

    @Test func `bytes that are not text go as base64`() throws {
        let rig = try PluginRig()
        let run = try rig.start()
        let bytes = (0...255).map { UInt8($0) } + [0xC3, 0x28, 0xFF, 0xE2, 0x82]
        try rig.write(run.number, .stdout, bytes)
        try rig.write(run.number, .stderr, [0, 1, 0x7F, 0x22, 0x5C])
        try rig.launcher.end(run.number)
        _ = try rig.result(run.id)
        #expect(rig.output("t", .stdout) == bytes)
        #expect(rig.output("t", .stderr) == [0, 1, 0x7F, 0x22, 0x5C])
        #expect(rig.frames.contains { $0["params"]?["base64"] != nil })
    }

    @Test func `a character that is written in two parts stays text`() throws {
        let text = "aé€😀z"
        let bytes = Array(text.utf8)
        let rig = try PluginRig()
        for split in 1..<bytes.count {
            let task = "t\(split)"
            let run = try rig.start(task)
            try rig.until("the pipes") { rig.plugin.runs[run.number]?.stdout != nil }
            try rig.write(run.number, .stdout, Array(bytes[..<split]))
            try rig.step()
            try rig.write(run.number, .stdout, Array(bytes[split...]))
            try rig.launcher.end(run.number)
            _ = try rig.result(run.id)
            #expect(rig.text(task, .stdout) == text)
        }
        #expect(rig.frames.allSatisfy { $0["params"]?["base64"] == nil })
        #expect(rig.frames.contains { $0["params"]?["text"] == "aé" })
    }

    @Test func `a character that is never completed is delivered at the end`() throws {
        let rig = try PluginRig()
        let run = try rig.start()
        try rig.write(run.number, .stdout, [0x61, 0xF0, 0x9F, 0x98])
        try rig.until("the whole part") { rig.text("t", .stdout) == "a" }
        try rig.launcher.end(run.number)
        _ = try rig.result(run.id)
        #expect(rig.output("t", .stdout) == [0x61, 0xF0, 0x9F, 0x98])
    }

    @Test func `a mebibyte on both streams arrives whole and in order`() throws {
        let rig = try PluginRig()
        let run = try rig.start()
        let stdout = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 % 251) }
        let stderr = Array(String(repeating: "0123456789 äöü €\n", count: 1 << 16).utf8.prefix(1 << 20))
        var rest: [OutputStream: ArraySlice<UInt8>] = [.stdout: stdout[...], .stderr: stderr[...]]
        try rig.until("all to be read") {
            for stream in [OutputStream.stdout, .stderr] {
                let piece = rest[stream] ?? []
                rest[stream] = piece.dropFirst(rig.launcher.write(run.number, stream, piece))
            }
            return rest.values.allSatisfy(\.isEmpty)
        }
        try rig.launcher.end(run.number)
        _ = try rig.result(run.id)
        #expect(rig.output("t", .stdout) == stdout)
        #expect(rig.output("t", .stderr) == stderr)
        let outputs = try #require(rig.outputs["t"])
        #expect(outputs.map(\.sequence) == (0..<UInt64(outputs.count)).map { $0 })
        #expect(outputs.allSatisfy { $0.bytes.count <= OutputNotification.maximumBytes && !$0.bytes.isEmpty })
    }

    @Test func `pieces are smaller where frames are`() throws {
        let rig = try PluginRig(frameBytes: 1 << 16)
        let run = try rig.start()
        // The worst case: each byte becomes an escape of six.
        let bytes = [UInt8](repeating: 1, count: 200_000)
        try rig.write(run.number, .stdout, bytes)
        try rig.launcher.end(run.number)
        _ = try rig.result(run.id)
        #expect(rig.output("t", .stdout) == bytes)
        #expect(rig.frames.allSatisfy { $0.text.utf8.count <= 1 << 16 })
    }

    // MARK: Standard input

    @Test(arguments: [1, 65536, 700_000])
    func `standard input arrives whole and ends`(count: Int) throws {
        let rig = try PluginRig()
        let text = String((0..<count).map { Character(Unicode.Scalar(UInt8(97 + $0 % 26))) })
        let run = try rig.start("t", ["command": "cat", "stdin": .string(text)])
        var received: [UInt8] = []
        try rig.until("the end of stdin") {
            guard let bytes = rig.launcher.readStdin(run.number) else { return true }
            received += bytes
            return false
        }
        #expect(String(decoding: received, as: UTF8.self) == text)
        try rig.launcher.end(run.number)
        #expect(try rig.result(run.id)["outcome"] == "succeeded")
    }

    @Test func `a command that does not read its input is no fault`() throws {
        let rig = try PluginRig()
        let text = String(repeating: "x", count: 300_000)
        let run = try rig.start("t", ["command": "true", "stdin": .string(text)])
        try rig.until("the input to be stuck") { rig.plugin.runs[run.number]?.stdin != nil }
        rig.launcher.closeStdin(run.number)
        try rig.until("the input to be given up") { rig.plugin.runs[run.number]?.stdin == nil }
        try rig.launcher.end(run.number)
        #expect(try rig.result(run.id)["outcome"] == "succeeded")
    }

    @Test func `a run that ends with its input unread leaves nothing open`() throws {
        let rig = try PluginRig()
        let text = String(repeating: "x", count: 300_000)
        let run = try rig.start("t", ["command": "sleep", "stdin": .string(text)])
        try rig.until("the input to be stuck") { rig.plugin.runs[run.number]?.stdin != nil }
        try rig.launcher.end(run.number, status: SIGKILL)
        #expect(try rig.result(run.id)["signal"] == 9)
        #expect(rig.plugin.runs.isEmpty)
    }
}
