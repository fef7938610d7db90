internal import Glibc

/// The control groups of Ostler's runs, `ostler-RUN-PROCESS-TIME`, whatever the hierarchy and however deep.
public func controlGroups() -> [String] { controlGroups(below: "/sys/fs/cgroup", depth: 0) }

private func controlGroups(below path: String, depth: Int) -> [String] {
    guard depth < 6 else { return [] }
    return namesOfDirectory(path).flatMap { name -> [String] in
        let full = path + "/" + name
        var status = stat()
        guard lstat(full, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return [] }
        if name.hasPrefix("ostler-") { return [full] }
        return controlGroups(below: full, depth: depth + 1)
    }
}
