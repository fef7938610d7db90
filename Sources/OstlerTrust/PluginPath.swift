internal import OstlerJSON

/// Paths of what is in a plugin.
enum PluginPath {
    static let longest = 1024

    /// Throws if a path could lead anywhere but below the folder, or could not be shown or listed.
    static func check(_ path: String) throws(TrustError) {
        let parts = path.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        let isPlain = parts.allSatisfy { part in
            !part.isEmpty && !part.elementsEqual(".".utf8) && !part.elementsEqual("..".utf8)
        }
        guard isPlain, parts.count <= 32, path.utf8.count <= longest else {
            throw TrustError(.unsafePath, "\(Quotation.text(path, longest: 80)) is no path below a plugin's folder")
        }
        guard Quotation.bare(path, longest: longest) == path, !path.utf8.contains(UInt8(ascii: "\\")) else {
            throw TrustError(
                .unsafePath,
                "\(Quotation.text(path, longest: 80)) holds a character that lists and terminals misread",
                hint: "rename the file"
            )
        }
    }
}

/// What has been seen of a plugin so far: no name twice, none that another machine would take for the same, and bounds on
/// all of it.
package struct PluginInventory {
    static let maximumEntries = 10_000
    static let maximumBytes: Int64 = 512 << 20

    /// Folded, and compared by Unicode's equivalence, as `String` is.
    private var names: [String: String] = [:]
    private(set) var bytes: Int64 = 0

    package init() {}

    /// Throws for a path that may not be in a plugin together with those before it.
    package mutating func add(_ path: String) throws(TrustError) {
        try PluginPath.check(path)
        if let twin = names.updateValue(path, forKey: path.lowercased()) {
            guard !twin.utf8.elementsEqual(path.utf8) else {
                throw TrustError(.archiveDuplicate, "\(Quotation.text(path, longest: 80)) is there twice")
            }
            throw TrustError(
                .twinNames,
                "\(Quotation.text(path, longest: 80)) and \(Quotation.text(twin, longest: 80)) are one name elsewhere",
                hint: "rename one of them"
            )
        }
        guard names.count <= Self.maximumEntries else {
            throw TrustError(.tooLarge, "the plugin has more than \(Self.maximumEntries) files and folders")
        }
    }

    /// Throws once there are more bytes than a plugin may have.
    package mutating func add(bytes count: Int) throws(TrustError) {
        bytes += Int64(count)
        guard bytes <= Self.maximumBytes else {
            throw TrustError(.tooLarge, "the plugin is larger than \(Self.maximumBytes) bytes")
        }
    }
}
