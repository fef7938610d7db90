internal import Glibc
internal import OstlerCatalog
internal import OstlerConfig
internal import OstlerHost
internal import OstlerTasks

/// What every command that works begins with: the configuration, how to log, and a name for the run.
struct RunContext {
    let config: HostConfig
    /// The configuration file that was read, if there is one.
    let source: ConfigSource?
    let runID: String
    let principal: String

    /// Reads the configuration; tells all that is wrong with it.
    init(_ options: GlobalOptions) throws {
        let environment = Composition.environment
        runID = Self.makeRunID()
        principal = "uid:\(getuid())"
        Log.set(runID: runID)
        let log = try LogChoice(options, environment)
        log.apply(to: HostConfig())
        if let misspelled = KnownVariables.misspelled(in: environment) {
            Log.failure(misspelled)
            throw Exit(.invalid)
        }
        do {
            (config, source) = try HostConfig.find(
                explicit: options.config,
                environment: environment,
                workingDirectory: Composition.workingDirectory
            )
        } catch {
            for problem in error.problems { Log.problem(problem) }
            if let more = error.omission { Log.error(more) }
            throw Exit(.invalid)
        }
        log.apply(to: config)
        let found = source
        Log.debug("configuration: " + (found.map { "\($0.path), by \($0.rule.rawValue)" } ?? "no file, defaults"))
        Log.set(phase: .execute)
    }

    private static func makeRunID() -> String {
        var random = SystemRandomNumberGenerator()
        let digits = String(random.next(), radix: 16)
        return "r" + String(repeating: "0", count: 16 - digits.count) + digits
    }

    /// What a host is made from.
    func settings(catalog: Catalog) -> HostSettings {
        var settings = HostSettings(
            config: config,
            catalog: catalog,
            launcherProgram: Installation.launcher,
            runID: runID,
            principal: principal
        )
        settings.workingDirectory = Composition.workingDirectory
        settings.home = Composition.environment["HOME"]
        return settings
    }
}
