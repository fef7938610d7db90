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
    /// Whether there is a method that is no string, which no message may have.
    private var hasOddMethod = false

    /// What kind of message the members make it.
    public enum Kind: Sendable, Equatable {
        case request
        case notification
        case response
        case invalid(String)
    }

    /// Checks a frame whole, as the protocol has it, and finds its outer members on the way.
    ///
    /// Every object gets through: what its members make of it is for `kind` to say.
    public init(checking frame: UnsafeBufferPointer<UInt8>, with validator: inout JSONValidator) throws(JSONError) {
        var (id, method, params, result, error): (Range<Int>?, String?, Range<Int>?, Range<Int>?, Range<Int>?)
        var hasOddMethod = false
        try validator.validate(object: frame) { (reader, key, value) throws(JSONError) in
            if reader.matches(key, "id") {
                id = Self.idText(value, frame)
            } else if reader.matches(key, "method") {
                guard frame[value.lowerBound] == UInt8(ascii: "\"") else { return hasOddMethod = true }
                var reader = reader
                reader.index = value.lowerBound
                method = try reader.string()
            } else if reader.matches(key, "params") {
                params = value
            } else if reader.matches(key, "result") {
                result = value
            } else if reader.matches(key, "error") {
                error = value
            }
        }
        (self.id, self.method, self.params, self.result, self.error) = (id, method, params, result, error)
        self.hasOddMethod = hasOddMethod
    }

    /// Ids of other types are legal JSON-RPC but never ours; they count as unknown.
    private static func idText(_ value: Range<Int>, _ frame: UnsafeBufferPointer<UInt8>) -> Range<Int> {
        guard frame[value.lowerBound] == UInt8(ascii: "\"") else { return value.lowerBound..<value.lowerBound }
        return value.lowerBound + 1..<value.upperBound - 1
    }

    public var kind: Kind {
        if hasOddMethod { return .invalid("the method is not a string") }
        return switch (id, method, result, error) {
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
        let id = UnsafeBufferPointer(rebasing: id)
        guard id.count > prefix.count, id.count <= prefix.count + 19, id[prefix.count] != UInt8(ascii: "0") else {
            return nil
        }
        for offset in 0..<prefix.count where id[offset] != prefix[offset] { return nil }
        var value: UInt64 = 0
        for offset in prefix.count..<id.count {
            let byte = id[offset]
            guard byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
            value = value * 10 + UInt64(byte - UInt8(ascii: "0"))
        }
        return value <= counter ? value : nil
    }
}
