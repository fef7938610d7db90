import Glibc
import OstlerConfig
import OstlerTestSupport
import Testing

@testable import OstlerCatalog
@testable import OstlerTrust

/// A user's directories, and a plugin to let in.
struct TrustBench {
    let directory: TemporaryDirectory
    let installer: PluginInstaller

    init(_ directory: TemporaryDirectory, policy: HostConfig.Plugins = HostConfig.Plugins()) throws {
        self.directory = directory
        installer = PluginInstaller(
            store: PluginStore(directory.file("data/ostler/store")),
            file: PluginLockFile(directory.file("config/ostler/plugins.lock")),
            policy: policy
        )
        try write("source")
    }

    /// Writes the plugin `tool`.
    func write(_ folder: String, version: String = "1.0.0", needs: String = "launch: true", program: String = "exit 0")
        throws
    {
        try directory.write(
            folder + "/plugin.yaml",
            """
            name: tool
            version: \(version)
            protocol: {min: 0, max: 0}
            kind: process
            entry: {command: [bin/tool]}
            needs: {\(needs)}
            executors: [{name: tool, payload: {type: object}}]

            """
        )
        try directory.write(folder + "/bin/tool", "#!/bin/sh\n\(program)\n", mode: 0o755)
    }

    /// Lets a folder or an archive in with all that it needs.
    @discardableResult
    func add(_ source: String = "source", key: Minisign.PublicKey? = nil) throws -> PluginLock.Entry {
        let candidate = try installer.stage(directory.file(source), key: key)
        return try installer.admit(candidate, granted: candidate.manifest.needs)
    }

    /// Trusts what is in a folder, with all that it needs.
    func trust(_ folder: String) throws {
        for candidate in try installer.find(in: directory.file(folder)) {
            _ = try installer.admit(candidate, granted: candidate.manifest.needs)
        }
    }

    /// What a run of Ostler would find.
    func load(policy: HostConfig.Plugins = HostConfig.Plugins()) throws -> Catalog {
        let path = PluginSearchPath.standard(
            option: nil,
            environment: ["XDG_DATA_HOME": directory.file("data")],
            workingDirectory: directory.file("work"),
            prefix: nil
        )
        return Catalog.load(searchPath: path, policy: policy, lock: try installer.file.read())
    }

    var lockPath: String { installer.file.path }

    /// The folder of the installed plugin.
    func place() throws -> String {
        let entry = try #require(try installer.file.read().installed("tool"))
        return installer.store.place(of: entry.digest)
    }

    /// What an attacker with the user's rights does first.
    func makeWritable(_ path: String) { chmod(path, 0o755) }

    // MARK: Signatures

    /// Makes a pair of keys; returns the public one.
    func makeKey(_ name: String) throws -> Minisign.PublicKey {
        try minisign(["-G", "-W", "-f", "-p", "\(name).pub", "-s", "\(name).key"])
        return try Minisign.PublicKey(readingFileOrText: directory.file("\(name).pub"))
    }

    /// Writes the list of sums of a folder and signs it.
    func sign(_ folder: String, by key: String, isLegacy: Bool = false) throws {
        let sums = try PluginTree(directory.file(folder)).sums().sums
        try directory.write(folder + "/plugin.sums", sums.text)
        try minisign(
            ["-S", "-W", "-s", "\(key).key", "-m", "\(folder)/plugin.sums", "-t", "tool"] + (isLegacy ? ["-l"] : [])
        )
    }

    private func minisign(_ arguments: [String]) throws {
        try Tool.run("/usr/bin/minisign", arguments, in: directory.path)
    }
}

/// The code of what a body throws as a refusal; nil if it goes through.
func refusal(_ body: () throws -> Void) throws -> String? {
    do {
        try body()
        return nil
    } catch let error as TrustError {
        return error.code.rawValue
    }
}
