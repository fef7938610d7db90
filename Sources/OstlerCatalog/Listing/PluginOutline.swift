internal import OstlerTrust

/// What is said of a plugin where plugins are listed, and what decides whether it is used.
package struct PluginOutline: Sendable, Equatable {
    package struct Executor: Sendable, Equatable {
        package let name: String
        package let description: String
    }

    package let name: String
    package let version: String
    package let description: String
    let kind: PluginManifest.Kind
    /// The program or library that is part of the plugin, below its directory; nil if it is one of the machine's.
    let ownFile: String?
    /// What it asks for beyond an empty sandbox.
    let needs: Permissions
    /// In the order of the manifest.
    package let executors: [Executor]
}

/// What can be listed.
protocol Outlined {
    var outline: PluginOutline { get }
}

extension PluginOutline: Outlined {
    var outline: PluginOutline { self }
}

extension PluginManifest: Outlined {
    var outline: PluginOutline {
        PluginOutline(
            name: name,
            version: version,
            description: description,
            kind: kind,
            ownFile: entry.ownFile,
            needs: needs,
            executors: executors.map { .init(name: $0.name, description: $0.description) }
        )
    }
}

extension PluginManifest.Kind {
    /// What ``PluginOutline/ownFile`` is.
    var ownFile: String { self == .process ? "program" : "library" }
}
