internal import Glibc
internal import OstlerResources
internal import OstlerSandbox
internal import OstlerTasks

/// What commands see of a directory that is to be their root: what is in it, each at its own place, and the machine's
/// programs. Nothing else of the machine is there.
struct RootView {
    /// Absolute, without links.
    let path: String

    /// What is the machine's or the sandbox's own.
    private static let kept: Set<String> = [
        "bin", "dev", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "sys", "usr",
    ]

    /// The directories at the top that are there or that the resources speak of.
    func binds(for manifest: Manifest) -> [SandboxPolicy.Bind] {
        let named = manifest.resources.flatMap(\.paths).compactMap { $0.split(separator: "/").first.map(String.init) }
        let names = Set(named + entries).subtracting(Self.kept).sorted()
        let mapsOwner = geteuid() == 0
        return names.filter { $0 != "tmp" || isDirectory("tmp") }.map { name in
            SandboxPolicy.Bind(
                source: (path == "/" ? "" : path) + "/" + name,
                target: "/" + name,
                isWritable: true,
                mapsOwner: mapsOwner,
                isOptional: name != "tmp"
            )
        }
    }

    private func isDirectory(_ name: String) -> Bool {
        var status = stat()
        return lstat(path + "/" + name, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private var entries: [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if isDirectory(name), name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}

extension Resource {
    /// The absolute paths that it says something of.
    fileprivate var paths: [String] {
        if case .file(let file) = body { return [file.path] }
        let effects = (effects?.creates ?? []) + (effects?.removes ?? [])
        return effects + [surroundings.directory] + (guards.creates.map { [$0] } ?? [])
    }
}
