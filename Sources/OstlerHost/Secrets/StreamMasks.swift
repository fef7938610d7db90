internal import OstlerProtocol
internal import OstlerTasks

/// Takes secrets out of both streams of a task, and counts what was there before.
struct StreamMasks {
    private struct Stream {
        var masker: SecretMasker
        var written: UInt64 = 0
    }

    private var output: Stream
    private var errors: Stream

    init(_ mask: SecretMask) {
        output = Stream(masker: mask.stream())
        errors = Stream(masker: mask.stream())
    }

    /// Takes what a task wrote; returns what may be told of it by now.
    mutating func mask(_ stream: OutputStream, _ bytes: [UInt8]) -> [UInt8] {
        switch stream {
        case .stdout: Self.mask(&output, bytes)
        case .stderr: Self.mask(&errors, bytes)
        }
    }

    private static func mask(_ stream: inout Stream, _ bytes: [UInt8]) -> [UInt8] {
        stream.written += UInt64(bytes.count)
        return stream.masker.mask(bytes)
    }

    /// What was held back, once nothing more comes.
    mutating func finish(_ stream: OutputStream) -> [UInt8] {
        stream == .stdout ? output.masker.finish() : errors.masker.finish()
    }

    func masking(of stream: OutputStream) -> CapturedOutput.Masking {
        let stream = stream == .stdout ? output : errors
        return .init(written: stream.written, replaced: stream.masker.replaced)
    }
}
