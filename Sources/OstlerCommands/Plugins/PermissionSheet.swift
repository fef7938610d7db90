internal import OstlerCatalog
internal import OstlerJSON
internal import OstlerTrust

/// What a plugin is and asks for, before it is let in, and what of that is new.
struct PermissionSheet {
    private let candidate: PluginCandidate
    private let previous: PluginLock.Entry?

    init(_ candidate: PluginCandidate, previous: PluginLock.Entry?) {
        self.candidate = candidate
        self.previous = previous
    }

    var needs: Permissions { candidate.manifest.needs }

    /// What was not asked for by the version that is let in.
    var added: [Permission] { needs.beyond(previous?.needs ?? Permissions()) }

    /// What that one asked for and this one does not.
    private var dropped: [Permission] { previous?.needs.beyond(needs) ?? [] }

    var text: String {
        let manifest = candidate.manifest
        let before = previous.map { " (now \($0.version))" } ?? ""
        var lines = ["\(manifest.name) \(manifest.version)\(before): \(Quotation.bare(manifest.description))"]
        lines.append("  from       \(Quotation.bare(candidate.source))")
        lines.append("  digest     sha256:\(candidate.sums.digest)")
        lines.append("  publisher  \(candidate.publisher.text)")
        lines.append("  executors  \(manifest.executors.map(\.name).joined(separator: ", "))")
        lines.append(needs.isEmpty && dropped.isEmpty ? "  needs      nothing beyond an empty sandbox" : "  needs")
        lines += needs.all.map { permission in
            let mark = previous != nil && added.contains(permission) ? "+" : " "
            return "  \(mark) \(permission.shown)  (\(permission.meaning))"
        }
        lines += dropped.map { "  - \($0.shown)  (no longer)" }
        return lines.map { $0 + "\n" }.joined()
    }

    /// - Parameter granted: nil if it was not let in.
    func json(granted: Permissions?) -> JSONValue {
        var object = JSONObject([
            ("name", .string(candidate.manifest.name)), ("version", .string(candidate.manifest.version)),
            ("previous_version", previous.map { .string($0.version) } ?? .null),
            ("source", .string(candidate.source)), ("digest", .string("sha256:" + candidate.sums.digest)),
            ("publisher_key", candidate.publisher.key.map { .string($0) } ?? .null),
            ("needs", needs.json), ("added", Permissions(added).json), ("dropped", Permissions(dropped).json),
        ])
        object["granted"] = granted?.json ?? .null
        return .object(object)
    }
}
