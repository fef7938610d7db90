package import OstlerTrust

/// A plugin that can be used.
package struct InstalledPlugin: Sendable {
    package let manifest: PluginManifest
    /// The absolute path of its directory.
    package let directory: String
    /// The part of the search path that led to it.
    package let origin: PluginSearchPath.Entry
    /// What was decided when it was let in; nil if whoever named its place granted all that it needs.
    package let entry: PluginLock.Entry?
    /// What it gets: of what it needs, what it was granted.
    package let permissions: Permissions

    init(manifest: PluginManifest, directory: String, origin: PluginSearchPath.Entry, entry: PluginLock.Entry?) {
        self.manifest = manifest
        self.directory = directory
        self.origin = origin
        self.entry = entry
        permissions = entry.map { manifest.needs.limited(to: $0.granted) } ?? manifest.needs
    }

    /// The programs that it may have started; nil: all, since it asks for none by name.
    package var programs: [String]? { manifest.needs.programs.isEmpty ? nil : permissions.programs }

    /// Throws unless its files are still those that were let in. One that was named is taken as it is.
    package func check() throws(TrustError) {
        do throws(TrustError) {
            try entry?.check(directory)
        } catch {
            throw TrustError(
                .changedBeforeStart,
                "the plugin \(manifest.name) was changed before it was started: \(error.message)",
                hint: error.hint
            )
        }
    }
}

/// An executor together with the plugin that offers it.
package struct CatalogExecutor: Sendable {
    package let plugin: InstalledPlugin
    package let executor: ExecutorManifest

    package var name: String { executor.name }
}

/// Why there is no such executor.
package struct CatalogError: Error, Sendable, Equatable, CustomStringConvertible {
    package enum Code: String, Sendable {
        case unknownExecutor = "unknown_executor"
        case executorDisabled = "executor_disabled"
    }

    package let code: Code
    package let message: String
    package let hint: String?

    package var description: String { message + (hint.map { "; \($0)" } ?? "") }
}

/// The plugins of the search path, found and judged without starting any of them.
package struct Catalog: Sendable {
    /// In the order of the search path.
    package let plugins: [InstalledPlugin]
    /// What was found but is not used, in the order in which it was found.
    package let rejected: [RejectedPlugin]
    /// The executors that the configuration switches off.
    package let disabledExecutors: Set<String>
    private let executors: [String: CatalogExecutor]

    /// Without any plugin: for what needs none.
    package static let empty = Catalog(plugins: [], rejected: [], executors: [:], disabledExecutors: [])

    init(
        plugins: [InstalledPlugin],
        rejected: [RejectedPlugin],
        executors: [String: CatalogExecutor],
        disabledExecutors: Set<String>
    ) {
        self.plugins = plugins
        self.rejected = rejected
        self.executors = executors
        self.disabledExecutors = disabledExecutors
    }

    /// The names of the executors that tasks may use, sorted.
    package var executorNames: [String] {
        executors.keys.filter { !disabledExecutors.contains($0) }.sorted()
    }

    /// The executor, or nil if it is unknown or switched off.
    package func executor(named name: String) -> CatalogExecutor? {
        disabledExecutors.contains(name) ? nil : executors[name]
    }

    /// The executor whether or not it is switched off.
    package func installedExecutor(named name: String) -> CatalogExecutor? {
        executors[name]
    }

    /// The executor, or an error that says why there is none.
    package func requireExecutor(named name: String) throws(CatalogError) -> CatalogExecutor {
        guard let executor = executors[name] else {
            throw CatalogError(code: .unknownExecutor, message: "unknown executor type: \(name)", hint: hint(for: name))
        }
        guard !disabledExecutors.contains(name) else {
            throw CatalogError(
                code: .executorDisabled,
                message: "executor disabled: \(name)",
                hint: "the configuration has executors.\(name).enabled: false"
            )
        }
        return executor
    }
}
