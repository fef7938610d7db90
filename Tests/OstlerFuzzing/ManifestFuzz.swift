internal import OstlerCatalog
internal import OstlerConfig
internal import OstlerJSON
internal import OstlerSchema

/// A manifest is refused with places that are in it, or holds what its documentation promises. What stands behind a NUL
/// is the content of every file that it names.
enum ManifestFuzz {
    static func check(_ bytes: UnsafeBufferPointer<UInt8>) throws(BrokenPromise) {
        let parts = Array(bytes).split(separator: 0, maxSplits: 1, omittingEmptySubsequences: false).map(Array.init)
        let manifest: PluginManifest
        do throws(ConfigFailure) {
            manifest = try PluginManifest(parsing: parts[0], file: "plugin.yaml") { (_) throws(SmallFile.Failure) in
                guard parts.count == 2 else { throw SmallFile.Failure(.notFound, "does not exist") }
                return parts[1]
            }
        } catch {
            return try YAMLPromises.checkRefusal(error, of: parts[0])
        }
        try promise(Identifier.isValid(manifest.name) && !manifest.executors.isEmpty, "a manifest without a name")
        let names = Set(manifest.executors.map(\.name))
        try promise(names.count == manifest.executors.count, "two executors of one name")
        switch manifest.entry.program {
        case .inPlugin(let path), .libraryInPlugin(let path):
            let parts = path.split(separator: "/", omittingEmptySubsequences: false)
            try promise(parts.allSatisfy { !["", ".", ".."].contains($0) }, "an entry outside of the plugin: \(path)")
        case .absolute, .onPath, .libraryOfView: break
        }
        try promise((manifest.shim == nil) == (manifest.kind == .process), "a library without a shim")
        for schema in manifest.executors.map(\.payload) + [manifest.configSchema].compactMap(\.self) {
            try checkSchema(schema)
        }
    }

    private static func checkSchema(_ schema: PluginSchema) throws(BrokenPromise) {
        do throws(ConfigError) {
            _ = try schema.compiled().flags
        } catch {
            try promisePresentable(error.description)
        }
    }
}
