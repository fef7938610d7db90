internal import OstlerConfig
internal import OstlerTrust

/// The state of one walk along the search path.
struct CatalogLoader<Reading: ManifestReading> {
    private(set) var reading: Reading
    private let lists: PluginLists
    private let lock: PluginLock
    private(set) var plugins: [FoundPlugin<Reading.Manifest>] = []
    private(set) var rejected: [RejectedPlugin] = []
    /// Where each executor is: the position of its plugin, and its own in that.
    private(set) var executors: [String: (plugin: Int, executor: Int)] = [:]
    private var positions: [String: Int] = [:]
    /// Directories that were looked at: the same one by another name is no news.
    private var visited: Set<[UInt64]> = []

    init(_ reading: Reading, policy: HostConfig.Plugins, lock: PluginLock) {
        self.reading = reading
        lists = PluginLists(policy, lock)
        self.lock = lock
    }

    mutating func search(_ entry: PluginSearchPath.Entry) {
        if entry.origin == .store { return loadInstalled(entry) }
        do throws(SmallFile.Failure) {
            let directory = try PluginDirectory(entry.directory)
            if directory.hasManifest {
                load(directory, entry)
            } else {
                try searchInside(directory, entry)
            }
        } catch {
            guard error.kind != .notFound || entry.origin.isExplicit else { return }
            reject(entry.directory, entry, error)
        }
    }

    /// What is in the store and not in the lock is nobody's plugin.
    private mutating func loadInstalled(_ entry: PluginSearchPath.Entry) {
        let store = PluginStore(entry.directory)
        let fault = TrustError.caught { () throws(TrustError) in try store.check() }
        for installed in lock.entries where installed.directory == nil {
            let path = store.place(of: installed.digest)
            if let fault {
                reject(path, entry, .storeUnsafe, fault.description)
                continue
            }
            do throws(SmallFile.Failure) {
                load(try PluginDirectory(path), entry, installed)
            } catch {
                reject(path, entry, error)
            }
        }
    }

    private mutating func searchInside(
        _ directory: borrowing PluginDirectory,
        _ entry: PluginSearchPath.Entry
    ) throws(SmallFile.Failure) {
        if let fault = PluginDirectory.faultOfParent(directory.status) {
            throw SmallFile.Failure(.unsafe, "is not searched: \(fault)")
        }
        for name in try directory.names() {
            let path = directory.path + "/" + name
            do throws(SmallFile.Failure) {
                load(try PluginDirectory(path, name: name, in: directory), entry)
            } catch {
                reject(path, entry, error)
            }
        }
    }

    /// - Parameter installed: what the lock says of it, if it was found by that.
    private mutating func load(
        _ directory: borrowing PluginDirectory,
        _ entry: PluginSearchPath.Entry,
        _ installed: PluginLock.Entry? = nil
    ) {
        guard visited.insert([directory.status.device, directory.status.inode]).inserted else { return }
        let path = directory.path
        guard directory.hasManifest else {
            reject(path, entry, .noManifest, "there is no \(PluginDirectory.manifestName) in it")
            return
        }
        if let fault = PluginDirectory.fault(of: directory.status) {
            reject(path, entry, .unsafePermissions, "the directory is not used: \(fault)")
            return
        }
        do throws(ConfigFailure) {
            let manifest = try reading.manifest(in: directory)
            let known = installed ?? (entry.origin.needsTrust ? directory.realPath.flatMap { lock.trusted($0) } : nil)
            let outline = manifest.outline
            guard accept(outline, directory, entry, known) else { return }
            install(FoundPlugin(manifest: manifest, directory: path, origin: entry, entry: known), outline)
        } catch {
            reject(path, entry, error)
        }
    }

    /// Judges a manifest that is right in itself; if it is not used, the reason is kept.
    private mutating func accept(
        _ manifest: PluginOutline,
        _ directory: borrowing PluginDirectory,
        _ entry: PluginSearchPath.Entry,
        _ known: PluginLock.Entry?
    ) -> Bool {
        let path = directory.path
        do throws(TrustError) {
            if let rule = try lists.blockingRule(
                for: manifest.name,
                in: lists.needsContents ? directory.realPath ?? path : path
            ) {
                reject(path, entry, .blocked, "blocked by \(rule)", manifest)
                return false
            }
            try checkTrust(in: manifest, directory, entry, known)
        } catch {
            reject(path, entry, RejectedPlugin.Code(error.code), error.description, manifest)
            return false
        }
        if let position = positions[manifest.name] {
            let winner = plugins[position]
            let message = "shadowed by \(winner.directory) (\(winner.origin.origin))"
            reject(path, entry, .shadowed, message, manifest)
            return false
        }
        guard let file = manifest.ownFile else { return true }
        do throws(SmallFile.Failure) {
            try directory.check(file, isProgram: manifest.kind == .process)
        } catch {
            let code: RejectedPlugin.Code = error.kind == .unsafe ? .unsafePermissions : .invalidEntry
            reject(path, entry, code, "the \(manifest.kind.ownFile) \(file) \(error.message)", manifest)
            return false
        }
        return true
    }

    /// Throws unless a plugin of a place where that is needed was let in, as it is and with what it asks for.
    private func checkTrust(
        in manifest: PluginOutline,
        _ directory: borrowing PluginDirectory,
        _ entry: PluginSearchPath.Entry,
        _ known: PluginLock.Entry?
    ) throws(TrustError) {
        guard entry.origin == .store || entry.origin.needsTrust else { return }
        guard let known else {
            throw TrustError(
                .notTrusted,
                "nobody has said that it is trusted",
                hint: "look at it, then: ostler plugin trust \(directory.path)"
            )
        }
        let more = manifest.needs.beyond(known.needs)
        guard more.isEmpty else { throw .needsMore(manifest.name, more) }
        try known.check(directory.path)
    }

    private mutating func install(_ plugin: FoundPlugin<Reading.Manifest>, _ outline: PluginOutline) {
        let position = plugins.count
        positions[outline.name] = position
        plugins.append(plugin)
        for (index, executor) in outline.executors.enumerated() {
            if let winner = executors[executor.name].map({ plugins[$0.plugin] }) {
                rejected.append(
                    RejectedPlugin(
                        name: outline.name,
                        directory: plugin.directory,
                        origin: plugin.origin,
                        .executorShadowed,
                        "executor \"\(executor.name)\" shadowed by plugin \"\(winner.manifest.outline.name)\""
                            + " in \(winner.directory)",
                        executors: [executor.name]
                    )
                )
            } else {
                executors[executor.name] = (position, index)
            }
        }
    }
}

extension CatalogLoader {
    private mutating func reject(
        _ directory: String,
        _ entry: PluginSearchPath.Entry,
        _ code: RejectedPlugin.Code,
        _ message: String,
        _ manifest: PluginOutline? = nil
    ) {
        rejected.append(
            RejectedPlugin(
                name: manifest?.name,
                directory: directory,
                origin: entry,
                code,
                message,
                executors: manifest?.executors.map(\.name) ?? []
            )
        )
    }

    private mutating func reject(_ path: String, _ entry: PluginSearchPath.Entry, _ failure: SmallFile.Failure) {
        let code: RejectedPlugin.Code =
            switch failure.kind {
            case .notFound: .notFound
            case .unsafe: .unsafePermissions
            case .symbolicLink, .notRegular, .tooLarge, .unreadable: .unreadable
            }
        reject(path, entry, code, "the directory \(failure.message)")
    }

    private mutating func reject(_ path: String, _ entry: PluginSearchPath.Entry, _ failure: ConfigFailure) {
        guard let first = failure.problems.first else { return }
        let code: RejectedPlugin.Code =
            switch first.code {
            case .unsafePermissions: .unsafePermissions
            default: .invalidManifest
            }
        let more = failure.problems.count - 1
        let message =
            "invalid manifest: \(first)" + (more > 0 ? " (and \(more) more problem\(more == 1 ? "" : "s"))" : "")
        rejected.append(
            RejectedPlugin(directory: path, origin: entry, code, message, problems: failure.problems)
        )
    }
}
