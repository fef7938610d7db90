package import Glibc

/// What a file is, whatever it is called.
package struct FileIdentity: Sendable, Hashable {
    package let device: UInt64
    package let inode: UInt64

    package init(device: UInt64, inode: UInt64) {
        self.device = device
        self.inode = inode
    }
}

/// What a file is, and when it last changed: content, owner and mode cannot change without it.
package struct FileStamp: Sendable, Hashable {
    package let identity: FileIdentity
    /// Nanoseconds since 1970 at which the file was last changed in any way; nobody can set it.
    package let changed: UInt64

    package init(identity: FileIdentity, changed: UInt64) {
        self.identity = identity
        self.changed = changed
    }
}

/// What the kernel says of a file before it is judged.
package struct FileStatus: Sendable {
    package let stamp: FileStamp
    package let mode: mode_t
    package let owner: uid_t
    package let group: gid_t
    package let links: UInt64
    /// Bytes.
    package let size: Int64

    package var isRegular: Bool { mode & S_IFMT == S_IFREG }
    package var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
    package var isLink: Bool { mode & S_IFMT == S_IFLNK }
    /// Whether anybody may execute it, if it is a file.
    package var isExecutable: Bool { mode & 0o111 != 0 }
    /// A regular file that somebody may execute.
    package var isProgram: Bool { isRegular && isExecutable }

    /// Of a name, without following a link; nil if there is none, or it cannot be looked at.
    ///
    /// - Parameter folder: an open directory that a relative path begins in.
    package init?(of path: String, in folder: Int32 = AT_FDCWD) {
        var status = stat()
        guard fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        self.init(status)
    }

    /// Of what is open; nil if that cannot be told.
    package init?(of descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    private init(_ status: stat) {
        stamp = FileStamp(
            identity: FileIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino)),
            changed: UInt64(status.st_ctim.tv_sec) * 1_000_000_000 + UInt64(status.st_ctim.tv_nsec)
        )
        mode = status.st_mode
        owner = status.st_uid
        group = status.st_gid
        links = UInt64(status.st_nlink)
        size = Int64(status.st_size)
    }
}
