internal import Glibc
internal import OstlerSandbox

/// What commands see of a directory that is to be their root: the directories at its top, each at its own place, and the
/// machine's programs. Nothing else of the machine is there.
struct RootView {
    /// Absolute, without links.
    let path: String

    /// What is the machine's or the sandbox's own.
    private static let kept: Set<String> = [
        "bin", "dev", "lib", "lib32", "lib64", "libx32", "proc", "sbin", "sys", "usr", "work",
    ]

    /// The directories that are there now.
    var binds: [SandboxPolicy.Bind] {
        let names = entries.filter { !Self.kept.contains($0) } + (isDirectory("usr/local") ? ["usr/local"] : [])
        return names.sorted().map { name in
            SandboxPolicy.Bind(
                source: (path == "/" ? "" : path) + "/" + name,
                target: "/" + name,
                isWritable: true,
                mapsOwner: geteuid() == 0
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
            if name != ".", name != "..", isDirectory(name) { names.append(name) }
        }
        return names
    }
}
