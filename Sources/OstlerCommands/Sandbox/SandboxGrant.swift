internal import Glibc
internal import OstlerCommandLine
internal import OstlerSandbox
internal import OstlerSystem

/// Paths of the host that the command line grants to a sandbox: each is seen inside where it is outside.
enum SandboxGrant {
    /// What the sandbox has of its own, and why nothing of the host's can take its place.
    private static let own = [
        ("/proc", "it would show the processes of the host"), ("/dev", "devices are not granted"),
        ("/sys", "it belongs to the kernel"),
    ]

    /// - Parameter hasWorkDirectory: whether `/work` is a directory of the caller's.
    static func bind(
        _ path: String,
        isWritable: Bool,
        option: String,
        hasWorkDirectory: Bool
    ) throws(UsageError) -> SandboxPolicy.Bind {
        let (source, status) = try resolve(path, option)
        let target = absolute(path)
        let complaint = "\(option) \(path): "
        if target == "/" { throw UsageError(complaint + "the root is the sandbox's own; name what lies below it") }
        if let (place, reason) = own.first(where: { holds($0.0, target) || holds($0.0, source) }) {
            throw UsageError(complaint + "nothing of \(place) can be granted: \(reason)")
        }
        for place in ["/tmp", SandboxPolicy.workPath] where target == place {
            throw UsageError(complaint + "\(place) is the sandbox's own; name what lies below it, or use --workdir")
        }
        if hasWorkDirectory, holds(SandboxPolicy.workPath, target) {
            throw UsageError(complaint + "it would lie within the directory that --workdir gives")
        }
        return .init(source: source, target: target, isWritable: isWritable, mapsOwner: mapsOwner(status))
    }

    static func workDirectory(_ path: String) throws(UsageError) -> SandboxPolicy.Bind {
        let (source, status) = try resolve(path, "--workdir")
        guard status.st_mode & S_IFMT == S_IFDIR else { throw UsageError("--workdir \(path): it is no directory") }
        return .init(
            source: source,
            target: SandboxPolicy.workPath,
            isWritable: true,
            mapsOwner: mapsOwner(status)
        )
    }

    /// Outer ones first: an inner one would be covered by them. One place cannot be granted twice.
    static func ordered(_ binds: [SandboxPolicy.Bind]) throws(UsageError) -> [SandboxPolicy.Bind] {
        let sorted = binds.sorted { $0.target < $1.target }
        for (bind, next) in zip(sorted, sorted.dropFirst()) where bind.target == next.target {
            if bind.isWritable != next.isWritable { throw UsageError("\(bind.target) is given by both --ro and --rw") }
        }
        var seen: Set<String> = []
        return sorted.filter { seen.insert($0.target).inserted }
    }

    /// Whether a path is a directory or lies below it.
    static func holds(_ directory: String, _ path: String) -> Bool {
        path == directory || path.hasPrefix(directory + "/")
    }

    /// The path without links, and what it leads to.
    private static func resolve(_ path: String, _ option: String) throws(UsageError) -> (source: String, stat) {
        guard !path.isEmpty, let resolved = realpath(path, nil) else {
            throw UsageError("\(option) \(path): \(String(cString: strerror(path.isEmpty ? ENOENT : errno)))")
        }
        defer { free(resolved) }
        let source = String(cString: resolved)
        var status = stat()
        guard stat(source, &status) == 0 else {
            throw UsageError("\(option) \(path): \(String(cString: strerror(errno)))")
        }
        return (source, status)
    }

    /// The path as it was written, from the root: by its words alone, since a link keeps its name inside.
    private static func absolute(_ path: String) -> String {
        let whole = path.isAbsolutePath ? path : Composition.workingDirectory + "/" + path
        var parts: [Substring] = []
        for part in whole.pathParts where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// Root's own files are shown to the sandbox's user as its own.
    private static func mapsOwner(_ status: stat) -> Bool { geteuid() == 0 && status.st_uid == 0 }
}
