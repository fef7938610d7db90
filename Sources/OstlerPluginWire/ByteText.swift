package import OstlerJSON
internal import OstlerProtocol

/// A word as the kernel has it: bytes. In a payload it is a string, or `{"base64": "…"}` where it is not UTF-8.
package struct ByteText: Equatable, ExpressibleByStringLiteral, CustomStringConvertible {
    package let bytes: [UInt8]

    package init(_ text: String) {
        self.init(bytes: Array(text.utf8))
    }

    package init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    package init(stringLiteral text: String) {
        self.init(text)
    }

    /// Reads either form; ``OstlerJSON/JSONError/Code/wrongType`` for anything else.
    package init(reading reader: inout JSONReader) throws(JSONError) {
        guard try reader.peek() == .object else {
            self.init(try reader.string())
            return
        }
        let start = reader.index
        var decoded: [UInt8]?
        try reader.beginObject()
        while let key = try reader.nextKey() {
            guard reader.matches(key, "base64") else { throw JSONError(.wrongType, at: start) }
            reader.skipSpace()
            let text = try reader.rawString()
            decoded = Base64.decode(UnsafeBufferPointer(rebasing: reader.bytes(in: text.range)))
        }
        guard let decoded else { throw JSONError(.wrongType, at: start) }
        self.init(bytes: decoded)
    }

    /// Reads either form for somebody who only looks at the bytes: a plain string is not copied for that.
    package static func withBytes<R>(
        reading reader: inout JSONReader,
        _ body: (UnsafeBufferPointer<UInt8>) -> R
    ) throws(JSONError) -> R {
        if try reader.peek() == .string {
            let start = reader
            let text = try reader.rawString()
            if !text.hasEscapes { return body(UnsafeBufferPointer(rebasing: reader.bytes(in: text.range))) }
            reader = start
        }
        return try ByteText(reading: &reader).bytes.withUnsafeBufferPointer(body)
    }

    /// For messages; what is not UTF-8 is shown as replacement characters.
    package var description: String { String(decoding: bytes, as: UTF8.self) }
}
