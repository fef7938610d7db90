import OstlerConfig
import OstlerTestSupport

@testable import OstlerCatalog

extension SuiteDirectory {
    /// Writes a plugin that offers `executors`, by default one of its own name.
    func writePlugin(
        _ path: String,
        name: String,
        executors: [String]? = nil,
        extra: String = "",
        program: String = "exit 0"
    ) {
        var text = """
            name: \(name)
            version: 1.0.0
            protocol: {min: 0, max: 0}
            kind: process
            entry: {command: [bin/run]}
            \(extra)
            executors:

            """
        for executor in executors ?? [name] { text += "  - {name: \(executor), payload: {type: object}}\n" }
        write(path + "/plugin.yaml", text)
        write(path + "/bin/run", "#!/bin/sh\n\(program)\n", mode: 0o755)
    }

    func entry(_ path: String, _ origin: PluginSearchPath.Origin = .option) -> PluginSearchPath.Entry {
        PluginSearchPath.Entry(directory: self.path(path), origin: origin)
    }

    func load(
        _ paths: String...,
        policy: HostConfig.Plugins = HostConfig.Plugins(),
        disabled: Set<String> = []
    ) -> Catalog {
        Catalog.load(
            searchPath: PluginSearchPath(paths.map { entry($0) }),
            policy: policy,
            disabledExecutors: disabled
        )
    }
}

extension Catalog {
    /// One line for each rejected plugin: name, code, message.
    var rejections: [String] { rejected.map { "\($0.name): \($0.code.rawValue): \($0.message)" } }

    var names: [String] { plugins.map(\.manifest.name) }
}
