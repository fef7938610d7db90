package import OstlerCatalog
internal import OstlerConfig
internal import OstlerJSON
package import OstlerProtocol
package import OstlerSandbox
internal import OstlerSystem
internal import OstlerTrust

/// How a plugin is started and greeted: in one place, since whoever tries a plugin must start it as the host does.
package struct PluginStart: Sendable {
    package let plugin: InstalledPlugin
    /// The sandbox of its process.
    package var policy: SandboxPolicy
    private let settings: HostSettings
    /// What its sandbox shows it.
    fileprivate(set) var secrets: [SecretValue] = []

    package init(_ plugin: InstalledPlugin, policy: SandboxPolicy, settings: HostSettings) {
        self.plugin = plugin
        self.policy = policy
        self.settings = settings
    }

    /// Where it finds its own files: without a view they are where they lie.
    fileprivate var place: String {
        policy.profile.fence == .namespaces ? SandboxProvider.pluginPath : plugin.directory
    }

    /// The command line.
    fileprivate var arguments: [String] {
        let shim = policy.profile.fence == .namespaces ? SandboxProvider.shimPath : settings.shimProgram
        return plugin.manifest.entry.arguments(in: place, shim: shim)
    }

    /// What the plugin is greeted with.
    package var greeting: InitializeRequest {
        let sections = plugin.manifest.executors.map {
            ($0.name, JSONValue.object(settings.config.executor(named: $0.name).settings))
        }
        var request = InitializeRequest(
            host: "ostler \(OstlerVersion.text)",
            maximumFrameBytes: ExecutorProcess.maximumFrameBytes,
            config: .object(JSONObject(sections)),
            launch: plugin.permissions.launch
        )
        request.shim = plugin.manifest.shimRequest(in: place)
        return request
    }

    /// How long it may take from its start to its answer to `initialize`, in milliseconds.
    package var startLimit: Int64 {
        plugin.manifest.limits.startTimeoutMilliseconds ?? settings.config.tasks.startTimeoutMilliseconds
    }
}

extension SandboxProvider {
    /// The same start, in a sandbox that shows the secrets which the plugin was granted.
    /// - Throws: the failure of a secret that cannot be had, or that the sandbox has no place for.
    package func withSecrets(_ startup: PluginStart) async throws(Failure) -> PluginStart {
        let names = startup.plugin.permissions.secrets
        guard !names.isEmpty else { return startup }
        guard startup.policy.profile.fence == .namespaces else { throw .noViewOfSecrets(startup.policy.name) }
        var startup = startup
        startup.secrets = try await vault.values(of: names)
        startup.policy.secrets = startup.secrets.map { SandboxSecret(name: $0.name, variable: nil, bytes: $0.bytes) }
        return startup
    }

    /// Starts a plugin's program in a sandbox that `plan` builds. The descriptors stay the caller's.
    /// - Returns: the spawn's number.
    package func spawn(
        _ startup: PluginStart,
        plan: LaunchPlan,
        descriptors: (stdin: Int32, stdout: Int32, stderr: Int32),
        observer: any SandboxObserver
    ) -> UInt64 {
        launcher.spawn(
            plan: plan,
            arguments: startup.arguments.map { Array($0.utf8) },
            workDirectory: startup.place,
            descriptors: descriptors,
            launchChannel: startup.plugin.permissions.launch,
            observer: observer
        )
    }
}
