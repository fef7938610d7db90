internal import OstlerConfig
internal import OstlerSystem

/// Where plugins are looked for, in order; the first that has a name wins it.
package struct PluginSearchPath: Sendable, Equatable {
    /// By what rule a directory is searched.
    package enum Origin: String, Sendable, CustomStringConvertible {
        case option = "--plugin-path"
        case environment = "$OSTLER_PLUGIN_PATH"
        /// What `ostler plugin add` has taken in.
        case store = "the installed plugins"
        case user = "the user's plugins"
        case prefix = "the installation's plugins"
        case workingDirectory = "./.ostler/plugins"

        package var description: String { rawValue }
        /// Whether the user named the directory, so that its absence is worth a word.
        var isExplicit: Bool { self == .option || self == .environment }
        /// Whether a plugin there is used only if somebody said that it is trusted: others than the user can put
        /// something into a directory that he works in, and he himself by mistake into his own.
        var needsTrust: Bool { self == .workingDirectory || self == .user }
    }

    /// A directory of plugins, or the directory of one plugin.
    package struct Entry: Sendable, Equatable {
        /// The absolute path.
        package let directory: String
        package let origin: Origin

        package init(directory: String, origin: Origin) {
            self.directory = directory
            self.origin = origin
        }
    }

    package var entries: [Entry]

    package init(_ entries: [Entry]) {
        self.entries = entries
    }

    /// The order of the reference: `--plugin-path`, `$OSTLER_PLUGIN_PATH` (both lists with colons), the working
    /// directory's, the installed ones, the user's directory, `PREFIX/lib/ostler/plugins`.
    package static func standard(
        option: String?,
        environment: [String: String],
        workingDirectory: String,
        prefix: String?
    ) -> PluginSearchPath {
        func list(_ text: String?, _ origin: Origin) -> [Entry] {
            (text ?? "").split(separator: ":").map { part in
                Entry(directory: part.isAbsolutePath ? String(part) : "\(workingDirectory)/\(part)", origin: origin)
            }
        }
        var entries = list(option, .option) + list(environment["OSTLER_PLUGIN_PATH"], .environment)
        entries.append(Entry(directory: workingDirectory + "/.ostler/plugins", origin: .workingDirectory))
        if let data = BaseDirectory.data.path(in: environment) {
            entries.append(Entry(directory: data + "/ostler/store", origin: .store))
            entries.append(Entry(directory: data + "/ostler/plugins", origin: .user))
        }
        if let prefix { entries.append(Entry(directory: prefix + "/lib/ostler/plugins", origin: .prefix)) }
        return PluginSearchPath(entries)
    }
}
