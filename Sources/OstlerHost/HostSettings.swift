package import OstlerCatalog
package import OstlerConfig
package import OstlerJSON
package import OstlerProtocol
package import OstlerSandbox
internal import OstlerSystem

/// What a host is made from: config, catalog and where things are installed.
package struct HostSettings: Sendable {
    package var config: HostConfig
    package var catalog: Catalog
    /// The program `ostler-launch`.
    package var launcherProgram: String
    /// The program `ostler-shim`, which lies where the launcher does.
    package var shimProgram: String
    /// One name for everything that this host does.
    package var runID: String
    /// Who submits; roles and audit build on it.
    package var principal: String
    /// Files of the caller that show in the sandbox of each task.
    package var taskBinds: [SandboxPolicy.Bind] = []
    /// A directory of the caller that becomes the work directory of each task.
    package var workDirectory: SandboxPolicy.Bind?
    /// Where output that is too long for memory is kept, in files without names.
    package var spoolDirectory = "/var/tmp"
    /// Nothing is executed: guards are asked, and it is told what would have been.
    package var isNoop = false
    /// Any line of a plugin's stdout that is no frame ends the session.
    package var isStrict = false
    /// The profile that the command line names; nil for the config's.
    package var profile: String?
    /// The option that names it, without dashes, as messages have it.
    package var profileOption = "profile"
    /// Whether that profile may be wider than the config's within namespaces: for a command line that can grant files.
    package var profileMayGrant = false
    /// Limits that the caller sets on the command line, whatever the profile says; nil lifts one.
    package var limits: [SandboxLimit: Int64?] = [:]
    /// The network of its own that a sandbox gets, whatever the profile says; nil for what the profile says.
    package var network: EffectivePolicy.Network?
    /// The caller's directory, which the profile `workspace` shows; absolute and without links.
    package var workingDirectory = "/"
    /// The caller's home directory.
    package var home: String?
    /// Whether the caller changes its own machine: without a word of the config there is no sandbox then.
    package var isOperator = false
    /// The caller's environment, `KEY=value`, for tasks that inherit it where there is no sandbox; nil if none may.
    package var inheritedEnvironment: [String]?
    /// Layers that must be had beyond what the profile asks for.
    package var required: SandboxLayers = []

    /// Told of each step on the way to the first task.
    package var onPhase: (@LoopActor @Sendable (String) -> Void)?

    /// Keeps what host and plugins say to each other.
    package var recorder: SessionRecorder?

    /// The trace that the tasks belong to; nil for none.
    package var tracing: HostTracing?

    /// Told what plugins log, with the plugin's name.
    package var onLog: (@LoopActor @Sendable (String, LogNotification) -> Void)?

    package init(config: HostConfig, catalog: Catalog, launcherProgram: String, runID: String, principal: String) {
        self.config = config
        self.catalog = catalog
        self.launcherProgram = launcherProgram
        let end = launcherProgram.lastIndex(of: "/").map { launcherProgram.index(after: $0) }
        shimProgram = launcherProgram[..<(end ?? launcherProgram.startIndex)] + "ostler-shim"
        self.runID = runID
        self.principal = principal
    }
}
