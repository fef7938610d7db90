internal import Glibc

/// Reads files that a person wrote: regular, of a bounded size, and with their owner and mode at hand.
package enum SmallFile {
    /// What is known of an opened file or directory.
    package struct Status: Sendable, Equatable {
        package let owner: UInt32
        package let mode: UInt32
        package let device: UInt64
        package let inode: UInt64
        package let size: Int64
        /// Nanoseconds since 1970 at which the contents were last changed, as whoever changed them has it.
        package let modified: Int64
        /// Nanoseconds since 1970 at which anything about it was last changed, as the kernel has it.
        package let changed: Int64

        init(_ status: stat) {
            owner = status.st_uid
            mode = status.st_mode
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
            size = Int64(status.st_size)
            modified = Self.nanoseconds(status.st_mtim)
            changed = Self.nanoseconds(status.st_ctim)
        }

        private static func nanoseconds(_ time: timespec) -> Int64 {
            Int64(time.tv_sec) &* 1_000_000_000 &+ Int64(time.tv_nsec)
        }

        package var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
        package var isRegular: Bool { mode & S_IFMT == S_IFREG }
        package var isExecutable: Bool { mode & 0o111 != 0 }
        package var isSticky: Bool { mode & S_ISVTX != 0 }
        package var isWritableByGroup: Bool { mode & 0o020 != 0 }
        package var isWritableByOthers: Bool { mode & 0o002 != 0 }

        /// Why somebody else than the caller and root could have put something here; nil if nobody could.
        package var ownershipFault: String? {
            guard owner == 0 || owner == geteuid() else { return "it belongs to user \(owner)" }
            return nil
        }
    }

    /// Why a file cannot be read.
    package struct Failure: Error, Sendable, Equatable {
        package enum Kind: Sendable {
            case notFound
            case symbolicLink
            case notRegular
            case tooLarge
            case unreadable
            case unsafe
        }

        package let kind: Kind
        /// A clause that follows the name of the file.
        package let message: String

        package init(_ kind: Kind, _ message: String) {
            self.kind = kind
            self.message = message
        }

        /// What `errno` says of opening.
        package init(errno code: Int32, noFollow: Bool = false) {
            switch code {
            case ENOENT, ENOTDIR: self.init(.notFound, "does not exist")
            case ELOOP where noFollow: self.init(.symbolicLink, "is a symbolic link")
            default: self.init(.unreadable, "cannot be read: \(String(cString: strerror(code)))")
            }
        }
    }

    /// Reads a file by its path, or by its name in an opened directory, without following a link at its end
    /// if `noFollow`.
    package static func read(
        _ path: String,
        in directory: Int32? = nil,
        noFollow: Bool = false,
        limit: Int = YAMLDocument.maximumBytes
    ) throws(Failure) -> (bytes: [UInt8], status: Status) {
        guard !path.utf8.contains(0) else { throw Failure(.notFound, "does not exist") }
        // Without O_NONBLOCK a FIFO in the place of the file would hold us up.
        let flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | (noFollow ? O_NOFOLLOW : 0)
        let descriptor = openat(directory ?? AT_FDCWD, path, flags)
        guard descriptor >= 0 else { throw Failure(errno: errno, noFollow: noFollow) }
        defer { close(descriptor) }
        let status = try status(of: descriptor)
        guard status.isRegular else {
            throw Failure(.notRegular, status.isDirectory ? "is a directory" : "is not a regular file")
        }
        return (try contents(of: descriptor, limit: limit), status)
    }

    /// What an open descriptor refers to.
    package static func status(of descriptor: Int32) throws(Failure) -> Status {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { throw Failure(errno: errno) }
        return Status(status)
    }

    /// What a name in an opened directory is, without following a link at its end; nil if there is none.
    package static func status(of name: String, in directory: Int32) -> Status? {
        var status = stat()
        guard fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        return Status(status)
    }

    /// What a path leads to.
    package static func status(at path: String) throws(Failure) -> Status {
        var status = stat()
        guard stat(path, &status) == 0 else { throw Failure(errno: errno) }
        return Status(status)
    }

    private static func contents(of descriptor: Int32, limit: Int) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        while bytes.count <= limit {
            var failure: Int32 = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: min(16_384, limit + 1 - bytes.count)) { buffer, count in
                let size = Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                failure = size < 0 ? errno : 0
                count = max(size, 0)
            }
            if failure == EINTR { continue }
            guard failure == 0 else { throw Failure(errno: failure) }
            if chunk.isEmpty { return bytes }
            bytes += chunk
        }
        throw Failure(.tooLarge, "is larger than \(limit) bytes")
    }
}
