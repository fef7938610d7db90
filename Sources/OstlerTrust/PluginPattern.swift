internal import OstlerConfig
internal import OstlerJSON

/// Which plugins an allow or a block list means: a glob over names, a digest, or a publisher's key.
package enum PluginPattern: Sendable, Equatable {
    case name(String)
    case digest(String)
    case key(Minisign.PublicKey)

    /// Reads `NAME-GLOB`, `sha256:DIGEST` or `key:PUBLIC-KEY`.
    package init(parsing text: String) throws(TrustError) {
        if text.hasPrefix("key:") {
            self = .key(try Minisign.PublicKey(parsing: String(text.dropFirst(4))))
        } else if text.hasPrefix("sha256:") {
            let digest = String(text.dropFirst(7))
            guard digest.utf8.count == 64, digest.utf8.allSatisfy(Self.isHexadecimal) else {
                throw Self.invalid(text)
            }
            self = .digest(digest)
        } else {
            let isGlob = text.utf8.allSatisfy { byte in
                (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte) || [0x2A, 0x3F, 0x2D, 0x5F].contains(byte)
            }
            guard !text.isEmpty, isGlob else { throw Self.invalid(text) }
            self = .name(text)
        }
    }

    private static func isHexadecimal(_ byte: UInt8) -> Bool {
        (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
    }

    private static func invalid(_ text: String) -> TrustError {
        TrustError(
            .invalidPattern,
            "\(Quotation.text(text)) means no plugin",
            hint: "give a name with * and ?, sha256: with 64 digits, or key: with a public key of minisign"
        )
    }

    /// Whether only the contents of a plugin can tell if it is meant.
    package var needsContents: Bool {
        if case .name = self { false } else { true }
    }

    /// Whether the plugin is meant. A key means what it has signed.
    /// - Parameter identity: nil if the contents are not known; then a digest or a key means nothing.
    package func matches(name: String, _ identity: PluginIdentity?) -> Bool {
        switch self {
        case .name(let glob): Glob.matches(glob, name)
        case .digest(let digest): identity?.digest == digest
        case .key(let key): identity?.isSigned(by: key) == true
        }
    }
}

/// What a plugin is by its contents.
package struct PluginIdentity: Sendable {
    /// The SHA-256 of its sums.
    package let digest: String
    private let sums: PluginSums
    private let signature: Minisign.Signature?

    package init(sums: PluginSums, signature: Minisign.Signature?) {
        digest = sums.digest
        self.sums = sums
        self.signature = signature
    }

    func isSigned(by key: Minisign.PublicKey) -> Bool {
        guard let signature else { return false }
        return (try? signature.verify(Array(sums.text.utf8), by: key)) != nil
    }
}
