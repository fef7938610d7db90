internal import Glibc

/// What changes about a file or folder whenever somebody changes it.
package struct FileStamp: Sendable, Equatable {
    package let inode: UInt64
    /// Nanoseconds since 1970 at which the file was last changed in any way; nobody can set it.
    package let changed: Int64

    package init(inode: UInt64, changed: Int64) {
        self.inode = inode
        self.changed = changed
    }
}

/// What the kernel says of a file.
struct FileFacts {
    let stamp: FileStamp
    let mode: UInt32
    let owner: UInt32
    let links: UInt64
    let size: Int64

    init(_ status: stat) {
        stamp = FileStamp(
            inode: UInt64(status.st_ino),
            changed: Int64(status.st_ctim.tv_sec) * 1_000_000_000 + Int64(status.st_ctim.tv_nsec)
        )
        mode = status.st_mode
        owner = status.st_uid
        links = UInt64(status.st_nlink)
        size = Int64(status.st_size)
    }

    /// Of what is open; nil if that cannot be told.
    init?(of descriptor: Int32) {
        var status = stat()
        guard fstat(descriptor, &status) == 0 else { return nil }
        self.init(status)
    }

    /// Of a name in an open folder, without following a link; nil if there is none.
    init?(_ path: String, in folder: Int32) {
        var status = stat()
        guard fstatat(folder, path, &status, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        self.init(status)
    }

    var isRegular: Bool { mode & S_IFMT == S_IFREG }
    var isDirectory: Bool { mode & S_IFMT == S_IFDIR }
    var isLink: Bool { mode & S_IFMT == S_IFLNK }
    var isExecutable: Bool { mode & 0o111 != 0 }

    /// Throws unless this is a file or folder that may be part of a plugin.
    func checkPart(_ path: String) throws(TrustError) {
        if isLink {
            throw TrustError(.symbolicLink, "\(path) is a symbolic link", hint: "put the file itself there")
        }
        guard isRegular || isDirectory else {
            throw TrustError(.specialFile, "\(path) is a FIFO, a socket or a device", hint: "remove it")
        }
        if isRegular, links > 1 {
            throw TrustError(
                .hardLink,
                "\(path) has another name elsewhere, by which it can be changed",
                hint: "copy it: cp --no-preserve=links"
            )
        }
        if isRegular, mode & 0o7000 != 0 {
            throw TrustError(.setuidFile, "\(path) is a setuid or setgid file", hint: "chmod u-s,g-s,-t it")
        }
        try checkOwner(path)
    }

    /// Throws if somebody else than the caller and root can change it.
    func checkOwner(_ path: String) throws(TrustError) {
        guard owner == 0 || owner == geteuid() else {
            throw TrustError(.unsafeOwner, "\(path) belongs to user \(owner)", hint: "make it yours")
        }
        guard mode & 0o022 == 0 else {
            let who = mode & 0o002 != 0 ? "every user" : "its group"
            throw TrustError(.unsafePermissions, "\(who) can write \(path)", hint: "chmod go-w it")
        }
    }
}
