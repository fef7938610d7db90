package import OstlerCatalog
package import OstlerConfig
internal import OstlerJSON
package import OstlerProtocol
package import OstlerSandbox
internal import OstlerSystem

/// How a plugin is started and greeted: in one place, since whoever tries a plugin must start it as the host does.
package struct PluginStart: Sendable {
    package let plugin: InstalledPlugin
    /// The sandbox of its process.
    package let policy: SandboxPolicy

    package init(_ plugin: InstalledPlugin, policy: SandboxPolicy) {
        self.plugin = plugin
        self.policy = policy
    }

    /// What the plugin is greeted with.
    package func greeting(_ config: HostConfig) -> InitializeRequest {
        let sections = plugin.manifest.executors.map {
            ($0.name, JSONValue.object(config.executor(named: $0.name).settings))
        }
        return InitializeRequest(
            host: "ostler \(OstlerVersion.text)",
            maximumFrameBytes: ExecutorProcess.maximumFrameBytes,
            config: .object(JSONObject(sections)),
            launch: plugin.manifest.needs.launch
        )
    }

    /// How long it may take from its start to its answer to `initialize`, in milliseconds.
    package func startLimit(_ config: HostConfig) -> Int64 {
        plugin.manifest.limits.startTimeoutMilliseconds ?? config.tasks.startTimeoutMilliseconds
    }
}

extension SandboxProvider {
    /// Starts a plugin's program in a sandbox that `plan` builds. The descriptors stay the caller's.
    /// - Returns: the spawn's number.
    package func spawn(
        _ startup: PluginStart,
        plan: LaunchPlan,
        descriptors: (stdin: Int32, stdout: Int32, stderr: Int32),
        observer: any SandboxObserver
    ) -> UInt64 {
        let plugin = startup.plugin
        // Without a view it is where it lies.
        let place = startup.policy.profile.fence == .namespaces ? Self.pluginPath : plugin.directory
        return launcher.spawn(
            plan: plan,
            arguments: plugin.manifest.entry.arguments(in: place).map { Array($0.utf8) },
            workDirectory: place,
            descriptors: descriptors,
            launchChannel: plugin.manifest.needs.launch,
            observer: observer
        )
    }
}
