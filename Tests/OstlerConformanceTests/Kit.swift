internal import Glibc
import OstlerCatalog
import OstlerConfig
import OstlerConformance
import OstlerHost
import OstlerSystem
import OstlerTestSupport
import Testing

/// Tries a plugin of the fixtures.
enum Kit {
    static let isLong = Surroundings.environment("OSTLER_LONG") == "1"

    /// - Parameters:
    ///   - argument: what the plugin is started with: the promise that it breaks.
    ///   - filters: the checks that are tried; empty for all.
    static func report(
        on plugin: String,
        argument: String = "none",
        filters: [String] = [],
        isStrict: Bool = true,
        patience: Int64 = 20_000,
        load: Int = 100
    ) async throws -> ConformanceReport {
        signal(SIGPIPE, SIG_IGN)
        EventLoop.shared.startThread()
        return try await withTemporaryDirectory { directory in
            let installed = try install(plugin, argument: argument, in: directory)
            var options = ConformanceRun.Options()
            (options.isStrict, options.filters, options.patience, options.load) = (isStrict, filters, patience, load)
            let settings = HostSettings(
                config: HostConfig(),
                catalog: Catalog.load(searchPath: PluginSearchPath([])),
                launcherProgram: Surroundings.program("ostler-launch"),
                runID: "kit",
                principal: "tester"
            )
            return try await tried(installed, settings, options)
        }
    }

    @LoopActor
    private static func tried(
        _ plugin: InstalledPlugin,
        _ settings: HostSettings,
        _ options: ConformanceRun.Options
    ) async throws -> ConformanceReport {
        try await ConformanceRun(plugin, settings: settings, options: options).report()
    }

    private static func install(
        _ plugin: String,
        argument: String,
        in directory: TemporaryDirectory
    ) throws -> InstalledPlugin {
        let source = Surroundings.packageRoot() + "/Tests/Fixtures/plugins/\(plugin)/"
        var manifest = String(decoding: try contents(ofFile: source + "plugin.yaml"), as: UTF8.self)
            .replacing("plugin.py, none]", with: "plugin.py, \(argument)]")
        if argument == "M18-start" {
            manifest = manifest.replacing("start_timeout: 10s", with: "start_timeout: 2s")
        }
        if argument == "S4-restart" { manifest += "needs: {files: [{path: /state, access: rw}]}\n" }
        // A directory that is there again for the next process.
        let state = try directory.makeDirectory("state")
        chmod(state, 0o777)
        chmod(directory.path, 0o755)
        manifest = manifest.replacing("path: /state", with: "path: " + state)
        let program = String(decoding: try contents(ofFile: source + "plugin.py"), as: UTF8.self)
            .replacing("\"/state", with: "\"" + state)
        try directory.write("plugin/plugin.yaml", manifest)
        try directory.write("plugin/plugin.py", program, mode: 0o755)
        let library = Surroundings.packageRoot() + "/sdk/python/src/ostler_plugin"
        for name in namesOfDirectory(library) where name.hasSuffix(".py") {
            try directory.write("plugin/lib/ostler_plugin/" + name, try contents(ofFile: library + "/" + name))
        }
        let entry = PluginSearchPath.Entry(directory: directory.file("plugin"), origin: .option)
        let catalog = Catalog.load(searchPath: PluginSearchPath([entry]))
        for rejected in catalog.rejected { Issue.record("\(rejected)") }
        return try #require(catalog.plugins.first)
    }
}

extension ConformanceReport {
    /// The checks that failed, with what was seen.
    var failed: [String: String] {
        var failed: [String: String] = [:]
        for row in rows { if case .failed(let detail) = row.verdict { failed[row.check.name] = detail } }
        return failed
    }
}

extension Trait where Self == ConditionTrait {
    /// For tests that build sandboxes.
    static var needsSandbox: Self {
        .enabled(if: Surroundings.userNamespacesAllowed, "\(Surroundings.noUserNamespaces)")
    }
}
