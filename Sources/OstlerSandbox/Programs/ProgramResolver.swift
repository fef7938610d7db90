package import OstlerSystem

/// Finds the file that a program name means in the view of a strict sandbox, as the kernel would find it.
///
/// The directories of programs in the view are the host's own; so the host's paths under them are the view's.
package struct ProgramResolver: Sendable {
    /// A program file.
    package struct Program: Sendable, Equatable {
        /// The path with every link resolved.
        package let path: String
        package let identity: FileIdentity
    }

    let searchPath: [String]
    private static let visible = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc/alternatives"]

    package init(searchPath: String = SandboxPolicy.searchPath) {
        self.searchPath = searchPath.split(separator: ":").map(String.init)
    }

    /// The first executable file of that name along the path, or the file itself if the name has a slash.
    package func resolve(_ name: String) -> Program? {
        find(name).map { Program(path: $0.path, identity: $0.status.stamp.identity) }
    }

    func find(_ name: String) -> ViewPath.Found? {
        guard !name.isEmpty, !name.utf8.contains(0) else { return nil }
        if name.firstSlash != nil { return program(at: name) }
        for directory in searchPath {
            if let found = program(at: directory + "/" + name) { return found }
        }
        return nil
    }

    private func program(at path: String) -> ViewPath.Found? {
        guard let found = ViewPath.follow(path), found.status.isProgram, Self.isVisible(found.path) else { return nil }
        return found
    }

    static func isVisible(_ path: String) -> Bool {
        visible.contains { path.hasPrefix($0 + "/") }
    }
}
