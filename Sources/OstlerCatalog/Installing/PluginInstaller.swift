internal import Glibc
package import OstlerConfig
internal import OstlerJSON
internal import OstlerSystem
package import OstlerTrust

/// Lets plugins in and out: the store and `plugins.lock` together. Any number of processes may do so at once, and one that
/// is killed leaves what was there before or what was to come.
package struct PluginInstaller: Sendable {
    package let store: PluginStore
    package let file: PluginLockFile
    private let policy: HostConfig.Plugins

    /// - Parameter policy: what the configuration allows and blocks.
    package init(store: PluginStore, file: PluginLockFile, policy: HostConfig.Plugins) {
        self.store = store
        self.file = file
        self.policy = policy
    }

    // MARK: Looking

    /// Copies a folder or unpacks an archive, and looks at it. Nothing of it is executed.
    /// - Parameter key: by which it must be signed; nil: by that of the installed one, if it has one.
    package func stage(_ source: String, key: Minisign.PublicKey?) throws(TrustError) -> PluginCandidate {
        let staging = try store.makeStaging()
        if isFolder(source) {
            try staging.copy(PluginTree(source))
        } else {
            try PluginArchive.unpack(source, into: staging)
        }
        let candidate = try PluginCandidate(looking: staging.path, source: source, staging: staging, key: key)
        guard key == nil, let known = try file.read().installed(candidate.manifest.name)?.key else { return candidate }
        let pinned = try Minisign.PublicKey(parsing: known)
        return try PluginCandidate(looking: staging.path, source: source, staging: staging, key: pinned)
    }

    /// The plugin in a folder, or all plugins right below it, to be trusted where they are.
    package func find(in directory: String) throws(TrustError) -> [PluginCandidate] {
        guard let resolved = realpath(directory, nil) else {
            throw TrustError(.unreadable, "there is no folder \(Quotation.bare(directory))")
        }
        defer { free(resolved) }
        let path = String(cString: resolved)
        return try Self.plugins(in: path).map { (path) throws(TrustError) in
            try PluginCandidate(looking: path, source: path, staging: nil, key: nil)
        }
    }

    private static func plugins(in path: String) throws(TrustError) -> [String] {
        do throws(SmallFile.Failure) {
            let folder = try PluginDirectory(path)
            guard !folder.hasManifest else { return [path] }
            var found: [String] = []
            for name in try folder.names() where try PluginDirectory(path + "/" + name).hasManifest {
                found.append(path + "/" + name)
            }
            return found
        } catch {
            throw TrustError(.unreadable, "\(Quotation.bare(path)) \(error.message)")
        }
    }

    private func isFolder(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && (status.st_mode & S_IFMT == S_IFDIR || status.st_mode & S_IFMT == S_IFLNK)
    }

    /// What was decided about the one before it; nil if there was none.
    package func previous(of candidate: PluginCandidate) throws(TrustError) -> PluginLock.Entry? {
        Self.previous(of: candidate, try file.read())
    }

    private static func previous(of candidate: PluginCandidate, _ lock: PluginLock) -> PluginLock.Entry? {
        candidate.directory.map { lock.trusted($0) } ?? lock.installed(candidate.manifest.name)
    }

    // MARK: Letting in

    /// Lets a plugin in with what it is granted of what it needs.
    package func admit(_ candidate: PluginCandidate, granted: Permissions) throws(TrustError) -> PluginLock.Entry {
        try file.update { (lock) throws(TrustError) in
            try check(candidate, lock)
            let entry = PluginLock.Entry(
                name: candidate.manifest.name,
                version: candidate.manifest.version,
                directory: candidate.directory,
                digest: candidate.sums.digest,
                source: candidate.source,
                key: candidate.publisher.key,
                needs: candidate.manifest.needs,
                granted: candidate.manifest.needs.limited(to: granted),
                parts: try candidate.staging.map { (staging) throws(TrustError) in
                    try store.take(staging).map(PluginLock.Part.init)
                } ?? candidate.parts
            )
            lock.set(entry)
            store.removeUnused(lock)
            return entry
        }
    }

    private func check(_ candidate: PluginCandidate, _ lock: PluginLock) throws(TrustError) {
        let manifest = candidate.manifest
        let place = candidate.staging?.path ?? candidate.directory ?? ""
        if let rule = try PluginLists(policy, lock).blockingRule(for: manifest.name, in: place) {
            throw TrustError(
                .blocked,
                "the plugin \(manifest.name) is blocked by \(rule)",
                hint: "change the configuration, or ostler plugin unblock"
            )
        }
        guard candidate.staging != nil, let known = lock.installed(manifest.name) else { return }
        if PluginVersion.isEarlier(manifest.version, than: known.version) {
            throw TrustError(
                .downgrade,
                "the plugin \(manifest.name) is installed as \(known.version), and \(manifest.version) is older",
                hint: "if you want the old one, ostler plugin remove \(manifest.name) first"
            )
        }
        guard let key = known.key, candidate.publisher.key != key else { return }
        throw TrustError(
            .wrongKey,
            "the installed \(manifest.name) is of another publisher: \(candidate.publisher.text)",
            hint: "if the publisher has changed the key, ostler plugin remove \(manifest.name) first"
        )
    }

    // MARK: Letting go

    /// Removes an installed plugin by its name, or takes back the trust in all plugins in or below a folder.
    /// - Returns: the entries that are gone.
    package func remove(_ subject: String) throws(TrustError) -> [PluginLock.Entry] {
        let removed = try file.update { (lock) throws(TrustError) -> [PluginLock.Entry] in
            let isMeant = Self.meaning(of: subject)
            let gone = lock.entries.filter(isMeant)
            lock.remove(where: isMeant)
            store.removeUnused(lock)
            return gone
        }
        guard !removed.isEmpty else {
            throw TrustError(
                .notInstalled,
                "no plugin \(Quotation.text(subject)) was installed or trusted",
                hint: "ostler plugin list shows what there is"
            )
        }
        return removed
    }

    private static func meaning(of subject: String) -> (PluginLock.Entry) -> Bool {
        guard subject.firstSlash != nil || subject == "." else { return { $0.directory == nil && $0.name == subject } }
        let resolved = realpath(subject, nil)
        defer { free(resolved) }
        let path = resolved.map { String(cString: $0) } ?? subject
        return { $0.directory == path || $0.directory?.hasPrefix(path + "/") == true }
    }

    /// Puts a pattern on the list of what is not used.
    package func block(_ pattern: String) throws(TrustError) {
        _ = try PluginPattern(parsing: pattern)
        try file.update { (lock) throws(TrustError) in lock.block(pattern) }
    }

    /// Takes a pattern off that list.
    package func unblock(_ pattern: String) throws(TrustError) {
        let wasThere = try file.update { (lock) throws(TrustError) in lock.unblock(pattern) }
        guard !wasThere else { return }
        let known = try file.read().blocked
        throw TrustError(
            .notInstalled,
            "\(Quotation.text(pattern)) is not blocked\(Suggestion.clause(for: pattern, in: known))",
            hint: known.isEmpty ? "nothing is" : "blocked are: \(known.joined(separator: ", "))"
        )
    }

    // MARK: Auditing

    /// What an audit found of one plugin.
    package struct Finding: Sendable {
        package let entry: PluginLock.Entry
        package let directory: String
        /// Nil if it is what was let in.
        package let error: TrustError?
    }

    /// Hashes every file of every plugin that was let in. Those that are as they were need not be hashed at the next start,
    /// whatever the kernel's times say.
    package func audit() throws(TrustError) -> [Finding] {
        try file.update { (lock) throws(TrustError) in
            try store.check()
            var findings: [Finding] = []
            for entry in lock.entries {
                let directory = entry.directory ?? store.place(of: entry.digest)
                do throws(TrustError) {
                    let audited = try entry.audited(directory)
                    lock.set(audited)
                    findings.append(Finding(entry: audited, directory: directory, error: nil))
                } catch {
                    findings.append(Finding(entry: entry, directory: directory, error: error))
                }
            }
            return findings
        }
    }
}
