internal import OstlerJSON
internal import OstlerProtocol

/// A message of the plugin, whole and well-formed.
struct PeerMessage: Sendable {
    /// What there is to read in it: params, result or error.
    enum Body: Sendable {
        case request(method: String)
        case notification(method: String)
        case result
        case error
    }

    /// The text of the line.
    let line: [UInt8]
    /// The id as it stands between its quotes; nil for a notification.
    let id: [UInt8]?
    let body: Body
    /// The text of params, result or error.
    let content: [UInt8]
    /// Whether it says `"jsonrpc": "2.0"`.
    let isMarked: Bool

    /// What a line breaks that is no message.
    struct Fault: Error {
        let check: String
        let detail: String
    }

    /// The text of the line without secrets.
    private let shown: [UInt8]

    /// - Parameter shown: the line as reports may show it.
    init(_ line: [UInt8], shown: [UInt8]) throws(Fault) {
        var validator = JSONValidator()
        let envelope: Envelope
        do throws(JSONError) {
            envelope = try line.withUnsafeBufferPointer { (buffer) throws(JSONError) in
                try Envelope(checking: buffer, with: &validator)
            }
        } catch {
            throw Fault(
                check: "M3-json",
                detail: "\(error.reason), at byte \(error.offset + 1) of \(Excerpt.of(shown))"
            )
        }
        func part(_ range: Range<Int>?) -> [UInt8] { range.map { Array(line[$0]) } ?? [] }
        self.line = line
        self.shown = shown
        id = envelope.id.map { Array(line[$0]) }
        switch envelope.kind {
        case .invalid(let reason): throw Fault(check: "M11-shape", detail: "\(reason): \(Excerpt.of(shown))")
        case .request: (body, content) = (.request(method: envelope.method ?? ""), part(envelope.params))
        case .notification: (body, content) = (.notification(method: envelope.method ?? ""), part(envelope.params))
        case .response where envelope.result != nil: (body, content) = (.result, part(envelope.result))
        case .response: (body, content) = (.error, part(envelope.error))
        }
        isMarked = (try? JSONValue(parsing: line))?["jsonrpc"]?.string == "2.0"
    }

    /// Reads params, result or error as the protocol has it.
    func read<Value>(_ make: (inout JSONReader) throws(JSONError) -> Value) throws(JSONError) -> Value {
        try content.withUnsafeBufferPointer { (buffer) throws(JSONError) in
            var reader = JSONReader(buffer)
            return try make(&reader)
        }
    }

    /// Params, result or error as a tree.
    var value: JSONValue { (try? JSONValue(parsing: content)) ?? .null }

    /// The whole message as a tree, without secrets.
    var shownTree: JSONValue { (try? JSONValue(parsing: shown)) ?? .null }

    /// The start of the line, for a report.
    var excerpt: String { Excerpt.of(shown) }
}

/// Foreign bytes as a report shows them.
enum Excerpt {
    static func of(_ bytes: some Collection<UInt8>, longest: Int = 160) -> String {
        let text = Quotation.bare(String(decoding: bytes.prefix(longest), as: UTF8.self), longest: longest)
        return bytes.count > longest ? text + "…" : text
    }
}
