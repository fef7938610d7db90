internal import OstlerJSON

/// The validator's word against the reader's and the writer's.
enum JSONPromises {
    /// The document if it is one; reader, validator and writer must agree on it.
    static func parse(_ bytes: [UInt8]) throws(BrokenPromise) -> JSONValue? {
        let isValid = isValid(bytes)
        let isRead = isWalked(bytes)
        // The validator is the stricter one: it also refuses a key that occurs twice.
        try promise(isRead || !isValid, "the validator accepts what the reader does not")
        guard isValid else { return nil }
        guard let value = try? JSONValue(parsing: bytes) else {
            throw BrokenPromise("a valid document cannot be read")
        }
        try promiseRoundTrip(value)
        return value
    }

    static func isValid(_ bytes: [UInt8]) -> Bool {
        var validator = JSONValidator()
        return (try? bytes.withUnsafeBufferPointer { try validator.validate($0) }) != nil
    }

    /// Whether a reader can pass over the document without a tree.
    private static func isWalked(_ bytes: [UInt8]) -> Bool {
        let end = bytes.withUnsafeBufferPointer { buffer in
            var reader = JSONReader(buffer)
            return try? (reader.skipValue(), reader.finish())
        }
        return end != nil
    }

    /// What is written must be read as the same.
    static func promiseRoundTrip(_ value: JSONValue) throws(BrokenPromise) {
        let text = Array(value.text.utf8)
        guard let again = try? JSONValue(parsing: text) else { throw BrokenPromise("what is written is not JSON") }
        try promise(again == value, "another document is read than was written")
        try promise(Array(again.text.utf8) == text, "the second writing differs from the first")
        try promise(!text.contains { $0 < 0x20 }, "a control character in what is written")
    }
}
