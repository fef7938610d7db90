internal import OstlerCatalog
internal import OstlerSystem
internal import OstlerTasks

/// The one plugin of a directory that the command line names.
enum PluginAt {
    /// A catalog that holds just this plugin; tells why there is none.
    static func catalog(_ directory: String) throws -> Catalog {
        let path = directory.isAbsolutePath ? directory : "\(Composition.workingDirectory)/\(directory)"
        let catalog = Catalog.load(searchPath: PluginSearchPath([.init(directory: path, origin: .option)]))
        guard catalog.plugins.count == 1, catalog.rejected.isEmpty else {
            for plugin in catalog.rejected {
                // Problems of a manifest name its file themselves.
                let place = plugin.problems.isEmpty ? plugin.directory + ": " : ""
                Log.error(place + plugin.message, code: plugin.code.rawValue)
            }
            if catalog.plugins.count > 1 { Log.error("\(path) holds several plugins: name the directory of one") }
            if catalog.plugins.isEmpty, catalog.rejected.isEmpty {
                Log.error("no plugin in \(path): there is no plugin.yaml", code: "no_manifest")
            }
            throw Exit(.invalid)
        }
        return catalog
    }
}
