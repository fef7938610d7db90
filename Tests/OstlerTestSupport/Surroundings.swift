internal import Glibc

/// What the machine and the build offer to tests.
public enum Surroundings {
    /// Whether an unprivileged user namespace can be made here, found out by the `unshare` program.
    ///
    /// With `OSTLER_MUST_ISOLATE=1` it is always true, so that tests of the sandbox fail rather than be skipped.
    public static let userNamespacesAllowed: Bool = {
        if mustIsolate { return true }
        let paths: [String] = ["/usr/bin/unshare", "/bin/unshare"]
        guard let unshare = paths.first(where: { access($0, X_OK) == 0 }) else { return true }
        return exitStatus(of: unshare, ["--user", "--pid", "--fork", "--mount", "true"]) == 0
    }()

    public static let noUserNamespaces: String =
        "user namespaces are not allowed here (OSTLER_MUST_ISOLATE=1 makes it a failure)"

    /// Whether skipping a test of isolation counts as a failure.
    public static let mustIsolate = environment("OSTLER_MUST_ISOLATE") == "1"

    /// The directory of the build's products.
    public static let products: String = {
        // The test bundle lies among the products; its path is the first argument, or stands behind --test-bundle-path.
        let bundle = CommandLine.arguments.first { $0.hasSuffix(".xctest") } ?? CommandLine.arguments[0]
        let directory = bundle.split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/")
        return directory.isEmpty ? "." : directory
    }()

    /// The path of a built program.
    public static func program(_ name: String) -> String { products + "/" + name }

    /// The root of the package, told by where a file of its tests lies.
    public static func packageRoot(_ file: String = #filePath) -> String {
        var parts = file.split(separator: "/", omittingEmptySubsequences: false)
        while let last = parts.popLast(), last != "Tests" {}
        return parts.joined(separator: "/")
    }

    public static func environment(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }
    }
}

/// Runs a program to its end with no input and its output thrown away.
/// - Returns: its exit code, or 128 and the signal; 127 if it could not be started.
public func exitStatus(of path: String, _ arguments: [String]) -> Int32 {
    var words: [UnsafeMutablePointer<CChar>?] = ([path] + arguments).map { strdup($0) } + [nil]
    defer { words.forEach { free($0) } }
    var actions = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&actions)
    defer { posix_spawn_file_actions_destroy(&actions) }
    for (descriptor, mode) in [(Int32(0), O_RDONLY), (1, O_WRONLY), (2, O_WRONLY)] {
        posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", mode, 0)
    }
    var process: pid_t = 0
    guard posix_spawn(&process, path, &actions, nil, &words, environ) == 0 else { return 127 }
    var status: Int32 = 0
    while waitpid(process, &status, 0) < 0, errno == EINTR {}
    return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
}

/// What the descriptors of this process lead to, by number. Compare two of them to find a leak.
public func openDescriptors() -> [Int32: String] {
    var found: [Int32: String] = [:]
    for name in namesOfDirectory("/proc/self/fd") {
        var target = [CChar](repeating: 0, count: 4096)
        let count = readlink("/proc/self/fd/" + name, &target, target.count)
        guard count > 0, let number = Int32(name) else { continue }
        found[number] = String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
    return found
}

/// Whether a descriptor is open in this process.
public func isOpen(_ descriptor: Int32) -> Bool {
    fcntl(descriptor, F_GETFD) >= 0
}

/// The processes of this machine whose command line holds `text`.
public func processes(whoseCommandLineHolds text: String) -> [Int32] {
    namesOfDirectory("/proc").compactMap { name in
        guard let number = Int32(name), let line = try? contents(ofFile: "/proc/\(name)/cmdline") else { return nil }
        let words = String(decoding: line.map { $0 == 0 ? 0x20 : $0 }, as: UTF8.self)
        return words.contains(text) ? number : nil
    }
}

/// Whether a process exists and has not ended.
public func isAlive(_ process: Int32) -> Bool {
    guard let status = try? contents(ofFile: "/proc/\(process)/stat") else { return false }
    // pid (name) state …; the name may hold anything, so the last parenthesis counts.
    guard let end = status.lastIndex(of: UInt8(ascii: ")")), end + 2 < status.count else { return false }
    return status[end + 2] != UInt8(ascii: "Z")
}
