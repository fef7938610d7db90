package import OstlerConfig
package import OstlerTrust

extension Catalog {
    /// Looks through the search path. Nothing is executed, and what is wrong with one plugin is kept in
    /// ``rejected`` and stops no other.
    /// - Parameters:
    ///   - policy: which plugins the configuration allows and blocks.
    ///   - lock: what was let in, with what was granted, and what else is blocked.
    package static func load(
        searchPath: PluginSearchPath,
        policy: HostConfig.Plugins = HostConfig.Plugins(),
        lock: PluginLock = PluginLock(),
        disabledExecutors: Set<String> = []
    ) -> Catalog {
        var loader = CatalogLoader(ManifestFile(), policy: policy, lock: lock)
        for entry in searchPath.entries { loader.search(entry) }
        let plugins = loader.plugins.map(InstalledPlugin.init)
        return Catalog(
            plugins: plugins,
            rejected: loader.rejected,
            executors: loader.executors.mapValues { place in
                let plugin = plugins[place.plugin]
                return CatalogExecutor(plugin: plugin, executor: plugin.manifest.executors[place.executor])
            },
            disabledExecutors: disabledExecutors
        )
    }
}

/// How the walk along the search path learns what a manifest says.
protocol ManifestReading {
    associatedtype Manifest: Outlined

    /// The manifest of a plugin; throws if it is not one, or is not safe.
    mutating func manifest(in directory: borrowing PluginDirectory) throws(ConfigFailure) -> Manifest
}

/// Reads all of a manifest.
struct ManifestFile: ManifestReading {
    func manifest(in directory: borrowing PluginDirectory) throws(ConfigFailure) -> PluginManifest {
        let bytes = try directory.manifestBytes().bytes
        return try PluginManifest(parsing: bytes, file: PluginDirectory.manifestName) {
            (path) throws(SmallFile.Failure) in try directory.read(path).bytes
        }
    }
}

/// A plugin that can be used, as the walk leaves it.
struct FoundPlugin<Manifest> {
    let manifest: Manifest
    let directory: String
    let origin: PluginSearchPath.Entry
    /// What was decided when it was let in.
    let entry: PluginLock.Entry?
}

extension InstalledPlugin {
    init(_ found: FoundPlugin<PluginManifest>) {
        self.init(
            manifest: found.manifest,
            directory: found.directory,
            origin: found.origin,
            entry: found.entry
        )
    }
}
