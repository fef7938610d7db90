import OstlerJSON
import OstlerProtocol
import Testing

/// A message that can be written and read.
protocol Coded: Equatable {
    func encode(into writer: inout JSONWriter)
    init(reading reader: inout JSONReader) throws(JSONError)
}

extension CancelRequest: Coded {}
extension CancelResult: Coded {}
extension CreditNotification: Coded {}
extension ExecuteRequest: Coded {}
extension ExecuteResult: Coded {}
extension ExecuteResult.Usage: Coded {}
extension HealthResult: Coded {}
extension InitializeRequest: Coded {}
extension InitializeResult: Coded {}
extension LogNotification: Coded {}
extension OutputNotification: Coded {}
extension ProgressNotification: Coded {}
extension ProtocolVersions: Coded {}
extension Failure: Coded {}

/// The JSON text of a message.
func encoded(_ message: some Coded) -> String {
    var writer = JSONWriter()
    message.encode(into: &writer)
    return String(decoding: writer.bytes, as: UTF8.self)
}

/// Reads a message out of JSON text as the host does: validated first, nothing behind it.
func decoded<Message: Coded>(_ type: Message.Type, _ json: String) throws -> Message {
    try Array(json.utf8).withUnsafeBufferPointer { bytes in
        var validator = JSONValidator()
        try validator.validate(bytes)
        var reader = JSONReader(bytes)
        let message = try Message(reading: &reader)
        try reader.finish()
        return message
    }
}

/// Pins a message to its literal JSON, both ways; then reads it with its members turned round, with members that
/// nobody knows, and with white space, which must all mean the same.
func checkCoding<Message: Coded>(_ value: Message, json: String, sourceLocation: SourceLocation = #_sourceLocation)
    throws
{
    #expect(encoded(value) == json, sourceLocation: sourceLocation)
    #expect(try decoded(Message.self, json) == value, sourceLocation: sourceLocation)

    let members = try #require(try JSONValue(parsing: json).object?.members, sourceLocation: sourceLocation)
    for shift in 0..<max(1, members.count) {
        let rotated = Array(members[shift...] + members[..<shift])
        for order in [rotated, rotated.reversed()] {
            let json = JSONValue.object(JSONObject(order.map { ($0.key, $0.value) })).text
            #expect(try decoded(Message.self, json) == value, "in the order \(json)", sourceLocation: sourceLocation)
        }
    }
    let strange: [(String, JSONValue)] = [
        ("x_unknown", ["deep": [1, 2, ["deeper": .null]]]), ("", 1), ("Task", "not this"),
    ]
    let padded = JSONValue.object(JSONObject(strange + members.map { ($0.key, $0.value) })).text
    #expect(try decoded(Message.self, padded) == value, "with \(padded)", sourceLocation: sourceLocation)
    #expect(try decoded(Message.self, " \t\(json)\r\n ") == value, sourceLocation: sourceLocation)
}

/// Whether a message without one of its members is refused as the wrong shape.
func checkRequired<Message: Coded>(
    _ members: [String],
    of value: Message,
    sourceLocation: SourceLocation = #_sourceLocation
) throws {
    let object = try #require(try JSONValue(parsing: encoded(value)).object, sourceLocation: sourceLocation)
    for name in members {
        var rest = object
        try #require(rest[name] != nil, "there is no \(name) to leave out", sourceLocation: sourceLocation)
        rest[name] = nil
        let error = #expect(throws: JSONError.self, "without \(name)", sourceLocation: sourceLocation) {
            try decoded(Message.self, JSONValue.object(rest).text)
        }
        #expect(error?.code == .wrongType, "without \(name)", sourceLocation: sourceLocation)
    }
    for name in object.keys where !members.contains(name) {
        var rest = object
        rest[name] = nil
        #expect(throws: Never.self, "without \(name)", sourceLocation: sourceLocation) {
            try decoded(Message.self, JSONValue.object(rest).text)
        }
    }
    let notAnObject = #expect(throws: JSONError.self, sourceLocation: sourceLocation) {
        try decoded(Message.self, "[1]")
    }
    #expect(notAnObject?.code == .wrongType, sourceLocation: sourceLocation)
}
