#if canImport(Glibc)
    internal import Glibc
#endif

/// Splits a byte stream into lines and tells frames from noise. It does no input or output of its own.
///
/// A line whose first byte is `{`, or that holds `"jsonrpc"` in its first 64 KiB, is a frame or an attempt at one; any
/// other line is noise. What is found does not depend on how the stream was cut. Feed it with
/// ``withTail(minimum:_:)`` or ``append(_:)``, then take events until ``next()`` returns nil.
public struct FrameParser: ~Copyable {
    /// What was found in the stream. Ranges are valid until the next feed.
    public enum Event: Equatable, Sendable {
        /// One whole line, without its line end, that claims to be a frame.
        case frame(Range<Int>)
        /// A line that is not a frame; of an endless one only the start.
        case noise(Range<Int>)
        /// The stream cannot be trusted any more. It is the last event.
        case violation(FrameViolation)
    }

    /// The longest line that is accepted as a frame, without its line end. It may change once the peers have agreed.
    public var maximumFrameBytes: Int
    private var buffer: UnsafeMutablePointer<UInt8>
    private var capacity: Int
    private var start = 0
    private var scanned = 0
    private var filled = 0
    /// Bytes of the stream that lie before `buffer[0]`.
    private var dropped: UInt64 = 0
    /// Inside a line of noise that is too long to keep.
    private var discarding = false
    /// A violation has been told.
    private var isBroken = false
    private static let noiseExcerpt = 4096
    /// How far into a line the mark of a frame is looked for, and how much noise is kept in wait of a line end.
    private static let noiseWindow = 1 << 16

    /// - Parameter maximumFrameBytes: the longest line that is accepted as a frame, without its line end.
    public init(maximumFrameBytes: Int = 1 << 20) {
        self.maximumFrameBytes = maximumFrameBytes
        capacity = 1 << 16
        buffer = .allocate(capacity: capacity)
    }

    deinit {
        buffer.deallocate()
    }

    /// Offset in the stream of a position in a range.
    public func streamOffset(_ position: Int) -> UInt64 {
        dropped + UInt64(position)
    }

    /// Lends free memory behind the unread bytes; the body fills it and returns how many bytes it wrote.
    public mutating func withTail<R>(minimum: Int = 1 << 16, _ body: (UnsafeMutableRawBufferPointer) -> (Int, R)) -> R {
        reserve(minimum)
        let (count, result) = body(UnsafeMutableRawBufferPointer(start: buffer + filled, count: capacity - filled))
        precondition(count >= 0 && count <= capacity - filled)
        filled += count
        return result
    }

    /// Copies a chunk in.
    public mutating func append(_ chunk: some Collection<UInt8>) {
        let count = chunk.count
        withTail(minimum: count) { tail in
            tail.copyBytes(from: chunk)
            return (count, ())
        }
    }

    private mutating func reserve(_ minimum: Int) {
        if start == filled {
            dropped += UInt64(start)
            (start, scanned, filled) = (0, 0, 0)
        }
        guard capacity - filled < minimum else { return }
        if start > 0 {
            (buffer).update(from: buffer + start, count: filled - start)
            dropped += UInt64(start)
            (scanned, filled, start) = (scanned - start, filled - start, 0)
        }
        guard capacity - filled < minimum else { return }
        capacity = max(capacity * 2, filled + minimum)
        let larger = UnsafeMutablePointer<UInt8>.allocate(capacity: capacity)
        larger.update(from: buffer, count: filled)
        buffer.deallocate()
        buffer = larger
    }

    /// The next line, or nil if more bytes are needed.
    public mutating func next() -> Event? {
        while !isBroken {
            guard let found = newline() else { return unfinished() }
            let line = start..<found
            start = found + 1
            scanned = start
            if discarding {
                discarding = false
                continue
            }
            return classify(trimmed(line))
        }
        start = filled
        return nil
    }

    private func newline() -> Int? {
        guard scanned < filled, let hit = memchr(buffer + scanned, 0x0A, filled - scanned) else { return nil }
        return UnsafeRawPointer(hit) - UnsafeRawPointer(buffer)
    }

    /// Judges a line that has no end yet: too long a frame is a violation, too long a noise is dropped.
    private mutating func unfinished() -> Event? {
        scanned = filled
        if discarding {
            start = filled
            return nil
        }
        let line = start..<filled
        let isFrame = isFrame(line)
        // A carriage return at the end may belong to the line end that has not come yet.
        guard trimmed(line).count > (isFrame ? maximumFrameBytes : Self.noiseWindow) else { return nil }
        if isFrame { return violation(.oversize, line) }
        discarding = true
        start = filled
        return .noise(line.prefix(Self.noiseExcerpt))
    }

    private mutating func classify(_ line: Range<Int>) -> Event {
        guard isFrame(line) else { return .noise(line.prefix(Self.noiseExcerpt)) }
        guard line.count <= maximumFrameBytes else { return violation(.oversize, line) }
        return .frame(line)
    }

    /// Call at the end of the stream: a line that was cut off is an error, never parsed.
    public mutating func finish() -> Event? {
        guard !discarding, !isBroken, start < filled else { return nil }
        let line = start..<filled
        start = filled
        return isFrame(line) ? violation(.partial, line) : .noise(line.prefix(Self.noiseExcerpt))
    }

    /// Lends the bytes of an event.
    public func withBytes<R, E: Error>(_ range: Range<Int>, _ body: (UnsafeBufferPointer<UInt8>) throws(E) -> R)
        throws(E) -> R
    {
        try body(UnsafeBufferPointer(start: buffer + range.lowerBound, count: range.count))
    }

    private func trimmed(_ line: Range<Int>) -> Range<Int> {
        guard let last = line.last, buffer[last] == 0x0D else { return line }
        return line.lowerBound..<last
    }

    private func isFrame(_ line: Range<Int>) -> Bool {
        guard let first = line.first else { return false }
        if buffer[first] == UInt8(ascii: "{") { return true }
        let needle: StaticString = "\"jsonrpc\""
        let length = needle.utf8CodeUnitCount
        let end = min(line.upperBound, first + Self.noiseWindow)
        var from = first
        while end - from >= length,
            let quote = memchr(buffer + from, Int32(UInt8(ascii: "\"")), end - from - length + 1)
        {
            if memcmp(quote, needle.utf8Start, length) == 0 { return true }
            from = UnsafeRawPointer(quote) - UnsafeRawPointer(buffer) + 1
        }
        return false
    }

    private mutating func violation(_ kind: FrameViolation.Kind, _ line: Range<Int>) -> Event {
        isBroken = true
        let excerpt = UnsafeBufferPointer(
            start: buffer + line.lowerBound,
            count: min(line.count, FrameViolation.keptBytes)
        )
        return .violation(
            FrameViolation(
                kind: kind,
                offset: streamOffset(line.lowerBound),
                length: line.count,
                excerpt: String(decoding: excerpt, as: UTF8.self)
            )
        )
    }
}

/// Why a stream of frames cannot be continued.
public struct FrameViolation: Error, Equatable, Sendable {
    public enum Kind: String, Sendable {
        /// Longer than `max_frame_bytes`.
        case oversize
        /// The stream ended inside a line.
        case partial
        /// Not the JSON that the protocol allows.
        case malformed
    }

    public let kind: Kind
    /// Where the line begins in the stream, in bytes.
    public let offset: UInt64
    public let length: Int
    /// The start of the line, up to ``keptBytes``: more than a person wants to see, since a secret in it can only be found
    /// whole. It is masked first and cut to ``shownLength`` then.
    public var excerpt: String
    /// For malformed frames: what is wrong.
    public var detail: String = ""

    /// How much of a line is kept for a message, in bytes, and how much of that a message has, in characters.
    public static let keptBytes = 128 << 10
    public static let shownLength = 120

    public init(kind: Kind, offset: UInt64, length: Int, excerpt: String, detail: String = "") {
        self.kind = kind
        self.offset = offset
        self.length = length
        self.excerpt = excerpt
        self.detail = detail
    }
}
