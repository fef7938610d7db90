internal import OstlerJSON
internal import OstlerProtocol

/// A message of a recording, as it is compared: without what is another each time.
enum RecordedMessage {
    /// What a plugin may say otherwise each time: how long it took and what it used.
    private static let passing: Set<String> = ["usage"]

    /// An answer without ids and times.
    static func comparable(_ message: JSONValue) -> JSONValue {
        var object = message.object ?? JSONObject()
        object["id"] = nil
        object["jsonrpc"] = nil
        if var result = object["result"]?.object {
            for name in passing { result[name] = nil }
            object["result"] = .object(result)
        }
        return .object(object)
    }

    /// The bytes of an `output`; nil for any other message.
    static func output(_ message: JSONValue) -> (task: String, stream: String, bytes: [UInt8])? {
        guard message["method"]?.string == "output", let params = message["params"], let task = params["task"]?.string,
            let stream = params["stream"]?.string
        else { return nil }
        if let text = params["text"]?.string { return (task, stream, Array(text.utf8)) }
        let encoded = Array((params["base64"]?.string ?? "").utf8)
        guard let bytes = encoded.withUnsafeBufferPointer(Base64.decode) else { return nil }
        return (task, stream, bytes)
    }
}
