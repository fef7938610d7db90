import OstlerJSON
import OstlerProtocol
import OstlerTasks
import OstlerTestSupport
import Testing

private func json(_ output: CapturedOutput) -> String {
    var writer = JSONWriter()
    output.encode(into: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
}

@Suite struct `Captured output` {
    @Test func `nothing`() {
        let output = CapturedOutput()
        #expect(output.bytes == [])
        #expect(output.total == 0)
        #expect(!output.isTruncated)
        #expect(json(output) == #"{"text":"","bytes":0,"truncated":false}"#)
    }

    @Test func `up to what is kept, everything is there`() {
        var output = CapturedOutput(keptBytes: 8)
        output.append(Array("abc".utf8))
        output.append(Array("defgh".utf8))
        #expect(output.bytes == Array("abcdefgh".utf8))
        #expect(!output.isTruncated)
        output.append([])
        #expect(!output.isTruncated)
    }

    @Test func `one byte more costs a byte of the middle`() {
        var output = CapturedOutput(keptBytes: 8)
        output.append(Array("abcdefghi".utf8))
        #expect(output.bytes == Array("abcdfghi".utf8))
        #expect(output.isTruncated)
        #expect(output.total == 9)
        #expect(json(output) == #"{"text":"abcdfghi","bytes":9,"truncated":true}"#)
    }

    @Test func `text is text only if all that is kept is UTF-8`() {
        var output = CapturedOutput()
        output.append([0xC3])
        #expect(json(output) == #"{"base64":"ww==","bytes":1,"truncated":false}"#)
        // Cut in the middle of a character by the writer, whole in the end.
        output.append([0xA4])
        #expect(json(output) == #"{"text":"ä","bytes":2,"truncated":false}"#)
        output.append([0x00, 0xFF])
        #expect(json(output) == #"{"base64":"w6QA/w==","bytes":4,"truncated":false}"#)
    }

    @Test func `a character that the gap cuts makes it base64`() {
        var output = CapturedOutput(keptBytes: 4)
        output.append(Array("aäbcd".utf8))
        #expect(output.bytes == [0x61, 0xC3, 0x63, 0x64])
        #expect(json(output) == #"{"base64":"YcNjZA==","bytes":6,"truncated":true}"#)
    }

    @Test(arguments: 0...9)
    func `even the smallest sizes`(_ kept: Int) {
        var output = CapturedOutput(keptBytes: kept)
        for byte in UInt8(0)..<20 { output.append([byte]) }
        let half = kept / 2
        #expect(output.bytes == Array(UInt8(0)..<20).prefix(half) + Array(UInt8(0)..<20).suffix(half))
        #expect(output.total == 20)
        #expect(output.isTruncated)
    }

    @Test(arguments: 0..<100)
    func `head and tail are exact for any way of writing`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let half = Int.random(in: 1...40, using: &random)
        var output = CapturedOutput(keptBytes: half * 2)
        var model: [UInt8] = []
        for _ in 0..<30 {
            let longest = Bool.random(using: &random) ? 5 : half * 3
            let piece = random.bytes(Int.random(in: 0...longest, using: &random))
            output.append(piece)
            model += piece
            let expected = model.count <= half * 2 ? model : Array(model.prefix(half) + model.suffix(half))
            guard output.bytes == expected, output.total == model.count, output.isTruncated == (model.count > half * 2)
            else {
                Issue.record("seed \(seed): differs after \(model.count) bytes, half \(half)")
                return
            }
        }
    }

    @Test func `16 MiB are kept of any stream`() {
        #expect(CapturedOutput.keptBytes == 16 << 20)
        var output = CapturedOutput()
        let piece = [UInt8](repeating: 0x61, count: 1 << 20)
        for _ in 0..<17 { output.append(piece) }
        #expect(output.bytes.count == 16 << 20)
        #expect(output.total == 17 << 20)
        #expect(output.isTruncated)
    }

    @Test(arguments: [(4, "aé"), (3, "aé"), (2, "a"), (1, "a"), (0, ""), (99, "aé€b")])
    func `The beginning of a stream is cut between characters`(bytes: Int, kept: String) {
        var output = CapturedOutput()
        output.append(Array("aé€b".utf8))
        output.masking = CapturedOutput.Masking(written: 70, replaced: 2)
        let short = output.shortened(to: bytes)
        #expect(String(decoding: short.bytes, as: UTF8.self) == kept)
        #expect(short.total == output.total)
        #expect(short.isTruncated == (kept != "aé€b"))
        #expect(short.masking == output.masking)
    }

    @Test func `Bytes that are no text are cut where it is said`() {
        var output = CapturedOutput()
        output.append([0xFF, 0xC3, 0x28, 0xFF, 0xFF])
        #expect(output.shortened(to: 3).bytes == [0xFF, 0xC3, 0x28])
    }

    @Test func `A tally is told with the most frequent outcome first`() {
        var tally = OutcomeTally()
        #expect(tally.text == "0 tasks")
        for outcome in [Outcome.failed, .succeeded, .succeeded, .lost] { tally.add(outcome) }
        #expect(tally.text == "4 tasks: 2 succeeded, 1 failed, 1 lost")
    }
}
