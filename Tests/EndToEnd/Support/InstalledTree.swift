internal import Glibc
internal import OstlerJSON
internal import OstlerTestSupport
internal import Testing

/// Everything that drives the real programs, one test after the other: they share two cores and one kernel.
@Suite(.serialized)
struct EndToEnd {}

/// An installed Ostler in a directory of its own.
struct InstalledTree: Sendable {
    let directory: TemporaryDirectory
    /// The ordinary user that runs it; nil for whoever runs the tests.
    var user: Int32?

    var prefix: String { directory.file("prefix") }
    var program: String { prefix + "/bin/ostler" }
    var launcher: String { prefix + "/libexec/ostler/ostler-launch" }
    var plugin: String { prefix + "/lib/ostler/plugins/command" }
    /// The caller's working directory and home.
    var home: String { directory.file("home") }

    init(_ directory: TemporaryDirectory, user: Int32? = nil) throws {
        self.directory = directory
        self.user = user
        try directory.makeDirectory("home")
        chmod(directory.path, 0o755)
        if let user { chown(home, uid_t(user), gid_t(user)) }
        for (built, place) in [
            ("ostler", "bin/ostler"), ("ostler-launch", "libexec/ostler/ostler-launch"),
            ("ostler-shim", "libexec/ostler/ostler-shim"),
            ("ostler-plugin-command", "lib/ostler/plugins/command/bin/ostler-plugin-command"),
        ] {
            try Self.install(Surroundings.program(built), directory, "prefix/" + place)
        }
        let manifest = try contents(ofFile: Surroundings.packageRoot() + "/Plugins/command/plugin.yaml")
        try directory.write("prefix/lib/ostler/plugins/command/plugin.yaml", manifest)
    }

    private static func install(_ source: String, _ directory: TemporaryDirectory, _ place: String) throws {
        let parent = place.split(separator: "/").dropLast().joined(separator: "/")
        try directory.makeDirectory(parent)
        // The same file under another name where it can be had: copies of debug builds are large.
        guard link(source, directory.file(place)) != 0 else { return }
        try directory.write(place, try contents(ofFile: source), mode: 0o755)
    }

    /// Adds the SDKs and the templates of projects, as an installed tree has them.
    func installSDK() async throws {
        let words = [Surroundings.packageRoot() + "/scripts/install-sdk", prefix + "/share/ostler/sdk"]
        try directory.makeDirectory("prefix/share/ostler")
        var command = Child.Command("/bin/bash", words)
        command.environment = ["PATH=/usr/bin:/bin"]
        let installed = try await run(command)
        try #require(installed.exitCode == 0, "\(installed.complaint)")
    }

    /// How Ostler is started here.
    func command(_ arguments: [String], environment: [String] = []) -> Child.Command {
        var command: Child.Command
        if let user {
            let words = ["--reuid", "\(user)", "--regid", "\(user)", "--clear-groups", program]
            command = Child.Command("/usr/bin/setpriv", words + arguments)
        } else {
            command = Child.Command(program, arguments)
        }
        command.directory = home
        command.environment = ["HOME=" + home, "PATH=/usr/bin:/bin", "LANG=C.UTF-8"] + environment
        return command
    }

    func start(_ arguments: [String], environment: [String] = [], input: Child.Input = .empty) throws -> Child {
        var command = command(arguments, environment: environment)
        command.input = input
        return try Child(command)
    }

    /// Runs Ostler to its end.
    func run(
        _ arguments: [String],
        environment: [String] = [],
        input: Child.Input = .empty,
        within limit: Duration = .seconds(60),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Finished {
        var command = command(arguments, environment: environment)
        command.input = input
        return try await run(command, within: limit, sourceLocation: sourceLocation)
    }

    func run(
        _ command: Child.Command,
        within limit: Duration = .seconds(60),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Finished {
        let finished = try await onThread { try Child(command).finish(within: limit) }
        if finished.isOverdue {
            Issue.record("it did not end in time; stderr: \(finished.complaint)", sourceLocation: sourceLocation)
        }
        return finished
    }

    /// Runs a command line in a task of the executor `command`.
    func task(
        _ argv: [String],
        options: [String] = [],
        input: Child.Input = .empty,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Finished {
        try await run(["run", "command"] + options + ["--"] + argv, input: input, sourceLocation: sourceLocation)
    }
}

/// Runs a test with an installed tree of its own.
func withTree<R>(user: Int32? = nil, _ body: (InstalledTree) async throws -> R) async throws -> R {
    try await withTemporaryDirectory { directory in try await body(InstalledTree(directory, user: user)) }
}

/// The trait of tests that start a sandbox.
extension Trait where Self == ConditionTrait {
    static var sandboxed: Self {
        .enabled(if: Surroundings.userNamespacesAllowed, Comment(rawValue: Surroundings.noUserNamespaces))
    }

    /// For tests that become another user first.
    static var asRoot: Self {
        .enabled(if: geteuid() == 0 && access("/usr/bin/setpriv", X_OK) == 0, "only root can become another user")
    }
}

extension Trait where Self == ConditionTrait {
    /// For tests that drive a program which `scripts/test` installs.
    static func needs(_ programs: String...) -> Self {
        .enabled(
            if: programs.allSatisfy { access($0, X_OK) == 0 },
            Comment(rawValue: "missing, of \(programs.joined(separator: ", ")): scripts/test installs them")
        )
    }
}

extension Finished {
    /// The one JSON document on stdout.
    func json(sourceLocation: SourceLocation = #_sourceLocation) throws -> JSONValue {
        try #require(
            try? JSONValue(parsing: output),
            "stdout: \(text) stderr: \(complaint)",
            sourceLocation: sourceLocation
        )
    }

    /// The JSON documents on stdout, one a line.
    func results(sourceLocation: SourceLocation = #_sourceLocation) throws -> [JSONValue] {
        try lines.map {
            try #require(try? JSONValue(parsing: $0), "\($0)", sourceLocation: sourceLocation)
        }
    }
}

extension JSONValue {
    /// What a stream of a result holds.
    var streamBytes: [UInt8] {
        if let text = self["text"]?.string { return Array(text.utf8) }
        return Base64Text.decode(self["base64"]?.string ?? "")
    }
}

/// Base64 as results have it.
enum Base64Text {
    static func decode(_ text: String) -> [UInt8] {
        let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
        var values = [UInt32](repeating: 0, count: 256)
        for (value, letter) in alphabet.enumerated() { values[Int(letter)] = UInt32(value) }
        var bytes: [UInt8] = []
        var group: UInt32 = 0
        var bits = 0
        for letter in text.utf8 where letter != UInt8(ascii: "=") {
            group = group << 6 | values[Int(letter)]
            bits += 6
            guard bits >= 8 else { continue }
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: group >> UInt32(bits)))
        }
        return bytes
    }
}
