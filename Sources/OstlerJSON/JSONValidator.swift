/// Checks a whole document once: grammar, UTF-8, depth and that no object has a key twice.
///
/// One validator is kept for each stream of documents, since it reuses its scratch memory.
public struct JSONValidator: Sendable {
    /// Keys of the objects that are open, innermost last, and behind them others that were.
    private var keys: [JSONKey] = []
    private var used = 0
    /// Objects with more keys than this are checked through a set of hashes.
    private static let linearLimit = 24

    public init() {}

    /// Throws the first fault of the document, which must be one value and nothing else.
    public mutating func validate(_ bytes: UnsafeBufferPointer<UInt8>) throws(JSONError) {
        used = 0
        var reader = JSONReader(bytes)
        try value(&reader)
        try reader.finish()
    }

    /// Throws the first fault of the document.
    public mutating func validate(_ bytes: [UInt8]) throws(JSONError) {
        try bytes.withUnsafeBufferPointer { (bytes) throws(JSONError) in try validate(bytes) }
    }

    /// Does the same for a document that must be an object, and tells where the value of each of its members stands.
    package mutating func validate(
        object bytes: UnsafeBufferPointer<UInt8>,
        member: (JSONReader, JSONKey, Range<Int>) throws(JSONError) -> Void
    ) throws(JSONError) {
        used = 0
        var reader = JSONReader(bytes)
        try object(&reader, member: member)
        try reader.finish()
    }

    private mutating func value(_ reader: inout JSONReader) throws(JSONError) {
        let kind = try reader.peek()
        switch kind {
        case .object: try object(&reader) { (_, _, _) in }
        case .array:
            try reader.beginArray()
            while try reader.nextElement() { try value(&reader) }
        default: try reader.skip(kind)
        }
    }

    private mutating func object(
        _ reader: inout JSONReader,
        member: (JSONReader, JSONKey, Range<Int>) throws(JSONError) -> Void
    ) throws(JSONError) {
        try reader.beginObject()
        let first = used
        var hashes: Set<UInt64>?
        while let key = try reader.nextKey() {
            if used - first == Self.linearLimit {
                hashes = Set(keys[first..<used].map { Self.hash($0, reader) })
            }
            let mayRepeat = hashes == nil || hashes?.insert(Self.hash(key, reader)).inserted == false
            if mayRepeat, isKnown(key, since: first, reader) {
                throw JSONError(.duplicateKey, at: key.range.lowerBound - 1)
            }
            if used < keys.count { keys[used] = key } else { keys.append(key) }
            used += 1
            reader.skipSpace()
            let start = reader.index
            try value(&reader)
            try member(reader, key, start..<reader.index)
        }
        used = first
    }

    private func isKnown(_ key: JSONKey, since first: Int, _ reader: JSONReader) -> Bool {
        for index in first..<used {
            // Most keys differ in length already.
            let mayBeSame = keys[index].range.count == key.range.count || keys[index].hasEscapes || key.hasEscapes
            if mayBeSame, Self.same(keys[index], key, reader) { return true }
        }
        return false
    }

    private static func same(_ left: JSONKey, _ right: JSONKey, _ reader: JSONReader) -> Bool {
        if left.hasEscapes || right.hasEscapes {
            return reader.string(of: left).utf8.elementsEqual(reader.string(of: right).utf8)
        }
        guard left.range.count == right.range.count else { return false }
        let base = reader.base.unsafelyUnwrapped
        return sameBytes(base + left.range.lowerBound, base + right.range.lowerBound, left.range.count)
    }

    /// Chosen anew in each process, so that nobody can send keys that have all one hash.
    private static let start = UInt64.random(in: .min ... .max)

    private static func hash(_ key: JSONKey, _ reader: JSONReader) -> UInt64 {
        var hash = start
        func mix(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        if key.hasEscapes {
            for byte in reader.string(of: key).utf8 { mix(byte) }
        } else {
            for offset in key.range { mix(reader.byte(offset)) }
        }
        return hash
    }
}
