internal import Glibc

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
    /// Nanoseconds since 1970.
    package let changed: UInt64

    package init(identity: FileIdentity, changed: UInt64) {
        self.identity = identity
        self.changed = changed
    }
}

/// What is asked of a file before it is judged.
struct FileStatus {
    let stamp: FileStamp
    let mode: mode_t
    let links: UInt64
    let size: Int64

    var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
    /// A regular file that somebody may execute.
    var isProgram: Bool { mode & S_IFMT == S_IFREG && mode & 0o111 != 0 }

    /// nil if there is none, or it cannot be looked at.
    init?(of path: String) {
        var status = stat()
        guard lstat(path, &status) == 0 else { return nil }
        self.init(status)
    }

    init?(of descriptor: Int32) {
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
        links = UInt64(status.st_nlink)
        size = Int64(status.st_size)
    }
}
