internal import ArgumentParser
internal import Glibc
internal import OstlerCatalog
internal import OstlerConfig
internal import OstlerHost
internal import OstlerTasks

/// The one place where config, catalog and host are put together.
struct Composition {
    let config: HostConfig
    let catalog: Catalog
    let searchPath: PluginSearchPath
    let runID: String
    let principal: String

    /// Reads config and manifests. Nothing is executed.
    init(_ options: GlobalOptions) throws {
        let environment = Self.environment
        let directory = Self.workingDirectory
        if let misspelled = KnownVariables.misspelled(in: environment) {
            Diagnostics.failure(misspelled)
            throw ExitCode(Outcome.invalid.exitCode)
        }
        do {
            config = try HostConfig.load(
                explicit: options.config,
                environment: environment,
                workingDirectory: directory
            )
        } catch {
            for line in error.lines { Diagnostics.error(line) }
            throw ExitCode(Outcome.invalid.exitCode)
        }
        searchPath = PluginSearchPath.standard(
            option: options.pluginPath,
            environment: environment,
            workingDirectory: directory,
            prefix: Installation.prefix
        )
        catalog = Catalog.load(
            searchPath: searchPath,
            policy: config.plugins,
            disabledExecutors: config.disabledExecutors
        )
        runID = Self.makeRunID()
        principal = "uid:\(getuid())"
        let problems = catalog.check(config).problems
        guard problems.isEmpty else {
            for problem in problems { Diagnostics.error(problem.lineWithCode) }
            throw ExitCode(Outcome.invalid.exitCode)
        }
    }

    var settings: HostSettings {
        var settings = HostSettings(
            config: config,
            catalog: catalog,
            launcherProgram: Installation.launcher,
            runID: runID,
            principal: principal
        )
        // Not /tmp, which is often memory.
        settings.spoolDirectory = Self.environment["TMPDIR"].flatMap { $0.isEmpty ? nil : $0 } ?? "/var/tmp"
        return settings
    }

    var origin: TaskOrigin { TaskOrigin(runID: runID, principal: principal) }

    private static func makeRunID() -> String {
        var random = SystemRandomNumberGenerator()
        let digits = String(random.next(), radix: 16)
        return "r" + String(repeating: "0", count: 16 - digits.count) + digits
    }

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
        return text.lastIndex(of: "/").map { String(text[..<$0]) } ?? "."
    }()

    private static func exists(_ path: String) -> Bool { access(path, F_OK) == 0 }

    /// `PREFIX` of an installed tree; nil when it runs from where it was built.
    static let prefix: String? = {
        guard let slash = directory.lastIndex(of: "/") else { return nil }
        let prefix = String(directory[..<slash])
        return exists(prefix + "/libexec/ostler") ? prefix : nil
    }()

    /// The program `ostler-launch`.
    static let launcher: String = {
        if let directory = Composition.environment["OSTLER_LIBEXEC"] { return directory + "/ostler-launch" }
        if let prefix { return prefix + "/libexec/ostler/ostler-launch" }
        return directory + "/ostler-launch"
    }()
}
