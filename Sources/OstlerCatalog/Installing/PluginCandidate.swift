internal import OstlerConfig
internal import OstlerJSON
package import OstlerTrust

/// A plugin that somebody wants to let in: looked through, but not granted anything.
package struct PluginCandidate {
    /// Who made it, as far as that was verified.
    package enum Publisher: Sendable, Equatable {
        /// There is no signature.
        case unsigned
        /// There is one, and nobody said by which key it must be.
        case unverified(keyID: String)
        /// The signature is by that key.
        case verified(Minisign.PublicKey, comment: String)

        /// The key of a verified signature, in base64.
        package var key: String? {
            if case .verified(let key, _) = self { key.text } else { nil }
        }

        /// In words, for the sheet.
        package var text: String {
            switch self {
            case .unsigned: "nobody has signed it"
            case .unverified(let keyID): "signed by the key \(keyID), which was not verified; --key does"
            case .verified(let key, let comment): "signed by the key \(key.idText): \(Quotation.bare(comment))"
            }
        }
    }

    package let manifest: PluginManifest
    /// What it was added from.
    package let source: String
    package let sums: PluginSums
    package let publisher: Publisher
    /// Its files on the way into the store; nil for a plugin that stays where it is.
    let staging: PluginStaging?
    /// Where it stays; nil for one on the way into the store.
    let directory: String?
    let parts: [PluginLock.Part]

    /// - Parameter key: by which it must be signed; nil if that does not matter.
    init(
        looking directory: String,
        source: String,
        staging: PluginStaging?,
        key: Minisign.PublicKey?
    ) throws(TrustError) {
        let tree = try PluginTree(directory)
        let (sums, files) = try tree.sums()
        publisher = try Self.publisher(of: sums, try tree.signature(for: sums), key)
        manifest = try Self.manifest(in: directory)
        self.source = source
        self.sums = sums
        self.staging = staging
        self.directory = staging == nil ? directory : nil
        parts = files.map(PluginLock.Part.init)
    }

    private static func publisher(
        of sums: PluginSums,
        _ signature: Minisign.Signature?,
        _ key: Minisign.PublicKey?
    ) throws(TrustError) -> Publisher {
        guard let key else { return signature.map { .unverified(keyID: $0.idText) } ?? .unsigned }
        guard let signature else {
            throw TrustError(
                .signatureMissing,
                "the plugin is not signed, and the key \(key.idText) is to have signed it",
                hint: "\(PluginSums.fileName) and \(PluginSums.signatureName) belong beside plugin.yaml"
            )
        }
        try signature.verify(Array(sums.text.utf8), by: key)
        return .verified(key, comment: signature.trustedComment)
    }

    static func manifest(in path: String) throws(TrustError) -> PluginManifest {
        do {
            let directory = try PluginDirectory(path)
            let manifest = try ManifestFile().manifest(in: directory)
            if let file = manifest.entry.ownFile {
                try directory.check(file, isProgram: manifest.kind == .process)
            }
            return manifest
        } catch let failure as ConfigFailure {
            throw TrustError(.invalidManifest, failure.problems.map(\.description).joined(separator: "\n"))
        } catch let failure as SmallFile.Failure {
            throw TrustError(.invalidManifest, "the manifest or the program of the plugin \(failure.message)")
        } catch {
            throw TrustError(.invalidManifest, "\(error)")
        }
    }
}
