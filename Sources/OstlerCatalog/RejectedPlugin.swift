package import OstlerConfig
internal import OstlerSystem
internal import OstlerTrust

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
        /// Found in a place where plugins must be trusted, and nobody has.
        case untrusted
        /// It asks for more than it was granted.
        case needsMore = "needs_more"
        // It is no longer what was let in.
        case fileChanged = "file_changed"
        case fileAdded = "file_added"
        case fileMissing = "file_missing"
        case storeEntryReplaced = "store_entry_replaced"
        case storeUnsafe = "store_unsafe"
        // There is something in it that may not be part of a plugin.
        case symbolicLink = "symbolic_link"
        case hardLink = "hard_link"
        case specialFile = "special_file"
        case setuidFile = "setuid_file"
        case unsafeOwner = "unsafe_owner"
        case unsafePath = "unsafe_path"
        case twinNames = "twin_names"
        case tooLarge = "too_large"
        case changedWhileRead = "changed_while_read"
        case sumsMismatch = "sums_mismatch"
        case signatureMalformed = "signature_malformed"

        /// What a plugin that was looked into was refused for.
        init(_ code: TrustError.Code) {
            self = Code(rawValue: code.rawValue) ?? .untrusted
        }
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
        self.name = name ?? directory.pathParts.last.map(String.init) ?? directory
        self.directory = directory
        self.origin = origin
        self.code = code
        self.message = message
        self.problems = problems
        self.executors = executors
    }
}
