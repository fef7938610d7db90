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
            try self.init(new: Self.end(of: path))
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

    /// Where links lead that end in nothing.
    private static func end(of path: String) -> String {
        var path = path
        // As many as the kernel follows.
        for _ in 0..<40 {
            var target = [UInt8](repeating: 0, count: Int(PATH_MAX))
            let count = target.withUnsafeMutableBytes { bytes in
                bytes.bindMemory(to: CChar.self).baseAddress.map { readlink(path, $0, bytes.count) } ?? 0
            }
            guard count > 0 else { break }
            let text = String(decoding: target.prefix(count), as: UTF8.self)
            let folder = path.lastSlash.map { path[..<$0] + "/" } ?? ""
            path = text.isAbsolutePath ? text : folder + text
        }
        return path
    }

    /// What a path leads to, by which two of them can be compared; nil for a pipe or a device, which many may write to.
    static func identity(of path: String) -> String? {
        var status = stat()
        if stat(path, &status) == 0, status.st_mode & S_IFMT != S_IFREG { return nil }
        let end = end(of: path)
        if let real = realpath(end, nil) {
            defer { free(real) }
            return String(cString: real)
        }
        let slash = end.lastSlash
        guard let folder = realpath(slash.map { end[..<$0] + "/" } ?? ".", nil) else { return nil }
        defer { free(folder) }
        let name = slash.map { String(end[end.unicodeScalars.index(after: $0)...]) } ?? end
        return String(cString: folder) + "/" + name
    }

    private init(_ path: String, isStream: Bool) {
        (self.path, self.isStream) = (path, isStream)
    }

    private init(new path: String) throws(Failure) {
        let folder = path.lastSlash.map { path[..<$0] + "/" } ?? "."
        guard access(folder, W_OK | X_OK) == 0 else { throw .unwritable(path, errno) }
        self.init(path, isStream: false)
    }

    /// Writes it: with the mode of what was there, or else for everybody to read.
    /// - Parameter isDurable: whether it is to outlast a crash of the machine.
    func write(_ bytes: [UInt8], isDurable: Bool = true) throws(Failure) {
        guard !isStream else { return try writeToStream(bytes) }
        // Collectors of metrics look at names by their ends, which this one does not have.
        let place = "\(path).\(getpid()).new"
        // Whoever else may write to the directory may have put something there.
        unlink(place)
        let former = former
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_NOCTTY | O_CLOEXEC
        let number = open(place, flags, former == nil ? 0o644 : 0o600)
        guard number >= 0 else { throw .unwritable(path, errno) }
        let file = OwnedFD(taking: number)
        // Who may not give it away keeps it.
        if let former { _ = fchown(file.number, former.st_uid, former.st_gid) }
        let isWritten =
            (former.map { fchmod(file.number, $0.st_mode & 0o777) } ?? 0) == 0
            && FileBytes.write(bytes, to: file.number).map { errno = $0 } == nil
            && (!isDurable || fsync(file.number) == 0) && rename(place, path) == 0
        guard isWritten else {
            let reason = errno
            unlink(place)
            throw .unwritable(path, reason)
        }
    }

    /// The file that is there; nil if there is none.
    private var former: stat? {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFREG ? status : nil
    }

    private func writeToStream(_ bytes: [UInt8]) throws(Failure) {
        let number = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC)
        guard number >= 0 else { throw .unwritable(path, errno) }
        let file = OwnedFD(taking: number)
        if let problem = FileBytes.write(bytes, to: file.number) { throw .unwritable(path, problem) }
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
