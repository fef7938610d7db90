internal import Glibc
internal import OstlerConfig
internal import OstlerJSON
internal import OstlerSystem

/// What manifests said, by the files that they are made of, so that listing many plugins need not read them again.
///
/// It lies in one file of the user's cache directory, which may be removed at any time. An entry counts only while all of
/// its files are what they were by device, inode, size, both times and safety. A file that is not the user's own, was
/// edited, was cut off or was written by another build counts as empty. The file is replaced by one rename.
package final class OutlineCache {
    /// A file of a plugin as it was when it was read.
    struct File: Equatable {
        /// Below the plugin's directory.
        let path: String
        /// Device, inode, size and the two times.
        let stamp: [Int64]

        init(path: String, stamp: [Int64]) {
            self.path = path
            self.stamp = stamp
        }

        init(_ path: String, _ status: SmallFile.Status) {
            self.path = path
            stamp = [
                Int64(bitPattern: status.device), Int64(bitPattern: status.inode), status.size, status.modified,
                status.changed,
            ]
        }

        /// When the kernel last saw it changed, in nanoseconds since 1970.
        var changed: Int64 { stamp[4] }
    }

    struct Entry: Equatable {
        /// The manifest first, then the files that it names.
        let files: [File]
        let outline: PluginOutline
    }

    /// With more entries than these, only those are kept that were asked for.
    private static let limit = 1024
    private static let largest = 8 << 20
    /// A file that was changed so short a time ago may be changed again without a new time: nanoseconds.
    private static let settling: Int64 = 1_000_000_000

    /// `…/ostler/manifests`: what is in the file is not for people.
    private let path: String
    private let now: Int64
    /// By the stamp of the manifest.
    private var entries: [[Int64]: Entry]
    private var asked: Set<[Int64]> = []
    private var isChanged = false

    /// Reads the cache.
    ///
    /// - Parameters:
    ///   - directory: the user's directory of caches, absolute; the cache is in a directory of its own there.
    ///   - now: the time, in nanoseconds since 1970.
    package init(in directory: String, now: Int64 = WallClock.nanoseconds) {
        path = directory + "/ostler/manifests"
        self.now = now
        entries = [:]
        for entry in Self.read(path) ?? [] { entries[entry.files[0].stamp] = entry }
    }

    /// What the manifest of a plugin said, if nothing that it is made of has changed since.
    func outline(of directory: borrowing PluginDirectory) -> PluginOutline? {
        guard let manifest = directory.status(of: PluginDirectory.manifestName),
            let entry = entries[File(PluginDirectory.manifestName, manifest).stamp]
        else { return nil }
        for file in entry.files.dropFirst() {
            guard let status = directory.status(of: file.path), File(file.path, status) == file else { return nil }
        }
        asked.insert(entry.files[0].stamp)
        return entry.outline
    }

    /// Keeps what was read from `files`, unless one of them is too new to be told from what comes after it.
    func learn(_ outline: PluginOutline, from files: [File]) {
        guard files.allSatisfy({ $0.changed < now - Self.settling }) else { return }
        // Other versions of one manifest are of no use.
        entries = entries.filter { !$0.key.starts(with: files[0].stamp.prefix(2)) }
        entries[files[0].stamp] = Entry(files: files, outline: outline)
        asked.insert(files[0].stamp)
        isChanged = true
    }

    /// Writes what was learned. That it cannot be written is no fault: it will be learned again.
    func save() {
        guard isChanged else { return }
        let kept = entries.count > Self.limit ? entries.filter { asked.contains($0.key) } : entries
        let bytes = OutlineCacheFile.bytes(Array(kept.values))
        guard bytes.count <= Self.largest, let folder = Self.ownFolder(of: path) else { return }
        defer { close(folder) }
        let temporary = "manifests.\(getpid())"
        unlinkat(folder, temporary, 0)
        let descriptor = openat(folder, temporary, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else { return }
        let isWhole = bytes.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) } == bytes.count
        close(descriptor)
        if !isWhole || renameat(folder, temporary, folder, "manifests") != 0 { unlinkat(folder, temporary, 0) }
    }

    private static func read(_ path: String) -> [Entry]? {
        guard let (bytes, status) = try? SmallFile.read(path, noFollow: true, limit: largest),
            status.owner == geteuid(),
            !status.isWritableByGroup, !status.isWritableByOthers
        else { return nil }
        return OutlineCacheFile.entries(bytes)
    }

    /// The open directory of a path, made if it is missing; nil unless it and the one that holds it are the user's own,
    /// so that root does not leave files in somebody's home.
    private static func ownFolder(of path: String) -> Int32? {
        let folder = parent(of: path)
        let base = parent(of: folder)
        if access(base, F_OK) != 0, let home = open(own: parent(of: base)) {
            mkdir(base, 0o700)
            close(home)
        }
        guard let holder = open(own: base) else { return nil }
        defer { close(holder) }
        let name = String(folder.dropFirst(base.count + 1))
        mkdirat(holder, name, 0o700)
        return open(own: name, in: holder, noFollow: true)
    }

    private static func parent(of path: String) -> String {
        String(path[..<(path.lastSlash ?? path.startIndex)])
    }

    private static func open(own name: String, in holder: Int32 = AT_FDCWD, noFollow: Bool = false) -> Int32? {
        let descriptor = openat(holder, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | (noFollow ? O_NOFOLLOW : 0))
        guard descriptor >= 0 else { return nil }
        guard let status = try? SmallFile.status(of: descriptor), status.owner == geteuid(), !status.isWritableByGroup,
            !status.isWritableByOthers
        else {
            close(descriptor)
            return nil
        }
        return descriptor
    }
}
