internal import Glibc
internal import OstlerApply
internal import OstlerJSON
internal import OstlerProtocol

/// The directory that `--root` names.
struct RootDirectory: Sendable {
    /// Absolute, without links.
    let path: String
    let files: RootedFiles

    /// Throws if there is no such directory: then the command line is wrong.
    init(_ option: String) throws(Failure) {
        guard let real = realpath(option, nil) else { throw .noRoot(option, errno) }
        defer { free(real) }
        path = String(cString: real)
        var status = stat()
        guard stat(path, &status) == 0 else { throw .noRoot(option, errno) }
        guard status.st_mode & S_IFMT == S_IFDIR else { throw .noRoot(option, ENOTDIR) }
        files = try RootedFiles(path)
    }
}

extension Failure {
    fileprivate static func noRoot(_ path: String, _ number: Int32) -> Failure {
        Failure(
            "root_unavailable",
            fault: .user,
            message: "--root \(Quotation.text(path, longest: 200)): \(String(cString: strerror(number)))",
            hint: "name a directory that is there: it is not made"
        )
    }
}
