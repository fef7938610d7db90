public import OstlerJSON

/// The two streams of a task.
public enum OutputStream: String, Sendable {
    case stdout
    case stderr
}

/// `output`: a piece of what a task writes, in order, at most ``maximumBytes`` of it.
public struct OutputNotification: Sendable, Equatable {
    public static let method: StaticString = "output"
    /// The most bytes of output that one frame carries.
    public static let maximumBytes = 1 << 16

    public var task: String
    public var stream: OutputStream
    /// Counts from 0 for each task, over both streams.
    public var sequence: UInt64
    public var bytes: [UInt8]

    public init(task: String, stream: OutputStream, sequence: UInt64, bytes: [UInt8]) {
        self.task = task
        self.stream = stream
        self.sequence = sequence
        self.bytes = bytes
    }

    public func encode(into writer: inout JSONWriter) {
        bytes.withUnsafeBufferPointer {
            Self.encode(into: &writer, task: task, stream: stream, sequence: sequence, bytes: $0)
        }
    }

    /// Writes the parameters from borrowed bytes: as text if they are UTF-8, else as base64.
    public static func encode(
        into writer: inout JSONWriter,
        task: String,
        stream: OutputStream,
        sequence: UInt64,
        bytes: UnsafeBufferPointer<UInt8>
    ) {
        writer.beginObject()
        writer.key("task")
        writer.string(task)
        writer.key("stream")
        writer.string(stream.rawValue)
        writer.key("seq")
        writer.int(sequence)
        if UTF8Check.isValid(bytes) {
            writer.key("text")
            writer.string(utf8: bytes)
        } else {
            writer.key("base64")
            var encoded: [UInt8] = [UInt8(ascii: "\"")]
            Base64.encode(bytes, into: &encoded)
            encoded.append(UInt8(ascii: "\""))
            writer.raw(encoded)
        }
        writer.endObject()
    }

    /// Exactly one of `text` and `base64` must be there; ``OstlerJSON/JSONError/Code/wrongType`` otherwise.
    public init(reading reader: inout JSONReader) throws(JSONError) {
        var (task, stream, sequence): (String?, OutputStream?, UInt64) = (nil, nil, 0)
        var bytes: [UInt8]?
        var pieces = 0
        let start = reader.index
        try reader.beginObject()
        while let key = try reader.nextKey() {
            if reader.matches(key, "task") {
                task = try reader.string()
            } else if reader.matches(key, "stream") {
                stream = OutputStream(rawValue: try reader.string())
            } else if reader.matches(key, "seq") {
                sequence = UInt64(clamping: try reader.int())
            } else if reader.matches(key, "text") {
                bytes = Array(try reader.string().utf8)
                pieces += 1
            } else if reader.matches(key, "base64") {
                reader.skipSpace()
                let raw = try reader.rawString()
                // Some encoders escape the slashes of base64.
                bytes =
                    raw.hasEscapes
                    ? Array(reader.string(of: raw).utf8).withUnsafeBufferPointer(Base64.decode)
                    : Base64.decode(UnsafeBufferPointer(rebasing: reader.bytes(in: raw.range)))
                pieces += 1
            } else {
                _ = try reader.skipValue()
            }
        }
        guard let task, let stream, let bytes, pieces == 1, bytes.count <= Self.maximumBytes else {
            throw JSONError(.wrongType, at: start)
        }
        self.init(task: task, stream: stream, sequence: sequence, bytes: bytes)
    }
}

/// Whether bytes are well-formed UTF-8.
public enum UTF8Check {
    public static func isValid(_ bytes: UnsafeBufferPointer<UInt8>) -> Bool {
        var index = 0
        while index < bytes.count {
            // Eight ASCII bytes at a time.
            while index + 8 <= bytes.count,
                UnsafeRawPointer(bytes.baseAddress.unsafelyUnwrapped).loadUnaligned(
                    fromByteOffset: index,
                    as: UInt64.self
                )
                    & 0x8080_8080_8080_8080 == 0
            {
                index += 8
            }
            guard index < bytes.count else { return true }
            guard let length = sequenceLength(bytes, at: index) else { return false }
            index += length
        }
        return true
    }

    /// The length of the well-formed sequence at `index` (Unicode 15, table 3-7), or nil.
    private static func sequenceLength(_ bytes: UnsafeBufferPointer<UInt8>, at index: Int) -> Int? {
        let length: Int
        var second: ClosedRange<UInt8> = 0x80...0xBF
        switch bytes[index] {
        case 0...0x7F: return 1
        case 0xC2...0xDF: length = 2
        case 0xE0: (length, second) = (3, 0xA0...0xBF)
        case 0xED: (length, second) = (3, 0x80...0x9F)
        case 0xE1...0xEF: length = 3
        case 0xF0: (length, second) = (4, 0x90...0xBF)
        case 0xF1...0xF3: length = 4
        case 0xF4: (length, second) = (4, 0x80...0x8F)
        default: return nil
        }
        guard index + length <= bytes.count, second.contains(bytes[index + 1]) else { return nil }
        for offset in stride(from: 2, to: length, by: 1) where bytes[index + offset] & 0xC0 != 0x80 { return nil }
        return length
    }
}
