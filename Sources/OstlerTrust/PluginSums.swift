package import OstlerSystem

/// The digests of a plugin's files as `sha256sum` writes them: a line for each, by the order of the paths' bytes. Its own
/// SHA-256 is the plugin's digest, and it is what publishers sign.
package struct PluginSums: Sendable, Equatable {
    /// The name under which it may lie in a plugin.
    package static let fileName = "plugin.sums"
    /// The name of its signature.
    package static let signatureName = "plugin.sums.minisig"

    /// `DIGEST  PATH` and a line's end for each file.
    package let text: String

    /// - Parameter files: all files of the plugin, in any order; the list itself and its signature are left out.
    package init(_ files: some Sequence<(path: String, sha256: String)>) {
        text =
            files
            .filter { $0.path != Self.fileName && $0.path != Self.signatureName }
            .sorted { Array($0.path.utf8).lexicographicallyPrecedes(Array($1.path.utf8)) }
            .map { "\($0.sha256)  \($0.path)\n" }
            .joined()
    }

    /// 64 hexadecimal digits.
    package var digest: String { SHA256.digest(of: Array(text.utf8)) }

    /// Throws if what lies in the plugin under ``fileName`` is not this.
    func check(against listed: [UInt8]) throws(TrustError) {
        guard !listed.elementsEqual(text.utf8) else { return }
        let theirs = Set(String(decoding: listed, as: UTF8.self).split(separator: "\n"))
        let ours = Set(text.split(separator: "\n"))
        let path = ours.symmetricDifference(theirs).map { $0.dropFirst(66) }.min() ?? ""
        throw TrustError(
            .sumsMismatch,
            "\(Self.fileName) does not fit the files of the plugin" + (path.isEmpty ? "" : ": see \(path)"),
            hint: "get the plugin again; its author makes the list anew with ostler plugin pack --sums"
        )
    }
}

extension SHA256 {
    /// The digest of all of `bytes`, in hexadecimal.
    package static func digest(of bytes: [UInt8]) -> String {
        var sum = SHA256()
        bytes.withUnsafeBytes { sum.update($0) }
        return sum.finish()
    }
}
