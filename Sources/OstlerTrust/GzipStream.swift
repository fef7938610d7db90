internal import CZlib

/// Unpacks gzip, and refuses what grows without measure.
final class GzipReader {
    /// A member of an archive grows 1,000-fold at the most; programs and text do not come near it.
    private static let mostGrowth = 200
    private static let harmless = 16 << 20

    private var stream = z_stream()
    /// Bytes that went in, and that came out.
    private var taken = 0
    private var given = 0
    private(set) var isAtEnd = false

    init() throws(TrustError) {
        // 15 bits of window; 16 more for a header of gzip and nothing else.
        guard inflateInit2_(&stream, 15 + 16, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            throw TrustError(.archiveInvalid, "zlib cannot be used")
        }
    }

    deinit {
        inflateEnd(&stream)
    }

    /// Unpacks the next piece, and hands on what comes of it.
    func feed(_ input: [UInt8], _ take: ([UInt8]) throws(TrustError) -> Void) throws(TrustError) {
        guard !isAtEnd else {
            throw TrustError(.archiveInvalid, "there is something behind the end of the archive")
        }
        var input = input
        var offset = 0
        var output = [UInt8](repeating: 0, count: 1 << 16)
        var more = true
        while more {
            var result = Z_OK
            var produced = 0
            var left = 0
            input.withUnsafeMutableBytes { source in
                output.withUnsafeMutableBytes { target in
                    stream.next_in = source.baseAddress?.assumingMemoryBound(to: UInt8.self).advanced(by: offset)
                    stream.avail_in = UInt32(source.count - offset)
                    stream.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                    stream.avail_out = UInt32(target.count)
                    result = inflate(&stream, Z_NO_FLUSH)
                    produced = target.count - Int(stream.avail_out)
                    left = Int(stream.avail_in)
                }
            }
            taken += input.count - left - offset
            offset = input.count - left
            given += produced
            guard given <= Self.harmless || given <= taken * Self.mostGrowth else {
                throw TrustError(
                    .archiveBomb,
                    "the archive grows more than \(Self.mostGrowth)-fold when it is unpacked",
                    hint: "do not trust who made it"
                )
            }
            if produced > 0 { try take(Array(output[..<produced])) }
            // What came before the damage is judged first, wherever the pieces end.
            guard [Z_OK, Z_STREAM_END, Z_BUF_ERROR].contains(result) else {
                throw TrustError(.archiveInvalid, "the archive is no gzip, or it is damaged")
            }
            isAtEnd = result == Z_STREAM_END
            more = !isAtEnd && (produced == output.count || left > 0 && result == Z_OK)
        }
        guard !isAtEnd || offset == input.count else {
            throw TrustError(.archiveInvalid, "there is something behind the end of the archive")
        }
    }
}

/// Packs with gzip: the same bytes for the same input.
enum GzipWriter {
    /// The whole of a file. Its header holds no time and no name.
    static func pack(_ bytes: [UInt8]) throws(TrustError) -> [UInt8] {
        var stream = z_stream()
        let failure = TrustError(.archiveInvalid, "zlib cannot be used")
        guard
            deflateInit2_(
                &stream,
                9,
                Z_DEFLATED,
                15 + 16,
                8,
                Z_DEFAULT_STRATEGY,
                ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)
            ) == Z_OK
        else { throw failure }
        defer { deflateEnd(&stream) }
        var input = bytes
        var output = [UInt8](repeating: 0, count: Int(deflateBound(&stream, UInt(bytes.count))) + 64)
        let result = input.withUnsafeMutableBytes { source in
            output.withUnsafeMutableBytes { target in
                stream.next_in = source.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.avail_in = UInt32(source.count)
                stream.next_out = target.baseAddress?.assumingMemoryBound(to: UInt8.self)
                stream.avail_out = UInt32(target.count)
                return deflate(&stream, Z_FINISH)
            }
        }
        guard result == Z_STREAM_END else { throw failure }
        return Array(output.prefix(output.count - Int(stream.avail_out)))
    }
}
