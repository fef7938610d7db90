internal import Glibc
internal import OstlerCatalog
internal import OstlerCommandLine
internal import OstlerConfig
internal import OstlerHost
internal import OstlerProtocol
internal import OstlerSystem
internal import OstlerTasks
internal import OstlerTrust

/// The one place where config, catalog and host are put together.
struct Composition {
    let context: RunContext
    let catalog: Catalog
    let searchPath: PluginSearchPath

    var config: HostConfig { context.config }
    /// The configuration file that was read, if there is one.
    var source: ConfigSource? { context.source }

    /// Reads config and manifests. Nothing is executed.
    init(_ options: GlobalOptions) throws {
        context = try RunContext(options)
        Log.set(phase: .start)
        let config = context.config
        do throws(TrustError) {
            (searchPath, catalog) = try Self.findPlugins(options, config)
        } catch {
            throw PluginTrust.tell(error)
        }
        for plugin in catalog.plugins {
            Log.debug("found in \(plugin.directory)", .init(plugin: plugin.manifest.name))
        }
        try Self.check(config, by: catalog)
        Log.set(phase: .execute)
    }

    /// Tells what is wrong with the executors' sections of the configuration.
    static func check(_ config: HostConfig, by catalog: Catalog) throws(Exit) {
        let problems = catalog.check(config).problems
        guard problems.isEmpty else {
            for problem in problems { Log.problem(problem) }
            throw Exit(.invalid)
        }
    }

    /// Looks for plugins and reads their manifests. Throws if it cannot be told what was let in and what is blocked.
    static func findPlugins(
        _ options: GlobalOptions,
        _ config: HostConfig
    ) throws(TrustError) -> (searchPath: PluginSearchPath, catalog: Catalog) {
        let searchPath = searchPath(options)
        let catalog = Catalog.load(
            searchPath: searchPath,
            policy: config.plugins,
            lock: try PluginTrust.lockFile?.read() ?? PluginLock(),
            disabledExecutors: config.disabledExecutors
        )
        return (searchPath, catalog)
    }

    /// Looks for plugins as ``findPlugins(_:_:)`` does, to list them: what a manifest said when it was last listed is
    /// not read again.
    static func outline(_ options: GlobalOptions, _ config: HostConfig) throws(TrustError) -> CatalogOutline {
        CatalogOutline.load(
            searchPath: searchPath(options),
            policy: config.plugins,
            lock: try PluginTrust.lockFile?.read() ?? PluginLock(),
            disabledExecutors: config.disabledExecutors,
            cache: BaseDirectory.cache.path(in: environment).map { OutlineCache(in: $0) }
        )
    }

    private static func searchPath(_ options: GlobalOptions) -> PluginSearchPath {
        PluginSearchPath.standard(
            option: options.pluginPath,
            environment: environment,
            workingDirectory: workingDirectory,
            prefix: Installation.prefix
        )
    }

    var settings: HostSettings {
        var settings = context.settings(catalog: catalog)
        settings.spoolDirectory = Self.spoolDirectory
        settings.onLog = { plugin, log in
            let subject = Log.Subject(task: log.task, plugin: plugin)
            switch log.level {
            case .error: Log.error(log.message, subject)
            case .warning: Log.warning(log.message, subject)
            case .info: Log.info(log.message, subject)
            case .debug: Log.debug(log.message, subject)
            }
        }
        return settings
    }

    /// Where long output is kept while a task runs. Not /tmp, which is often memory.
    static var spoolDirectory: String { environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/var/tmp" }

    var origin: TaskOrigin { TaskOrigin(runID: context.runID, principal: context.principal) }

    static let environment: [String: String] = {
        var variables: [String: String] = [:]
        var entry: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>? = environ
        while let text = entry?.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { variables[String(pair[0])] = String(pair[1]) }
            entry = entry?.advanced(by: 1)
        }
        return variables
    }()

    static var workingDirectory: String {
        guard let path = getcwd(nil, 0) else { return "/" }
        defer { free(path) }
        return String(cString: path)
    }
}

/// Where this program is installed.
enum Installation {
    /// The directory of the running program.
    private static let directory: String = {
        var path = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink("/proc/self/exe", &path, path.count - 1)
        let text = String(decoding: path.prefix(max(count, 0)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
        return text.lastSlash.map { String(text[..<$0]) } ?? "."
    }()

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// `PREFIX` of an installed tree; nil when it runs from where it was built.
    static let prefix: String? = {
        guard let slash = directory.lastSlash else { return nil }
        let prefix = String(directory[..<slash])
        return exists(prefix + "/libexec/ostler") ? prefix : nil
    }()

    /// Names the directory of the launcher.
    static let launcherVariable = "OSTLER_LIBEXEC"

    /// The program `ostler-launch`.
    static let launcher: String = {
        if let directory = Composition.environment[launcherVariable] { return directory + "/ostler-launch" }
        if let prefix { return prefix + "/libexec/ostler/ostler-launch" }
        return directory + "/ostler-launch"
    }()
}
