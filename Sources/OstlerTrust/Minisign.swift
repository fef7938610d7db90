internal import CSodium
internal import OstlerConfig
internal import OstlerJSON

/// Signatures in the format of minisign, by Ed25519: of the text itself, or of its BLAKE2b.
package enum Minisign {
    /// A publisher's key.
    package struct PublicKey: Sendable, Equatable {
        /// 8 bytes.
        fileprivate let id: [UInt8]
        fileprivate let key: [UInt8]
        /// As `minisign -P` takes it: 56 letters of base64.
        package let text: String

        /// Reads the 56 letters, or the file that `minisign -G` wrote.
        package init(parsing text: String) throws(TrustError) {
            let lines = text.split(whereSeparator: \.isNewline).map(String.init)
            let line = lines.count == 2 && lines[0].hasPrefix("untrusted comment:") ? lines[1] : lines.first ?? ""
            guard lines.count <= 2, let bytes = Base64.decode(line), bytes.count == 42,
                bytes.starts(with: Array("Ed".utf8))
            else {
                throw TrustError(
                    .invalidKey,
                    "\(Quotation.text(text)) is not a public key of minisign",
                    hint: "give the 56 letters that begin with RW, or the .pub file"
                )
            }
            id = Array(bytes[2..<10])
            key = Array(bytes[10...])
            self.text = line
        }

        /// Reads a `.pub` file, or the 56 letters themselves.
        package init(readingFileOrText text: String) throws(TrustError) {
            guard let file = try? SmallFile.read(text, limit: 4096) else {
                try self.init(parsing: text)
                return
            }
            try self.init(parsing: String(decoding: file.bytes, as: UTF8.self))
        }

        /// As minisign shows it: 16 hexadecimal digits.
        package var idText: String { Minisign.hex(id) }
    }

    /// What a `.minisig` file holds.
    package struct Signature: Sendable {
        private let isPrehashed: Bool
        private let id: [UInt8]
        private let signature: [UInt8]
        private let commentSignature: [UInt8]
        /// What the publisher says, signed as well.
        package let trustedComment: String

        package init(parsing bytes: [UInt8]) throws(TrustError) {
            let text = String(decoding: bytes, as: UTF8.self)
            let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
            guard bytes.count <= 4096, lines.count == 4 || lines.count == 5 && lines[4].isEmpty,
                lines[0].hasPrefix("untrusted comment: "), lines[2].hasPrefix("trusted comment: "),
                let body = Base64.decode(lines[1]), body.count == 74,
                let global = Base64.decode(lines[3]), global.count == 64,
                body.starts(with: Array("Ed".utf8)) || body.starts(with: Array("ED".utf8))
            else {
                throw TrustError(
                    .signatureMalformed,
                    "\(PluginSums.signatureName) is not a signature of minisign",
                    hint: "make it with minisign -S -m \(PluginSums.fileName)"
                )
            }
            isPrehashed = body[1] == UInt8(ascii: "D")
            id = Array(body[2..<10])
            signature = Array(body[10...])
            commentSignature = global
            trustedComment = String(lines[2].dropFirst("trusted comment: ".count))
        }

        /// The id of the key that it says it is by, which proves nothing.
        package var idText: String { Minisign.hex(id) }

        /// Throws unless the holder of `key` signed `message`, and the comment with it.
        package func verify(_ message: [UInt8], by key: PublicKey) throws(TrustError) {
            guard id == key.id else {
                throw TrustError(
                    .wrongKey,
                    "the signature is by the key \(idText), not by \(key.idText)",
                    hint: "ask the publisher which key is right"
                )
            }
            guard Minisign.verify(signature, isPrehashed ? Minisign.blake2b(message) : message, key.key) else {
                throw TrustError(
                    .signatureMismatch,
                    "the signature does not fit \(PluginSums.fileName)",
                    hint: "get the plugin again; its files or its signature are of another version"
                )
            }
            guard Minisign.verify(commentSignature, signature + Array(trustedComment.utf8), key.key) else {
                throw TrustError(
                    .signatureComment,
                    "the comment of the signature was changed after it was signed",
                    hint: "get the signature again"
                )
            }
        }
    }

    /// Safe to call more than once, and from any thread.
    private static let isReady: Bool = sodium_init() >= 0

    private static func verify(_ signature: [UInt8], _ message: [UInt8], _ key: [UInt8]) -> Bool {
        isReady && crypto_sign_ed25519_verify_detached(signature, message, UInt64(message.count), key) == 0
    }

    private static func blake2b(_ message: [UInt8]) -> [UInt8] {
        var hash = [UInt8](repeating: 0, count: 64)
        _ = crypto_generichash(&hash, hash.count, message, UInt64(message.count), nil, 0)
        return hash
    }

    /// Key ids are numbers, lowest byte first.
    private static func hex(_ id: [UInt8]) -> String {
        id.reversed().map { ($0 < 16 ? "0" : "") + String($0, radix: 16, uppercase: true) }.joined()
    }
}

/// Base64 as minisign writes it.
private enum Base64 {
    /// Nil unless it is the one right spelling of some bytes.
    static func decode(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: text.utf8.count)
        var count = 0
        let result = sodium_base642bin(
            &bytes,
            bytes.count,
            text,
            text.utf8.count,
            nil,
            &count,
            nil,
            sodium_base64_VARIANT_ORIGINAL
        )
        return result == 0 ? Array(bytes.prefix(count)) : nil
    }
}
