internal import Glibc
internal import OstlerProtocol
internal import OstlerSystem

/// A file that is written as a whole: whoever reads it sees the text of before or the new one, and never a part.
struct ReplacedFile: Sendable {
    private let path: String
    /// A pipe or a device cannot be replaced, and is written to.
    private let isStream: Bool

    /// Fails where it could not be written anyway. A link stays one: what it leads to is replaced.
    init(_ path: String) throws(Failure) {
        var status = stat()
        guard stat(path, &status) == 0 else {
            guard errno == ENOENT else { throw .unwritable(path, errno) }
            try self.init(new: path)
            return
        }
        switch status.st_mode & S_IFMT {
        case S_IFDIR: throw .unwritable(path, EISDIR)
        case S_IFREG:
            guard let real = realpath(path, nil) else { throw .unwritable(path, errno) }
            defer { free(real) }
            try self.init(new: String(cString: real))
        default:
            guard access(path, W_OK) == 0 else { throw .unwritable(path, errno) }
            self.init(path, isStream: true)
        }
    }

    private init(_ path: String, isStream: Bool) {
        (self.path, self.isStream) = (path, isStream)
    }

    private init(new path: String) throws(Failure) {
        let folder = path.lastIndex(of: "/").map { String(path[...$0]) } ?? "."
        guard access(folder, W_OK | X_OK) == 0 else { throw .unwritable(path, errno) }
        self.init(path, isStream: false)
    }

    /// Writes it, for everybody to read.
    func write(_ bytes: [UInt8]) throws(Failure) {
        // Collectors of metrics look at names by their ends, which this one does not have.
        let place = isStream ? path : "\(path).\(getpid()).new"
        let flags = isStream ? O_WRONLY : O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW
        let number = open(place, flags | O_NOCTTY | O_CLOEXEC, 0o644)
        guard number >= 0 else { throw .unwritable(path, errno) }
        let file = OwnedFD(taking: number)
        let problem = FileBytes.write(bytes, to: file.number)
        guard !isStream else {
            if let problem { throw .unwritable(path, problem) }
            return
        }
        guard problem == nil, rename(place, path) == 0 else {
            let reason = problem ?? errno
            unlink(place)
            throw .unwritable(path, reason)
        }
    }
}

/// Bytes on their way to a file.
enum FileBytes {
    /// Writes all of them.
    /// - Returns: why it could not; nil if it could.
    static func write(_ bytes: [UInt8], to descriptor: Int32) -> Int32? {
        bytes.withUnsafeBufferPointer { Terminal.write(bytes: $0, to: descriptor) }
    }
}

extension Failure {
    /// A file that was named to be written.
    static func unwritable(_ path: String, _ code: Int32) -> Failure {
        Failure(
            "file_unwritable",
            fault: .infra,
            message: "\(path) cannot be written: \(String(cString: strerror(code)))",
            hint: "name a file in a directory that is there and that you may write to"
        )
    }
}
