package import OstlerTrust

/// A plugin that is ready to be handed on.
package struct PackedPlugin: Sendable {
    package let name: String
    package let version: String
    /// The SHA-256 of its sums.
    package let digest: String
    /// The archive, or the list of sums.
    package let bytes: [UInt8]

    /// How the archive is called unless somebody says otherwise.
    package var fileName: String { "\(name)-\(version).tar.gz" }

    /// Packs the plugin in a folder, or makes the list of sums that its publisher signs. Throws if it is no plugin that
    /// could be let in.
    package init(_ directory: String, onlySums: Bool) throws(TrustError) {
        let tree = try PluginTree(directory)
        let sums = try tree.sums().sums
        if !onlySums { _ = try tree.signature(for: sums) }
        let manifest = try PluginCandidate.manifest(in: directory)
        name = manifest.name
        version = manifest.version
        digest = sums.digest
        bytes = onlySums ? Array(sums.text.utf8) : try PluginArchive.pack(tree)
    }
}
