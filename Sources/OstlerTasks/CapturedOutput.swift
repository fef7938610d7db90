package import OstlerJSON
internal import OstlerProtocol

/// One stream of a task: its head and its tail, and how long it was in all.
package struct CapturedOutput: Sendable {
    /// The most that is kept, in bytes: half of it from the start, half from the end.
    package static let keptBytes = 16 << 20

    private var head: [UInt8] = []
    /// A ring once it is full.
    private var tail: [UInt8] = []
    private var oldest = 0
    /// All bytes that the task wrote.
    package private(set) var total: UInt64 = 0
    /// Of all that the task wrote, in hexadecimal; known where the stream went through a spool.
    package private(set) var sha256: String?
    private let half: Int
    /// What secrets were taken out of it before it came here; nil if none were looked for.
    package var masking: Masking?

    /// How a stream differs from what the task wrote.
    package struct Masking: Sendable, Equatable {
        /// Bytes that the task wrote, secrets included.
        package var written: UInt64
        /// Stretches that were replaced.
        package var replaced: Int

        package init(written: UInt64, replaced: Int) {
            self.written = written
            self.replaced = replaced
        }
    }

    package init(keptBytes: Int = Self.keptBytes) {
        half = keptBytes / 2
    }

    /// A stream that was kept elsewhere.
    /// - Parameter kept: its head and its tail, or all of it.
    package init(_ kept: [UInt8], total: UInt64, sha256: String?) {
        half = kept.count
        head = kept
        self.total = total
        self.sha256 = sha256
    }

    package mutating func append(_ bytes: [UInt8]) {
        total += UInt64(bytes.count)
        let room = half - head.count
        if room >= bytes.count {
            head.append(contentsOf: bytes)
        } else {
            head.append(contentsOf: bytes.prefix(room))
            appendTail(bytes.dropFirst(room))
        }
    }

    private mutating func appendTail(_ bytes: ArraySlice<UInt8>) {
        for byte in bytes.suffix(half) {
            if tail.count < half {
                tail.append(byte)
            } else {
                tail[oldest] = byte
                oldest = oldest + 1 == half ? 0 : oldest + 1
            }
        }
    }

    /// Whether bytes in the middle were dropped.
    package var isTruncated: Bool { total > UInt64(head.count + tail.count) }

    /// What was kept, in order.
    package var bytes: [UInt8] {
        guard !tail.isEmpty else { return head }
        return head + tail[oldest...] + tail[..<oldest]
    }

    /// The beginning of it, for whoever keeps all of it elsewhere.
    /// - Parameter bytes: the most that is kept; a character that would be cut is left out.
    package func shortened(to bytes: Int) -> CapturedOutput {
        var kept = self.bytes.prefix(bytes)
        // A byte that continues a character is no place to cut before.
        if kept.count < self.bytes.count, self.bytes[kept.count] & 0xC0 == 0x80 {
            while let last = kept.popLast(), last & 0xC0 == 0x80 {}
        }
        var short = CapturedOutput(Array(kept), total: total, sha256: sha256)
        short.masking = masking
        return short
    }

    package func encode(into writer: inout JSONWriter) {
        writer.beginObject()
        let bytes = bytes
        bytes.withUnsafeBufferPointer { buffer in
            if UTF8Check.isValid(buffer) {
                writer.key("text")
                writer.string(utf8: buffer)
            } else {
                writer.key("base64")
                writer.string(Base64.encode(bytes))
            }
        }
        writer.key("bytes")
        writer.int(masking?.written ?? total)
        if let masking, masking.replaced > 0 {
            writer.key("masked")
            writer.int(masking.replaced)
        }
        writer.key("truncated")
        writer.bool(isTruncated)
        writer.optional("sha256", sha256)
        writer.endObject()
    }
}
