import OstlerJSON
import OstlerProtocol
import OstlerTestSupport
import Testing

private func envelope(_ json: String) throws -> Envelope {
    var validator = JSONValidator()
    return try Array(json.utf8).withUnsafeBufferPointer { try Envelope(checking: $0, with: &validator) }
}

private func text(_ json: String, _ range: Range<Int>?) -> String? {
    range.map { String(decoding: Array(json.utf8)[$0], as: UTF8.self) }
}

@Suite struct `Envelopes` {
    struct Row: CustomTestStringConvertible, Sendable {
        let json: String
        let kind: Envelope.Kind
        var testDescription: String { json }
    }

    private static let neither = Envelope.Kind.invalid("it has neither method nor result nor error")
    private static let noID = Envelope.Kind.invalid("an answer without an id")
    private static let oddMethod = Envelope.Kind.invalid("the method is not a string")
    private static let both = Envelope.Kind.invalid("method, result and error exclude each other")

    @Test(arguments: [
        Row(json: #"{"id":"a","method":"m","params":{}}"#, kind: .request),
        Row(json: #"{"id":"a","method":"m"}"#, kind: .request),
        Row(json: #"{"id":7,"method":"m"}"#, kind: .request),
        Row(json: #"{"method":"m","params":{}}"#, kind: .notification),
        Row(json: #"{"method":"m"}"#, kind: .notification),
        Row(json: #"{"id":"a","result":{}}"#, kind: .response),
        Row(json: #"{"id":"a","result":null}"#, kind: .response),
        Row(json: #"{"id":null,"error":{"code":-32700,"message":"x"}}"#, kind: .response),
        Row(json: #"{"id":"a","error":{}}"#, kind: .response),
        Row(json: #"{"method":[]}"#, kind: oddMethod),
        Row(json: #"{"method":1}"#, kind: oddMethod),
        Row(json: #"{"id":"a","method":null,"result":1}"#, kind: oddMethod),
        Row(json: "{}", kind: neither),
        Row(json: #"{"id":"a"}"#, kind: neither),
        Row(json: #"{"id":"a","params":{}}"#, kind: neither),
        Row(json: #"{"result":{}}"#, kind: noID),
        Row(json: #"{"error":{}}"#, kind: noID),
        Row(json: #"{"result":1,"error":1}"#, kind: noID),
        Row(json: #"{"id":"a","result":1,"error":1}"#, kind: both),
        Row(json: #"{"id":"a","method":"m","result":1}"#, kind: both),
        Row(json: #"{"id":"a","method":"m","error":1}"#, kind: both),
        Row(json: #"{"method":"m","result":1}"#, kind: both),
        Row(json: #"{"id":"a","method":"m","result":1,"error":1}"#, kind: both),
    ])
    func `the members make the kind`(_ row: Row) throws {
        #expect(try envelope(row.json).kind == row.kind)
    }

    @Test func `inner parts are ranges of the frame, in any order`() throws {
        let json = #" { "params" : {"b": [1, 2]} , "jsonrpc":"2.0", "x":{"id":"no"}, "method":"execute","id":"a.1" } "#
        let found = try envelope(json)
        #expect(text(json, found.id) == "a.1")
        #expect(found.method == "execute")
        #expect(text(json, found.params) == #"{"b": [1, 2]}"#)
        #expect(found.result == nil)
        #expect(found.error == nil)
        let answer = #"{"result":true,"id":""}"#
        #expect(text(answer, try envelope(answer).result) == "true")
        #expect(text(answer, try envelope(answer).id) == "")
        let failure = #"{"error":{"code":1},"id":"q"}"#
        #expect(text(failure, try envelope(failure).error) == #"{"code":1}"#)
    }

    @Test func `escapes in names mean the same, escapes in ids stay as they stand`() throws {
        let json = #"{"\u0069d":"a\u002e1","m\u0065thod":"he\u0061lth"}"#
        let found = try envelope(json)
        #expect(found.method == "health")
        #expect(text(json, found.id) == #"a\u002e1"#)
    }

    @Test(arguments: ["7", "null", "{}", "[\"a.1\"]", "true", "-1.5"])
    func `ids of other types are there, but are nobody's`(_ id: String) throws {
        let found = try envelope(#"{"id":\#(id),"result":1}"#)
        #expect(found.kind == .response)
        #expect(found.id?.isEmpty == true)
    }

    @Test(arguments: [
        ("[]", JSONError.Code.wrongType), ("", .unexpectedEnd), ("{", .unexpectedEnd),
        (#"{"id":"a"} x"#, .trailingBytes), (#"{"id":"a",}"#, .unexpectedByte), (#"{"id" "a"}"#, .unexpectedByte),
    ])
    func `what is no object is an error with its place`(_ json: String, _ code: JSONError.Code) {
        let error = #expect(throws: JSONError.self) { try envelope(json) }
        #expect(error?.code == code)
    }
}

@Suite struct `Message ids` {
    private func number(_ text: String, _ ids: MessageIDs) -> UInt64? {
        number(Array(text.utf8), ids)
    }

    private func number(_ bytes: [UInt8], _ ids: MessageIDs) -> UInt64? {
        // In the middle of a frame, as it stands there.
        let frame = [0x22] + bytes + [0x22]
        return frame.withUnsafeBufferPointer { ids.number(of: $0[1..<frame.count - 1]) }
    }

    private static let prefix = "0123456789abcdef00000000000000ff."

    private func ids(issued: Int) -> MessageIDs {
        var ids = MessageIDs(high: 0x0123_4567_89AB_CDEF, low: 0xFF)
        for _ in 0..<issued { _ = ids.next() }
        return ids
    }

    @Test func `an id is 32 digits, a dot and a number`() {
        var ids = MessageIDs(high: 0x0123_4567_89AB_CDEF, low: 0xFF)
        #expect(ids.prefix == Array(Self.prefix.utf8))
        #expect(ids.issued == 0)
        #expect([ids.next(), ids.next(), ids.next()] == [1, 2, 3])
        #expect(ids.issued == 3)
        #expect(MessageIDs(high: .max, low: 0).prefix == Array("ffffffffffffffff0000000000000000.".utf8))
    }

    @Test func `only what was issued is known`() {
        let ids = ids(issued: 12)
        for known in 1...12 { #expect(number("\(Self.prefix)\(known)", ids) == UInt64(known)) }
        #expect(number("\(Self.prefix)0", ids) == nil)
        #expect(number("\(Self.prefix)13", ids) == nil)
        #expect(number("\(Self.prefix)1", self.ids(issued: 0)) == nil)
    }

    @Test(arguments: [
        "", "1", ".1", "0123456789abcdef00000000000000ff", "0123456789abcdef00000000000000ff.",
        "0123456789abcdef00000000000000fe.1", "1123456789abcdef00000000000000ff.1",
        "0123456789ABCDEF00000000000000FF.1", "0123456789abcdef00000000000000ff-1",
        "0123456789abcdef00000000000000ff.01", "0123456789abcdef00000000000000ff.00",
        "0123456789abcdef00000000000000ff.0000000000000000001", "0123456789abcdef00000000000000ff.+1",
        "0123456789abcdef00000000000000ff.-1", "0123456789abcdef00000000000000ff. 1",
        "0123456789abcdef00000000000000ff.1 ", "0123456789abcdef00000000000000ff.1a",
        "0123456789abcdef00000000000000ff.1.1", "0123456789abcdef00000000000000ff.1\0",
        "0123456789abcdef00000000000000ff.9999999999999999999",
        "0123456789abcdef00000000000000ff.18446744073709551617",
        "0123456789abcdef00000000000000ff.99999999999999999999999999999999",
        "0123456789abcdef00000000000000ff.\u{0661}", "x0123456789abcdef00000000000000ff.1",
    ])
    func `any other text is nobody's`(_ text: String) {
        #expect(number(text, ids(issued: 12)) == nil)
    }

    @Test(arguments: 0..<10)
    func `a changed byte anywhere is noticed`(_ seed: UInt64) {
        var random = SeededGenerator(seed: seed)
        let ids = ids(issued: 5)
        let good = Array("\(Self.prefix)5".utf8)
        for position in 0..<Self.prefix.utf8.count {
            var forged = good
            forged[position] ^= UInt8.random(in: 1...255, using: &random)
            #expect(number(forged, ids) == nil)
        }
    }

    @Test func `sessions do not share a prefix`() {
        let prefixes = Set((0..<100).map { _ in MessageIDs().prefix })
        #expect(prefixes.count == 100)
        #expect(prefixes.allSatisfy { $0.count == 33 && $0.last == UInt8(ascii: ".") })
    }
}
