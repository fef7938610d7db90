internal import OstlerJSON
internal import OstlerProtocol
internal import OstlerSystem

/// Takes secrets out of the lines of a recording: out of each string by itself, and out of each task's output as one
/// stream, whatever pieces it came in.
@LoopActor
struct RecordingMasks {
    private struct Stream: Hashable {
        let session: Int
        let task: String
        let stream: OutputStream
    }

    /// A stream, and the last of its pieces: what a mask holds back till the end is added to it.
    private struct Progress {
        var masker: SecretMasker
        var index: Int
        var message: JSONValue
        var bytes: [UInt8]
    }

    private let vault: SecretVault?
    private var streams: [Stream: Progress] = [:]

    init(_ vault: SecretVault?) {
        self.vault = vault?.hasSecrets == true ? vault : nil
    }

    func masked(_ text: String) -> String { vault?.masked(text) ?? text }

    /// A message of the host; what is none stays text.
    func masked(_ line: [UInt8]) -> JSONValue {
        let value = (try? JSONValue(parsing: line)) ?? .string(String(decoding: line, as: UTF8.self))
        return vault?.masked(value) ?? value
    }

    /// A message of the plugin.
    /// - Parameter index: its place among the lines, for ``finish()``.
    mutating func masked(_ line: [UInt8], of session: Int, at index: Int) -> JSONValue {
        let value = masked(line)
        guard let vault, let output = Self.output(line) else { return value }
        let stream = Stream(session: session, task: output.task, stream: output.stream)
        guard var masker = streams[stream]?.masker ?? vault.stream() else { return value }
        let bytes = masker.mask(output.bytes)
        streams[stream] = Progress(masker: masker, index: index, message: value, bytes: bytes)
        return Self.replaced(value, bytes)
    }

    /// Nothing more comes: the lines that are to be others, since something had been held back.
    mutating func finish() -> [(index: Int, message: JSONValue)] {
        streams.values.compactMap { progress in
            var masker = progress.masker
            let rest = masker.finish()
            guard !rest.isEmpty else { return nil }
            return (progress.index, Self.replaced(progress.message, progress.bytes + rest))
        }
    }

    private static func output(_ line: [UInt8]) -> OutputNotification? {
        var validator = JSONValidator()
        return line.withUnsafeBufferPointer { buffer in
            guard let params = try? Envelope(checking: buffer, with: &validator).params else { return nil }
            var reader = JSONReader(UnsafeBufferPointer(rebasing: buffer[params]))
            return try? OutputNotification(reading: &reader)
        }
    }

    /// The same message with other output, in text or base64 as it has to be.
    private static func replaced(_ message: JSONValue, _ bytes: [UInt8]) -> JSONValue {
        var params = message["params"]?.object ?? JSONObject()
        params["text"] = nil
        params["base64"] = nil
        let isText = bytes.withUnsafeBufferPointer { UTF8Check.isValid($0) }
        params[isText ? "text" : "base64"] = .string(
            isText ? String(decoding: bytes, as: UTF8.self) : Base64.encode(bytes)
        )
        var whole = message.object ?? JSONObject()
        whole["params"] = .object(params)
        return .object(whole)
    }
}
