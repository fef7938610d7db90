internal import Glibc
import OstlerCatalog
import OstlerConfig
import OstlerHost
import OstlerJSON
import OstlerSandbox
import OstlerTestSupport
import Testing

/// What a host of a test is made from.
struct HostSetup {
    /// A copy of a plugin of the fixtures, with single words of its manifest changed.
    struct Plugin {
        var name = "misbehaving"
        var executor = "misbehave"
        /// Replacements in the manifest's text; each must fit.
        var edits: [(String, String)] = []
        /// The executor's section in the config.
        var settings: [(String, JSONValue)] = []
    }

    /// A plugin of files that a test brings along.
    struct OwnPlugin {
        let name: String
        /// Paths below the plugin's directory, and what is in them; programs are executable.
        let files: [(path: String, bytes: [UInt8])]
    }

    var plugins = [Plugin()]
    var ownPlugins: [OwnPlugin] = []
    /// Whether the plugin `command` is there as well.
    var hasCommand = false
    var config = HostConfig()
    var isStrict = false
    var isNoop = false
    var launcherProgram = Surroundings.program("ostler-launch")
    /// A directory that becomes the work directory of each task.
    var workDirectory: String?
    /// Where long output is kept.
    var spoolDirectory = "/var/tmp"
    /// The trace that the tasks belong to.
    var tracing: HostTracing?
    /// A directory for the test's own files.
    let directory: TemporaryDirectory

    init(_ directory: TemporaryDirectory) {
        self.directory = directory
        // Short, since most tests wait for it; where a plugin is to obey see `obeyed`.
        config.tasks.graceMilliseconds = 300
    }

    /// Adds the plugin `command`.
    static func withCommand(_ setup: inout HostSetup) {
        setup.hasCommand = true
    }

    /// Gives a plugin that is to obey as much time as it takes on a busy machine.
    static func obeyed(_ setup: inout HostSetup) {
        setup.config.tasks.graceMilliseconds = 20_000
    }

    /// Keeps long output in a directory of the test's own.
    mutating func useSpool() throws {
        try directory.makeDirectory("spool")
        spoolDirectory = directory.path + "/spool"
    }

    /// Changes the manifest of the one plugin.
    mutating func edit(_ text: String, _ replacement: String) {
        plugins[0].edits.append((text, replacement))
    }

    /// Sets a key of the config of the one plugin's executor.
    mutating func set(_ key: String, _ value: JSONValue) {
        plugins[0].settings.append((key, value))
    }

    /// Installs the plugins and loads them.
    func settings() throws -> HostSettings {
        var config = config
        for plugin in plugins {
            try install(plugin)
            var section = config.executor(named: plugin.executor)
            section.settings = JSONObject(plugin.settings)
            config.executors[plugin.executor] = section
        }
        if hasCommand { try installCommand() }
        for plugin in ownPlugins {
            for file in plugin.files {
                try directory.write("plugins/\(plugin.name)/\(file.path)", file.bytes, mode: 0o755)
            }
        }
        let path = PluginSearchPath([.init(directory: directory.path + "/plugins", origin: .option)])
        let catalog = Catalog.load(searchPath: path)
        for rejected in catalog.rejected { Issue.record("\(rejected)") }
        var settings = HostSettings(
            config: config,
            catalog: catalog,
            launcherProgram: launcherProgram,
            runID: "test",
            principal: "tester"
        )
        settings.isStrict = isStrict
        settings.isNoop = isNoop
        settings.spoolDirectory = spoolDirectory
        settings.tracing = tracing
        settings.workDirectory = workDirectory.map {
            .init(source: $0, target: SandboxPolicy.workPath, isWritable: true, mapsOwner: geteuid() == 0)
        }
        return settings
    }

    private func install(_ plugin: Plugin) throws {
        let source = Surroundings.packageRoot() + "/Tests/Fixtures/plugins/misbehaving/"
        var manifest = String(decoding: try contents(ofFile: source + "plugin.yaml"), as: UTF8.self)
        for (text, replacement) in plugin.edits {
            #expect(manifest.contains(text), "the manifest does not hold \(text)")
            manifest = manifest.replacing(text, with: replacement)
        }
        manifest = manifest.replacing("name: misbehaving", with: "name: \(plugin.name)")
            .replacing("name: misbehave\n", with: "name: \(plugin.executor)\n")
        try directory.write("plugins/\(plugin.name)/plugin.yaml", manifest)
        try directory.write("plugins/\(plugin.name)/plugin.py", try contents(ofFile: source + "plugin.py"))
    }

    private func installCommand() throws {
        let source = Surroundings.packageRoot() + "/Plugins/command/plugin.yaml"
        try directory.write("plugins/command/plugin.yaml", try contents(ofFile: source))
        try directory.makeDirectory("plugins/command/bin")
        // A link, and not a copy of fifty megabytes for each test.
        let program = Surroundings.program("ostler-plugin-command")
        let place = directory.file("plugins/command/bin/ostler-plugin-command")
        guard link(program, place) == 0 || exitStatus(of: "/bin/cp", [program, place]) == 0 else {
            throw TestSupportFailure("link", place)
        }
    }
}

extension Trait where Self == ConditionTrait {
    /// For tests that build sandboxes.
    static var needsSandbox: Self {
        .enabled(if: Surroundings.userNamespacesAllowed, "\(Surroundings.noUserNamespaces)")
    }
}
