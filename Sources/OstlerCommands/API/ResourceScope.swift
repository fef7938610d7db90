internal import OstlerApply
internal import OstlerHost
internal import OstlerProtocol
internal import OstlerResources
internal import OstlerSandbox
internal import OstlerTasks

/// Where requests may make resources, and the host that does their tasks.
struct ResourceScope: Sendable {
    let files: RootedFiles
    let settings: HostSettings
    let mode: ApplyMode
    let origin: TaskOrigin
    /// Whether commands must see the directory as their root, or else the machine would be open to them.
    let needsView: Bool

    /// Who asks is not the operator: the sandbox is that of the config, and the environment is not handed on.
    /// - Parameters:
    ///   - root: a directory; `/` is the machine.
    ///   - profile: no wider than the config's; nil for that.
    init(
        _ root: String,
        profile: String?,
        _ mode: ApplyMode,
        _ settings: HostSettings,
        _ origin: TaskOrigin
    ) throws(Failure) {
        let directory = try RootDirectory(root)
        let path = directory.path
        files = directory.files
        var settings = settings
        // Guards run under noop, too: it is the engine that executes nothing.
        settings.isNoop = false
        settings.profile = profile
        settings.profileOption = "sandbox"
        let resolver = ProfileResolver(
            settings.config,
            workingDirectory: settings.workingDirectory,
            home: settings.home,
            optionName: settings.profileOption
        )
        let policy = try resolver.resolve(option: profile)
        needsView = path != "/"
        if policy.fence == .namespaces {
            settings.taskBinds = RootView(path: path).binds
        } else if needsView {
            throw .noRootView(policy.profile.value)
        }
        (self.settings, self.mode, self.origin) = (settings, mode, origin)
    }
}
