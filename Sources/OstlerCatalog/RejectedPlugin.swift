package import OstlerConfig

/// A plugin, or an executor of one, that was found but is not used, and why.
package struct RejectedPlugin: Sendable {
    /// The closed set of reasons.
    package enum Code: String, Sendable {
        /// An earlier plugin has the name.
        case shadowed
        /// An earlier plugin offers the executor; the plugin's other executors are used.
        case executorShadowed = "executor_shadowed"
        /// The lists in the configuration say so.
        case blocked
        case invalidManifest = "invalid_manifest"
        case unsafePermissions = "unsafe_permissions"
        /// A directory without a manifest.
        case noManifest = "no_manifest"
        /// The entry's program is missing or cannot be executed.
        case invalidEntry = "invalid_entry"
        /// A directory that was named but does not exist.
        case notFound = "not_found"
        case unreadable
        /// `./.ostler/plugins`, which nobody has trusted.
        case untrusted
    }

    /// The manifest's name if it could be read, else that of the directory.
    package let name: String
    package let directory: String
    package let origin: PluginSearchPath.Entry
    package let code: Code
    /// One clause: `shadowed by …`, `blocked by …`, `invalid manifest: …`.
    package let message: String
    /// What is wrong with the manifest, if that is the reason.
    package let problems: [ConfigError]
    /// The executors that are lost with it, as far as known.
    package let executors: [String]

    init(
        name: String? = nil,
        directory: String,
        origin: PluginSearchPath.Entry,
        _ code: Code,
        _ message: String,
        problems: [ConfigError] = [],
        executors: [String] = []
    ) {
        self.name = name ?? directory.split(separator: "/").last.map(String.init) ?? directory
        self.directory = directory
        self.origin = origin
        self.code = code
        self.message = message
        self.problems = problems
        self.executors = executors
    }
}
