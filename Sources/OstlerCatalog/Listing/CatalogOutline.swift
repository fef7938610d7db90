package import OstlerConfig
package import OstlerTrust

/// A plugin as it is listed.
package struct ListedPlugin: Sendable {
    package let outline: PluginOutline
    /// The absolute path of its directory.
    package let directory: String
    /// The part of the search path that led to it.
    package let origin: PluginSearchPath.Entry
    /// What was decided when it was let in.
    let entry: PluginLock.Entry?
}

/// The plugins of the search path as far as listing, help and completion need them.
///
/// They are found and judged as a ``Catalog`` finds and judges them, but what a manifest says may come from an
/// ``OutlineCache``. So nothing is started, granted or refused by this: for that there is ``Catalog/load(searchPath:policy:lock:disabledExecutors:)``.
package struct CatalogOutline: Sendable {
    /// In the order of the search path.
    package let plugins: [ListedPlugin]
    /// What was found but is not used, in the order in which it was found.
    package let rejected: [RejectedPlugin]
    private let disabledExecutors: Set<String>
    private let executors: [String: (plugin: Int, executor: Int)]

    /// Looks through the search path. The cache, if there is one, learns what it does not know.
    package static func load(
        searchPath: PluginSearchPath,
        policy: HostConfig.Plugins = HostConfig.Plugins(),
        lock: PluginLock = PluginLock(),
        disabledExecutors: Set<String> = [],
        cache: OutlineCache?
    ) -> CatalogOutline {
        var loader = CatalogLoader(OutlineReader(cache), policy: policy, lock: lock)
        for entry in searchPath.entries { loader.search(entry) }
        loader.reading.finish()
        return CatalogOutline(
            plugins: loader.plugins.map {
                ListedPlugin(outline: $0.manifest, directory: $0.directory, origin: $0.origin, entry: $0.entry)
            },
            rejected: loader.rejected,
            disabledExecutors: disabledExecutors,
            executors: loader.executors
        )
    }

    /// The executors that tasks may use, sorted by name.
    package var usableExecutors: [PluginOutline.Executor] {
        executors.filter { !disabledExecutors.contains($0.key) }
            .map { plugins[$0.value.plugin].outline.executors[$0.value.executor] }
            .sorted { $0.name < $1.name }
    }

    /// A catalog of those plugins alone that offer one of the executors, by their manifests as they are now. One that
    /// has become wrong since it was found is not in it.
    package func catalog(offering names: some Sequence<String>) -> Catalog {
        var whole: [Int: InstalledPlugin] = [:]
        var found: [String: CatalogExecutor] = [:]
        for name in names {
            guard let place = executors[name], let plugin = whole[place.plugin] ?? read(plugins[place.plugin]) else {
                continue
            }
            whole[place.plugin] = plugin
            found[name] = plugin.manifest.executors.first { $0.name == name }.map {
                CatalogExecutor(plugin: plugin, executor: $0)
            }
        }
        return Catalog(
            plugins: whole.sorted { $0.key < $1.key }.map(\.value),
            rejected: [],
            executors: found,
            disabledExecutors: disabledExecutors
        )
    }

    private func read(_ plugin: ListedPlugin) -> InstalledPlugin? {
        guard let directory = try? PluginDirectory(plugin.directory),
            let manifest = try? ManifestFile().manifest(in: directory)
        else { return nil }
        return InstalledPlugin(
            manifest: manifest,
            directory: plugin.directory,
            origin: plugin.origin,
            entry: plugin.entry
        )
    }
}

/// Takes outlines from a cache, and from manifests where it has none.
private struct OutlineReader: ManifestReading {
    private let cache: OutlineCache?

    init(_ cache: OutlineCache?) {
        self.cache = cache
    }

    func manifest(in directory: borrowing PluginDirectory) throws(ConfigFailure) -> PluginOutline {
        if let known = cache?.outline(of: directory) { return known }
        let (bytes, status) = try directory.manifestBytes()
        var files = [OutlineCache.File(PluginDirectory.manifestName, status)]
        let manifest = try PluginManifest(parsing: bytes, file: PluginDirectory.manifestName) {
            (path) throws(SmallFile.Failure) in
            let (bytes, status) = try directory.read(path)
            files.append(OutlineCache.File(path, status))
            return bytes
        }
        let outline = manifest.outline
        cache?.learn(outline, from: files)
        return outline
    }

    func finish() {
        cache?.save()
    }
}
