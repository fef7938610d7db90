/// What the user has decided about plugins: the contents of `plugins.lock`.
///
/// One JSON document: a line for each plugin, members in a fixed order, lists sorted, and at the end a seal, the SHA-256 of
/// all the lines before it. If the seal does not fit, the file has been edited or damaged, and nothing of it is believed.
package struct PluginLock: Sendable, Equatable {
    /// A file or folder as it was when the plugin was let in.
    package struct Part: Sendable, Equatable {
        /// Below the plugin's folder; empty for the folder itself.
        package let path: String
        /// Nil for a folder.
        package let sha256: String?
        package let isExecutable: Bool
        package let stamp: PartStamp
    }

    /// A plugin that was let in.
    package struct Entry: Sendable, Equatable {
        package let name: String
        package let version: String
        /// Where it lies, for a plugin that was trusted in place; nil for one in the store.
        package let directory: String?
        /// The SHA-256 of its sums.
        package let digest: String
        /// What it was added from, for people.
        package let source: String
        /// The publisher's key by which its signature was verified, and by which the next version must be signed.
        package let key: String?
        /// What its manifest asked for then.
        package let needs: Permissions
        package let granted: Permissions
        package var parts: [Part]

        package init(
            name: String,
            version: String,
            directory: String?,
            digest: String,
            source: String,
            key: String?,
            needs: Permissions,
            granted: Permissions,
            parts: [Part]
        ) {
            self.name = name
            self.version = version
            self.directory = directory
            self.digest = digest
            self.source = source
            self.key = key
            self.needs = needs
            self.granted = granted
            self.parts = parts
        }
    }

    /// By name, then by place: no two of the store have one name, no two that are trusted have one place.
    package private(set) var entries: [Entry] = []
    /// Patterns of plugins that are not used, sorted.
    package private(set) var blocked: [String] = []

    package init() {}

    /// What a file said that was written by ``bytes``.
    init(entries: [Entry], blocked: [String]) {
        self.entries = entries
        self.blocked = blocked
    }

    /// The plugin of that name in the store.
    package func installed(_ name: String) -> Entry? { entries.first { $0.directory == nil && $0.name == name } }

    /// The plugin that is trusted in that place.
    package func trusted(_ directory: String) -> Entry? { entries.first { $0.directory == directory } }

    /// Puts an entry in the place of the one that it follows.
    package mutating func set(_ entry: Entry) {
        entries.removeAll {
            entry.directory == nil ? $0.directory == nil && $0.name == entry.name : $0.directory == entry.directory
        }
        entries.append(entry)
        entries.sort { left, right in
            let a = left.name + "\0" + (left.directory ?? "")
            return a.utf8.lexicographicallyPrecedes((right.name + "\0" + (right.directory ?? "")).utf8)
        }
    }

    package mutating func remove(where isMeant: (Entry) -> Bool) { entries.removeAll(where: isMeant) }

    package mutating func block(_ pattern: String) {
        guard !blocked.contains(pattern) else { return }
        blocked.append(pattern)
        blocked.sort { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }

    /// Whether the pattern was there.
    package mutating func unblock(_ pattern: String) -> Bool {
        let count = blocked.count
        blocked.removeAll { $0 == pattern }
        return blocked.count < count
    }
}
