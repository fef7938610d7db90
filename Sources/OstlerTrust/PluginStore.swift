internal import Glibc
internal import OstlerJSON
internal import OstlerSystem

/// The folder of installed plugins: each under the digest of its contents, which nobody may write.
package struct PluginStore: Sendable {
    /// The absolute path.
    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    /// Where the plugin with that digest lies.
    package func place(of digest: String) -> String { "\(path)/sha256-\(digest)" }

    /// An empty folder for a plugin that is to be taken in. What a process that was killed has left is removed.
    package func makeStaging() throws(TrustError) -> PluginStaging {
        try Folders.make(path)
        try check()
        let turn = try Turn.take(path + "/.turn")
        defer { withExtendedLifetime(turn) {} }
        removeAbandoned()
        return try PluginStaging(in: path)
    }

    /// Throws if somebody else could have put something into the store.
    package func check() throws(TrustError) {
        guard let facts = FileStatus(of: path) else { return }
        guard facts.isDirectory else {
            throw TrustError(
                .storeUnsafe,
                "the store \(Quotation.bare(path)) is not a folder, or a link to one",
                hint: "remove it, and add the plugins again"
            )
        }
        do throws(TrustError) {
            try facts.checkOwner(Quotation.bare(path))
        } catch {
            throw TrustError(.storeUnsafe, "the store is not used: \(error.message)", hint: error.hint)
        }
    }

    /// Puts a plugin into its place; tells its files as they lie there. For who has the turn.
    package func take(_ staging: PluginStaging) throws(TrustError) -> [HashedPart] {
        let sums = staging.sums
        let place = place(of: sums.digest)
        if let known = try? hashed(place), Set(known.files.compactMap(\.file)) == Set(staging.files) {
            return known.files
        }
        try staging.take(to: place)
        Folders.sync(path)
        let taken = try hashed(place)
        guard taken.sums == sums else {
            throw TrustError(.changedWhileRead, "\(place) was changed while it was taken in", hint: "try again")
        }
        return taken.files
    }

    private func hashed(_ place: String) throws(TrustError) -> (sums: PluginSums, files: [HashedPart]) {
        try PluginTree(place).sums()
    }

    /// Removes plugins that no entry names and no host uses. For who has the turn.
    package func removeUnused(_ lock: PluginLock) {
        let kept = Set(lock.entries.filter { $0.directory == nil }.map { "sha256-" + $0.digest })
        for name in names() where name.hasPrefix("sha256-") && !kept.contains(name) {
            guard let use = PluginUse(path + "/" + name, isShared: false) else { continue }
            Folders.remove(path + "/" + name)
            withExtendedLifetime(use) {}
        }
    }

    private func removeAbandoned() {
        for name in names() where name.hasPrefix(".staging-") {
            guard let use = PluginUse(path + "/" + name, isShared: false) else { continue }
            Folders.remove(path + "/" + name)
            withExtendedLifetime(use) {}
        }
    }

    private func names() -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            names.append(
                withUnsafeBytes(of: &entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
            )
        }
        return names
    }
}

/// Keeps an installed plugin from being removed for as long as it lives.
package final class PluginUse: Sendable {
    private let folder: Int32

    /// Nil if there is no such folder, or if somebody else uses it in a way that does not go together with this.
    package init?(_ path: String, isShared: Bool = true) {
        folder = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard folder >= 0 else { return nil }
        guard flock(folder, (isShared ? LOCK_SH : LOCK_EX) | LOCK_NB) == 0 else {
            close(folder)
            return nil
        }
    }

    deinit {
        close(folder)
    }
}

extension HashedPart {
    fileprivate var file: PluginStaging.File? {
        sha256.map { PluginStaging.File(part.path, sha256: $0, isExecutable: part.isExecutable) }
    }
}
