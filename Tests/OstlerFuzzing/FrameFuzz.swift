internal import OstlerJSON
internal import OstlerProtocol

/// The stream of a plugin: however it is cut, the same frames come out.
///
/// The first byte chooses the longest frame, the second how the stream is cut; the rest is the stream.
enum FrameFuzz {
    /// An event with its bytes copied out.
    private enum Seen: Equatable {
        case frame([UInt8])
        case noise([UInt8])
        case violation(FrameViolation.Kind, offset: UInt64)
    }

    static func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(BrokenPromise) {
        guard bytes.count > 2 else { return }
        let maximum = 16 << (Int(bytes[0]) % 8)
        let stream = Array(bytes[2...])
        let whole = events(of: stream, cutBy: nil, maximum)
        for seed in [UInt64(0), UInt64(bytes[1])] {
            try promise(events(of: stream, cutBy: seed, maximum) == whole, "cut by \(seed) it means something else")
        }
        try promise(agrees(whole, with: stream, maximum), "the events are not those of the lines")
        for case .frame(let frame) in whole { try checkFrame(frame) }
    }

    /// - Parameter seed: chooses the pieces; 0 for single bytes, nil for one piece.
    private static func events(of stream: [UInt8], cutBy seed: UInt64?, _ maximum: Int) -> [Seen] {
        var parser = FrameParser(maximumFrameBytes: maximum)
        var seen: [Seen] = []
        var rest = stream[...]
        var state = seed ?? 0
        while !rest.isEmpty {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            let length = seed.map { $0 == 0 ? 1 : 1 + Int(state >> 33) % 40 } ?? rest.count
            parser.append(rest.prefix(length))
            rest = rest.dropFirst(length)
            while let event = parser.next() { seen.append(copy(event, of: parser)) }
        }
        if let event = parser.finish() { seen.append(copy(event, of: parser)) }
        return seen
    }

    private static func copy(_ event: FrameParser.Event, of parser: borrowing FrameParser) -> Seen {
        switch event {
        case .frame(let range): .frame(parser.withBytes(range) { Array($0) })
        case .noise(let range): .noise(parser.withBytes(range) { Array($0) })
        case .violation(let violation): .violation(violation.kind, offset: violation.offset)
        }
    }

    /// The specification once more, as short as it can be said: lines, judged one by one.
    private static func agrees(_ seen: [Seen], with stream: [UInt8], _ maximum: Int) -> Bool {
        var expected: [Seen] = []
        var offset = 0
        var lines = stream.split(separator: 0x0A, omittingEmptySubsequences: false).map(Array.init)
        let last = lines.removeLast()
        for line in lines {
            let text = line.last == 0x0D ? Array(line.dropLast()) : line
            if !isFrame(text) {
                expected.append(.noise(Array(text.prefix(4096))))
            } else if text.count <= maximum {
                expected.append(.frame(text))
            } else {
                return seen == expected + [.violation(.oversize, offset: UInt64(offset))]
            }
            offset += line.count + 1
        }
        guard !last.isEmpty else { return seen == expected }
        guard isFrame(last) else { return seen == expected + [.noise(Array(last.prefix(4096)))] }
        let length = last.last == 0x0D ? last.count - 1 : last.count
        let kind: FrameViolation.Kind = length > maximum ? .oversize : .partial
        return seen == expected + [.violation(kind, offset: UInt64(offset))]
    }

    private static func isFrame(_ line: [UInt8]) -> Bool {
        if line.first == UInt8(ascii: "{") { return true }
        let mark = Array("\"jsonrpc\"".utf8)
        let head = line.prefix(1 << 16)
        guard head.count >= mark.count else { return false }
        return (0...(head.count - mark.count)).contains { head[$0..<($0 + mark.count)].elementsEqual(mark) }
    }

    private static func checkFrame(_ frame: [UInt8]) throws(BrokenPromise) {
        let isObject = try JSONPromises.parse(frame)?.object != nil
        var validator = JSONValidator()
        let envelope = frame.withUnsafeBufferPointer { try? Envelope(checking: $0, with: &validator) }
        try promise((envelope != nil) == isObject, "a frame is taken that is no object, or one is refused")
        guard let envelope else { return }
        let isAnswer = envelope.result != nil || envelope.error != nil
        switch envelope.kind {
        case .response: try promise(envelope.id != nil && isAnswer && envelope.method == nil, "an answer")
        case .request: try promise(envelope.id != nil && !isAnswer && envelope.method != nil, "a request")
        case .notification: try promise(envelope.id == nil && !isAnswer && envelope.method != nil, "a notification")
        case .invalid(let reason): try promisePresentable(reason)
        }
        for part in [envelope.params, envelope.result, envelope.error].compactMap(\.self) {
            try promise(JSONPromises.isValid(Array(frame[part])), "a part of a valid frame is not valid")
        }
    }
}
