internal import OstlerProtocol
internal import OstlerSystem

/// The caller's directory as a sandbox of the profile `workspace` sees it.
package enum Workspace {
    /// What other programs obey that are started in a directory: not for a sandbox to write, where it exists.
    package static let controlFiles = [
        ".git", ".hg", ".svn", ".ostler", "ostler.yaml", ".envrc", ".direnv", ".githooks", ".husky", ".vscode", ".idea",
        ".pre-commit-config.yaml",
    ]

    /// Places that are the machine's, or of which a sandbox has its own.
    private static let system = [
        "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/libx32", "/proc", "/run", "/sbin", "/sys",
        "/usr",
    ]

    /// Why a directory is no workspace; nil if it is one.
    static func fault(of directory: String, home: String?) -> Failure? {
        if let home, home.isAbsolutePath, (home + "/").hasPrefix(directory == "/" ? "/" : directory + "/") {
            return .noWorkspace(directory, "it holds the whole home directory")
        }
        guard directory != "/", directory != "/tmp", directory != "/var" else {
            return .noWorkspace(directory, "it is no project's own")
        }
        guard !directory.hasPrefix("/var/tmp/"), directory != "/var/tmp" else {
            return .noWorkspace(directory, "sandboxes have a /var/tmp of their own")
        }
        guard !system.contains(where: { directory == $0 || directory.hasPrefix($0 + "/") }) else {
            return .noWorkspace(directory, "it is the system's")
        }
        return nil
    }
}

extension Failure {
    fileprivate static func noWorkspace(_ directory: String, _ reason: String) -> Failure {
        Failure(
            "no_workspace",
            fault: .user,
            message: "the profile workspace would make \(directory) writable: \(reason)",
            hint: "change to the directory of a project, or use the profile strict"
        )
    }
}
