import OstlerProtocol
import OstlerTestSupport
import Testing

/// An event with its bytes copied out, so that it can be compared after the parser has moved on.
enum Seen: Equatable, CustomStringConvertible {
    case frame([UInt8])
    case noise([UInt8])
    case violation(FrameViolation.Kind, offset: UInt64, excerpt: String)

    var description: String {
        switch self {
        case .frame(let bytes): "frame(\(String(decoding: bytes.prefix(80), as: UTF8.self)), \(bytes.count) bytes)"
        case .noise(let bytes): "noise(\(String(decoding: bytes.prefix(80), as: UTF8.self)), \(bytes.count) bytes)"
        case .violation(let kind, let offset, let excerpt): "violation(\(kind), \(offset), \(excerpt))"
        }
    }
}

/// Feeds chunks, takes all events after each, and ends the stream.
func events(
    of chunks: some Sequence<ArraySlice<UInt8>>,
    maximum: Int = 1 << 20,
    finish: Bool = true
) -> [Seen] {
    var parser = FrameParser(maximumFrameBytes: maximum)
    var seen: [Seen] = []
    for chunk in chunks {
        parser.append(chunk)
        while let event = parser.next() { seen.append(copy(event, of: parser)) }
    }
    if finish, let event = parser.finish() { seen.append(copy(event, of: parser)) }
    return seen
}

func copy(_ event: FrameParser.Event, of parser: borrowing FrameParser) -> Seen {
    switch event {
    case .frame(let range): .frame(parser.withBytes(range) { Array($0) })
    case .noise(let range): .noise(parser.withBytes(range) { Array($0) })
    case .violation(let violation):
        .violation(violation.kind, offset: violation.offset, excerpt: String(violation.excerpt.prefix(8)))
    }
}

private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

private func whole(_ text: String, maximum: Int = 1 << 20) -> [Seen] {
    events(of: [bytes(text)[...]], maximum: maximum)
}

@Suite struct `Frame parser` {
    private static let frame = #"{"id":"a.1","jsonrpc":"2.0","result":{}}"#

    @Test func `a line that begins with a brace is a frame, without its line end`() {
        #expect(whole("\(Self.frame)\n") == [.frame(bytes(Self.frame))])
        #expect(whole("\(Self.frame)\r\n") == [.frame(bytes(Self.frame))])
        #expect(whole("{\n{}\n") == [.frame(bytes("{")), .frame(bytes("{}"))])
    }

    @Test func `only one carriage return belongs to the line end`() {
        #expect(whole("{}\r\r\n") == [.frame(bytes("{}\r"))])
        #expect(whole("\r\n") == [.noise([])])
        #expect(whole("a\rb\n") == [.noise(bytes("a\rb"))])
    }

    @Test func `a line that holds the word jsonrpc in quotes is an attempt at a frame`() {
        let line = #"Loading… {"jsonrpc":"2.0"}"#
        #expect(whole(line + "\n") == [.frame(bytes(line))])
        #expect(whole(#" "jsonrpc""# + "\n") == [.frame(bytes(#" "jsonrpc""#))])
        #expect(whole(#"""jsonrpc""# + "\n") == [.frame(bytes(#"""jsonrpc""#))])
    }

    @Test(arguments: [
        #"jsonrpc"#, #""jsonrpc"#, #"jsonrpc""#, #""jsonrp"c"#, #""JSONRPC""#, "'jsonrpc'", #""json" "rpc""#,
    ])
    func `the word without its quotes is noise`(_ line: String) {
        #expect(whole(line + "\n") == [.noise(bytes(line))])
    }

    @Test func `empty lines are noise, and counted one by one`() {
        #expect(whole("\n\n\r\n") == [.noise([]), .noise([]), .noise([])])
        #expect(whole("") == [])
    }

    @Test func `white space before the brace makes it noise`() {
        #expect(whole(" {}\n") == [.noise(bytes(" {}"))])
    }

    @Test func `NUL and bytes that are no UTF-8 stay as they are`() {
        let raw: [UInt8] = [0x7B, 0x00, 0xFF, 0xC0, 0x7D]
        #expect(events(of: [(raw + [0x0A])[...]]) == [.frame(raw)])
        let noise: [UInt8] = [0x00, 0xFE, 0x22]
        #expect(events(of: [(noise + [0x0A])[...]]) == [.noise(noise)])
    }

    @Test func `a frame may be exactly as long as the limit, whatever its line end`() {
        let longest = "{" + String(repeating: "x", count: 98) + "}"
        for end in ["\n", "\r\n"] {
            #expect(whole(longest + end, maximum: 100) == [.frame(bytes(longest))])
            let chunks = bytes(longest + end).map { ArraySlice([$0]) }
            #expect(events(of: chunks, maximum: 100) == [.frame(bytes(longest))])
        }
    }

    @Test func `a frame that is longer than the limit ends the stream`() {
        let long = "{" + String(repeating: "x", count: 99) + "}"
        #expect(whole("hi\n\(long)\n{}\n", maximum: 100).last == .violation(.oversize, offset: 3, excerpt: "{xxxxxxx"))
        // Also before its end has come, so that nothing larger is ever kept.
        let half = [bytes(long)[...]]
        #expect(
            events(of: half, maximum: 100, finish: false) == [.violation(.oversize, offset: 0, excerpt: "{xxxxxxx")]
        )
    }

    @Test func `after a violation nothing is read any more`() {
        var parser = FrameParser(maximumFrameBytes: 10)
        parser.append(bytes("{\"too long\": 1}\n{}\n"))
        guard case .violation(let violation) = parser.next() else {
            Issue.record("no violation")
            return
        }
        #expect(violation.kind == .oversize)
        #expect(violation.length == 15)
        #expect(violation.excerpt == "{\"too long\": 1}")
        #expect(parser.next() == nil)
        parser.append(bytes("{}\n"))
        #expect(parser.next() == nil)
        #expect(parser.finish() == nil)
    }

    @Test func `the limit may change between frames`() {
        var parser = FrameParser(maximumFrameBytes: 10)
        parser.append(bytes("{\"a\":1}\n"))
        #expect(parser.next().map { copy($0, of: parser) } == .frame(bytes("{\"a\":1}")))
        parser.maximumFrameBytes = 20
        parser.append(bytes("{\"abcdefgh\":12}\n"))
        #expect(parser.next().map { copy($0, of: parser) } == .frame(bytes("{\"abcdefgh\":12}")))
    }

    @Test func `noise that is too long shows its start once and the stream goes on`() {
        let noise = [UInt8](repeating: UInt8(ascii: "n"), count: 300_000)
        let stream = noise + bytes("\n{}\nok\n")
        let expected: [Seen] = [.noise(Array(noise.prefix(4096))), .frame(bytes("{}")), .noise(bytes("ok"))]
        #expect(events(of: [stream[...]]) == expected)
        for size in [1000, 4096, 65_535, 65_536, 65_537, 200_000] {
            let chunks = stride(from: 0, to: stream.count, by: size).map { stream[$0..<min($0 + size, stream.count)] }
            #expect(events(of: chunks) == expected, "in chunks of \(size)")
        }
    }

    @Test func `what counts as noise does not depend on how it arrives`() {
        // The word is looked for where a line begins; far behind it is nobody's frame.
        for gap in [60_000, 65_527, 65_528, 70_000, 200_000] {
            let stream = [UInt8](repeating: UInt8(ascii: "n"), count: gap) + bytes("\"jsonrpc\"\n{}\n")
            let expected = events(of: [stream[...]])
            for size in [999, 65_536, 66_000] {
                let chunks = stride(from: 0, to: stream.count, by: size).map {
                    stream[$0..<min($0 + size, stream.count)]
                }
                #expect(events(of: chunks) == expected, "a gap of \(gap) in chunks of \(size)")
            }
        }
    }

    @Test func `a line that the end of the stream cuts off is an error if it is a frame`() {
        #expect(whole("{}\n{\"id\":") == [.frame(bytes("{}")), .violation(.partial, offset: 3, excerpt: "{\"id\":")])
        #expect(whole("{}") == [.violation(.partial, offset: 0, excerpt: "{}")])
        #expect(whole("x \"jsonrpc\"") == [.violation(.partial, offset: 0, excerpt: "x \"jsonr")])
        #expect(whole("bye") == [.noise(bytes("bye"))])
        #expect(whole("bye\n") == [.noise(bytes("bye"))])
    }

    @Test func `the end is told once`() {
        var parser = FrameParser()
        parser.append(bytes("{"))
        #expect(parser.next() == nil)
        #expect(parser.finish() != nil)
        #expect(parser.finish() == nil)
    }

    @Test func `offsets count from the start of the stream, over all buffers`() throws {
        var parser = FrameParser()
        var expected: UInt64 = 0
        for round in 0..<5000 {
            let line = "{\"n\":\(round)}\n"
            parser.append(bytes(line))
            guard case .frame(let range) = parser.next() else {
                Issue.record("no frame in round \(round)")
                return
            }
            try #require(parser.streamOffset(range.lowerBound) == expected)
            expected += UInt64(line.utf8.count)
            #expect(parser.next() == nil)
        }
    }

    @Test func `memory is lent behind what is unread`() {
        var parser = FrameParser()
        let text = bytes("{\"a\":1}\n{\"b\"")
        let got = parser.withTail(minimum: 100) { tail in
            #expect(tail.count >= 100)
            tail.copyBytes(from: text)
            return (text.count, "result")
        }
        #expect(got == "result")
        #expect(parser.next().map { copy($0, of: parser) } == .frame(bytes("{\"a\":1}")))
        #expect(parser.next() == nil)
        parser.append(bytes(":2}\n"))
        #expect(parser.next().map { copy($0, of: parser) } == .frame(bytes("{\"b\":2}")))
    }

    @Test func `memory stays bounded under endless noise`() {
        var parser = FrameParser()
        let chunk = [UInt8](repeating: UInt8(ascii: "."), count: 1 << 16)
        var largest = 0
        var count = 0
        for _ in 0..<1000 {
            parser.withTail { tail in
                largest = max(largest, tail.count)
                tail.copyBytes(from: chunk)
                return (chunk.count, ())
            }
            while parser.next() != nil { count += 1 }
        }
        #expect(count == 1)
        #expect(largest <= 1 << 18)
    }

    @Test func `memory stays bounded under endless lines and under a frame without end`() {
        var lines = FrameParser()
        let chunk = Array(repeating: bytes("{\"a\":\"0123456789\"}\n"), count: 3449).flatMap { $0 }
        var frames = 0
        var largest = 0
        for _ in 0..<200 {
            lines.append(chunk)
            while case .frame = lines.next() { frames += 1 }
            lines.withTail { tail in
                largest = max(largest, tail.count)
                return (0, ())
            }
        }
        #expect(frames == 200 * 3449)
        #expect(largest <= 1 << 19)

        var endless = FrameParser(maximumFrameBytes: 1 << 18)
        endless.append(bytes("{"))
        var violations = 0
        for _ in 0..<200 {
            endless.append([UInt8](repeating: UInt8(ascii: "x"), count: 1 << 14))
            while case .violation = endless.next() { violations += 1 }
            endless.withTail { tail in
                largest = max(largest, tail.count)
                return (0, ())
            }
        }
        #expect(violations == 1)
        #expect(largest <= 1 << 20)
    }

    // MARK: Splits

    private static let transcript: [UInt8] =
        bytes("{\"id\":\"a.1\",\"jsonrpc\":\"2.0\"}\n")
        + bytes("starting up\r\n\n\r\n")
        + bytes("[1] {\"jsonrpc\":0}\n")
        + [0x7B, 0x00, 0xFF, 0x0A, 0xC3, 0x28, 0x00, 0x0A]
        + bytes("{\"text\":\"\\n\\r\"}\r\n \"jsonrpc\n{}\r\r\n")
        + bytes("{\"cut off")

    private static let seen: [Seen] = [
        .frame(bytes("{\"id\":\"a.1\",\"jsonrpc\":\"2.0\"}")),
        .noise(bytes("starting up")), .noise([]), .noise([]),
        .frame(bytes("[1] {\"jsonrpc\":0}")),
        .frame([0x7B, 0x00, 0xFF]), .noise([0xC3, 0x28, 0x00]),
        .frame(bytes("{\"text\":\"\\n\\r\"}")), .noise(bytes(" \"jsonrpc")), .frame(bytes("{}\r")),
        .violation(.partial, offset: UInt64(transcript.count - 9), excerpt: "{\"cut of"),
    ]

    @Test func `a transcript means the same split in two anywhere`() {
        let transcript = Self.transcript
        #expect(events(of: [transcript[...]]) == Self.seen)
        for split in 0...transcript.count {
            #expect(events(of: [transcript[..<split], transcript[split...]]) == Self.seen, "split at \(split)")
        }
    }

    @Test func `a transcript means the same split in three anywhere`() {
        let transcript = Self.transcript
        for first in stride(from: 0, through: transcript.count, by: 2) {
            for second in first...transcript.count {
                let pieces = [transcript[..<first], transcript[first..<second], transcript[second...]]
                guard events(of: pieces) != Self.seen else { continue }
                Issue.record("another meaning when split at \(first) and \(second)")
            }
        }
    }

    @Test func `a transcript means the same byte by byte`() {
        #expect(events(of: Self.transcript.map { ArraySlice([$0]) }) == Self.seen)
    }

    @Test(arguments: 0..<60)
    func `random streams in random pieces give the same events`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let alphabet = bytes("{{}\"\n\n\r\r ax") + [0x00, 0xFF]
        var stream: [UInt8] = []
        for _ in 0..<40 {
            switch Int.random(in: 0..<5, using: &random) {
            case 0: stream += bytes("\"jsonrpc\"")
            case 1: stream += bytes("{\"a\":1}\n")
            case 2: stream += [UInt8](repeating: UInt8(ascii: "y"), count: Int.random(in: 0..<80, using: &random))
            case 3 where seed % 4 == 0:
                stream += [UInt8](repeating: UInt8(ascii: "z"), count: Int.random(in: 60_000..<70_000, using: &random))
            default: stream += random.bytes(Int.random(in: 0..<30, using: &random), of: alphabet)
            }
        }
        // Frames of up to 60 bytes, so that some are too long.
        for maximum in [60, 1 << 20] {
            let expected = events(of: [stream[...]], maximum: maximum)
            for longest in [3, 50, 5000] where stream.count / longest < 100_000 {
                let chunks = random.chunks(stream, longest: longest)
                guard events(of: chunks, maximum: maximum) != expected else { continue }
                Issue.record("seed \(seed): pieces of up to \(longest) bytes give other events, limit \(maximum)")
            }
        }
    }

    @Test(arguments: 0..<20)
    func `every byte of a random stream without violations is accounted for`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let stream = random.bytes(5000, of: bytes("{}a\n\n")) + [0x0A]
        let rebuilt = events(of: random.chunks(stream, longest: 100)).flatMap { event -> [UInt8] in
            switch event {
            case .frame(let line), .noise(let line): line + [0x0A]
            case .violation: []
            }
        }
        #expect(rebuilt == stream)
    }
}
