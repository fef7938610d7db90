internal import Glibc
internal import OstlerSystem

/// What changes about a file or folder of a plugin whenever somebody changes it, as a lock keeps it: without the device,
/// whose number may be another after a restart of the machine.
package struct PartStamp: Sendable, Equatable {
    package let inode: UInt64
    /// Nanoseconds since 1970 at which the file was last changed in any way.
    package let changed: Int64

    package init(inode: UInt64, changed: Int64) {
        self.inode = inode
        self.changed = changed
    }
}

extension FileStatus {
    var partStamp: PartStamp {
        PartStamp(inode: stamp.identity.inode, changed: Int64(bitPattern: stamp.changed))
    }

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
