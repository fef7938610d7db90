internal import Glibc

/// Finds the file that a program name means in the view of a strict sandbox, as the kernel would find it.
///
/// The directories of programs in the view are the host's own, bound; so the host's paths under them are the view's.
package struct ProgramResolver: Sendable {
    /// A program file.
    package struct Program: Sendable, Equatable {
        /// The path with every link resolved.
        package let path: String
        package let identity: FileIdentity
    }

    private let searchPath: [String]
    private static let visible = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/alternatives"]

    package init(searchPath: String = SandboxPolicy.searchPath) {
        self.searchPath = searchPath.split(separator: ":").map(String.init)
    }

    /// The first executable file of that name along the path, or the file itself if the name has a slash.
    package func resolve(_ name: String) -> Program? {
        guard !name.isEmpty, !name.utf8.contains(0) else { return nil }
        if name.contains("/") { return program(at: name) }
        for directory in searchPath {
            if let program = program(at: directory + "/" + name) { return program }
        }
        return nil
    }

    private func program(at path: String) -> Program? {
        guard path.hasPrefix("/"), let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        let real = String(cString: resolved)
        guard Self.visible.contains(where: { real.hasPrefix($0 + "/") }) else { return nil }
        var status = stat()
        guard stat(real, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_mode & 0o111 != 0 else {
            return nil
        }
        return Program(path: real, identity: FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)))
    }
}
