import OstlerJSON
import OstlerSystem
import OstlerTestSupport
import Testing

@testable import OstlerHost

/// The file of a recording, and what a stand-in could be told by it.
@Suite struct RecordingFileTests {
    /// A whole recording with these lines in it.
    private func text(_ lines: [String], format: Int = 1) -> [UInt8] {
        let head =
            #"{"ostler_recording":\#(format),"ostler":"0","plugins":[{"name":"p","version":"1","manifest":"00"}]}"#
        let body = Array(([head] + lines).map { $0 + "\n" }.joined().utf8)
        return body + Array(#"{"lines":\#(lines.count + 1),"sha256":"\#(Recording.digest(body[...]))"}"#.utf8) + [10]
    }

    private static let lines = [
        #"{"session":1,"plugin":"p","us":0}"#, #"{"session":1,"host":{"id":"1","method":"initialize"},"us":5}"#,
        #"{"session":1,"noise":"x","us":6}"#, #"{"session":1,"said":{"id":"1","result":{}},"us":7}"#,
        #"{"session":1,"ended":"exit code 0","us":8}"#,
    ]

    @Test func `a file is read as it was written`() throws {
        let recording = try Recording(text(Self.lines))
        #expect(recording.plugins == [Recording.Plugin(name: "p", version: "1", manifest: "00")])
        #expect(recording.sessions.map(\.plugin) == ["p"])
        #expect(recording.sessions[0].entries.map(\.line) == [3, 4, 5, 6])
    }

    @Test func `a file that was cut off anywhere is no recording`() {
        let whole = text(Self.lines)
        for length in 0..<whole.count {
            #expect(throws: Recording.Fault.self, "\(length)") { try Recording(Array(whole[..<length])) }
        }
    }

    @Test func `a file of which any byte is another is no recording`() {
        let whole = text(Self.lines)
        let seal = whole.count - whole.reversed().dropFirst().prefix { $0 != 10 }.count - 1
        for index in 0..<seal {
            var changed = whole
            changed[index] ^= 1
            #expect(throws: Recording.Fault.self, "\(index)") { try Recording(changed) }
        }
    }

    @Test func `another version of the format is told before anything else`() {
        let fault = #expect(throws: Recording.Fault.self) { try Recording(text(["{}"], format: 2)) }
        #expect(fault?.code == .otherVersion)
    }

    @Test(arguments: ["{}", "x", #"{"session":2,"host":{},"us":1}"#, #"{"session":1,"us":1}"#])
    func `a line that says nothing is told by its number`(line: String) {
        let fault = #expect(throws: Recording.Fault.self) { try Recording(text([Self.lines[0], line])) }
        #expect(fault?.code == .malformed)
        #expect(fault?.description.contains("line 3") == true)
    }
}
