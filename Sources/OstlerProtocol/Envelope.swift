public import OstlerJSON

/// The outer members of a JSON-RPC 2.0 message; everything inside stays bytes.
public struct Envelope: Sendable, Equatable {
    /// Where the text of the `id` stands, between its quotes.
    public private(set) var id: Range<Int>?
    /// The method of a request or notification.
    public private(set) var method: String?
    /// Where the parameters, the result or the error stand in the frame.
    public private(set) var params: Range<Int>?
    public private(set) var result: Range<Int>?
    public private(set) var error: Range<Int>?

    /// What kind of message the members make it.
    public enum Kind: Sendable, Equatable {
        case request
        case notification
        case response
        case invalid(String)
    }

    /// Reads the envelope of a frame. Run ``OstlerJSON/JSONValidator`` over the frame first.
    public init(scanning frame: UnsafeBufferPointer<UInt8>) throws(JSONError) {
        var reader = JSONReader(frame)
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "id") {
                id = try reader.peek() == .string ? reader.rawString().range : Self.skipped(&reader)
            } else if reader.matches(key, "method") {
                method = try reader.string()
            } else if reader.matches(key, "params") {
                params = try reader.skipValue()
            } else if reader.matches(key, "result") {
                result = try reader.skipValue()
            } else if reader.matches(key, "error") {
                error = try reader.skipValue()
            } else {
                _ = try reader.skipValue()
            }
        }
        try reader.finish()
    }

    /// Ids of other types are legal JSON-RPC but never ours; they count as unknown.
    private static func skipped(_ reader: inout JSONReader) throws(JSONError) -> Range<Int> {
        let range = try reader.skipValue()
        return range.lowerBound..<range.lowerBound
    }

    public var kind: Kind {
        switch (id, method, result, error) {
        case (.some, .some, nil, nil): .request
        case (nil, .some, nil, nil): .notification
        case (.some, nil, .some, nil), (.some, nil, nil, .some): .response
        case (_, nil, nil, nil): .invalid("it has neither method nor result nor error")
        case (nil, nil, _, _): .invalid("an answer without an id")
        default: .invalid("method, result and error exclude each other")
        }
    }
}

/// The ids of one session: a random prefix that a child process cannot guess, and a counter.
public struct MessageIDs: Sendable {
    /// 32 hexadecimal digits and a dot.
    public let prefix: [UInt8]
    private var counter: UInt64 = 0

    /// Starts a session with a fresh 128-bit prefix.
    public init() {
        var random = SystemRandomNumberGenerator()
        self.init(high: random.next(), low: random.next())
    }

    /// Starts a session with a known prefix, for tests and transcripts.
    public init(high: UInt64, low: UInt64) {
        func hex(_ value: UInt64) -> String {
            let digits = String(value, radix: 16)
            return String(repeating: "0", count: 16 - digits.count) + digits
        }
        prefix = Array("\(hex(high))\(hex(low)).".utf8)
    }

    /// The number of the next request.
    public mutating func next() -> UInt64 {
        counter += 1
        return counter
    }

    /// How many ids have been given out.
    public var issued: UInt64 { counter }

    /// The number of an id of this session; nil for any other text.
    public func number(of id: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64? {
        guard id.count > prefix.count, id.count <= prefix.count + 19,
            id[id.startIndex + prefix.count] != UInt8(ascii: "0")
        else { return nil }
        var value: UInt64 = 0
        for (offset, byte) in id.enumerated() {
            if offset < prefix.count {
                guard byte == prefix[offset] else { return nil }
            } else {
                guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
            }
        }
        return value <= counter ? value : nil
    }
}
