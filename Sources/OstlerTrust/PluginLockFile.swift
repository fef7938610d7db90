internal import Glibc
internal import OstlerJSON
internal import OstlerSystem

/// `plugins.lock` on disk: read without waiting for anybody, written by one process at a time, and by one rename.
package struct PluginLockFile: Sendable {
    /// The absolute path.
    package let path: String

    package init(_ path: String) {
        self.path = path
    }

    private var folder: String { String(path[..<(path.lastSlash ?? path.startIndex)]) }

    /// What the file says; an empty lock if there is none.
    package func read() throws(TrustError) -> PluginLock {
        let descriptor = open(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else {
            switch errno {
            case ENOENT, ENOTDIR: return PluginLock()
            case ELOOP:
                throw TrustError(.lockIsLink, "\(shown) is a symbolic link", hint: "put the file itself there")
            default: throw TrustError(.lockUnsafe, "\(shown): \(Errno.message(errno))")
            }
        }
        let file = OwnedFD(taking: descriptor)
        guard let facts = FileStatus(of: file.number), facts.isRegular, facts.links == 1 else {
            throw TrustError(.lockUnsafe, "\(shown) is not a regular file with one name", hint: "remove it")
        }
        do throws(TrustError) {
            try facts.checkOwner(shown)
        } catch {
            throw TrustError(.lockUnsafe, error.message, hint: error.hint)
        }
        guard facts.size <= 64 << 20 else { throw TrustError(.lockMalformed, "\(shown) is larger than 64 MiB") }
        return try PluginLock(parsing: contents(of: file.number))
    }

    private var shown: String { Quotation.bare(path) }

    private func contents(of descriptor: Int32) throws(TrustError) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw TrustError(.lockUnsafe, "\(shown): \(Errno.message(errno))") }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// Changes the file while no other process does. What `change` throws leaves it as it was.
    package func update<R>(_ change: (inout PluginLock) throws(TrustError) -> R) throws(TrustError) -> R {
        try Folders.make(folder, mode: 0o700)
        let turn = try Turn.take(folder + "/.plugins.lock.turn")
        defer { withExtendedLifetime(turn) {} }
        var lock = try read()
        let before = lock
        let result = try change(&lock)
        if lock != before { try write(lock.bytes) }
        return result
    }

    /// Whoever reads sees the old file or the new one, also after a loss of power.
    private func write(_ bytes: [UInt8]) throws(TrustError) {
        let temporary = path + ".new"
        unlink(temporary)
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw TrustError.cannotWrite(temporary, errno) }
        let file = OwnedFD(taking: descriptor)
        try Folders.write(bytes, to: file.number, temporary)
        guard fsync(file.number) == 0, rename(temporary, path) == 0 else { throw TrustError.cannotWrite(path, errno) }
        Folders.sync(folder)
    }
}

/// The right to change something that one process changes at a time. It ends with the value, or with the process.
final class Turn {
    private let file: OwnedFD

    private init(_ file: consuming OwnedFD) {
        self.file = file
    }

    /// Waits for it.
    static func take(_ path: String) throws(TrustError) -> Turn {
        let descriptor = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { throw TrustError.cannotWrite(path, errno) }
        let file = OwnedFD(taking: descriptor)
        while flock(file.number, LOCK_EX) != 0 {
            guard errno == EINTR else { throw TrustError.cannotWrite(path, errno) }
        }
        return Turn(file)
    }
}

/// What is done to files and folders on the way.
enum Folders {
    /// Makes a folder and those above it.
    static func make(_ path: String, mode: mode_t = 0o755) throws(TrustError) {
        var current = ""
        for part in path.pathParts {
            current += "/" + part
            if mkdir(current, mode) == 0 || errno == EEXIST { continue }
            let code = errno
            guard FileStatus(of: current) != nil else { throw TrustError.cannotWrite(current, code) }
        }
    }

    static func write(_ bytes: [UInt8], to descriptor: Int32, _ path: String) throws(TrustError) {
        var left = bytes[...]
        while !left.isEmpty {
            let count = left.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw TrustError.cannotWrite(path, errno) }
            left = left.dropFirst(count)
        }
    }

    /// Makes renames in a folder last.
    static func sync(_ path: String) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fsync(descriptor)
        close(descriptor)
    }

    /// Removes a folder with all that is in it, also what may not be written; links are not followed.
    static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { return }
        fchmod(descriptor, 0o700)
        guard let stream = fdopendir(descriptor) else {
            close(descriptor)
            return
        }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        closedir(stream)
        for name in names { remove(path + "/" + name) }
        rmdir(path)
    }
}

extension TrustError {
    static func cannotWrite(_ path: String, _ code: Int32) -> TrustError {
        TrustError(.cannotWrite, "\(Quotation.bare(path)) cannot be written: \(Errno.message(code))")
    }
}
