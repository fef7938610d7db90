internal import Glibc
internal import OstlerSystem

/// The files that a block list hides: what its names lead to, the other names of those, and programs that are many
/// programs in one and offer a blocked name.
struct BlockedFiles: Sendable {
    /// A file that is hidden, by a path without links.
    struct File: Sendable, Hashable {
        let path: String
        let stamp: FileStamp
    }

    private(set) var files: [File] = []
    /// Directories in which a blocked program could turn up later, as they were looked through.
    private(set) var places: [File] = []

    var identities: [FileIdentity] {
        var seen: Set<FileIdentity> = []
        return files.map(\.stamp.identity).filter { seen.insert($0).inserted }
    }

    /// Besides the search path: where packages keep programs that are many in one, or second copies of common ones.
    private static let otherPlaces = [
        "/usr/lib/busybox", "/usr/lib/cargo/bin/coreutils", "/usr/lib/initramfs-tools/bin", "/usr/lib/klibc/bin",
        "/usr/libexec/coreutils",
    ]

    /// How programs that are many in one are called.
    private static let manyInOne = ["busybox", "coreutils", "sbase-box", "toybox", "ubase-box"]

    init(_ names: [String], resolver: ProgramResolver = ProgramResolver()) {
        guard !names.isEmpty else { return }
        for directory in resolver.searchPath + Self.otherPlaces { addPlace(directory) }
        let bare = Set(names.map { String($0.pathParts.last ?? "") })
        for name in names where name.isAbsolutePath { add(name) }
        for place in places {
            for name in names where name.firstSlash == nil { add(place.path + "/" + name) }
        }
        for place in places {
            for entry in DirectoryWalk.entries(of: place.path) where entry.isFile {
                let path = place.path + "/" + entry.name
                let isMany = Self.manyInOne.contains { entry.name.hasPrefix($0) }
                if isMany, Self.offers(path, bare) { add(path) }
            }
        }
    }

    private mutating func add(_ path: String) {
        guard let found = ViewPath.follow(path), found.status.mode & S_IFMT == S_IFREG else { return }
        guard ProgramResolver.isVisible(found.path) else { return }
        let file = File(path: found.path, stamp: found.status.stamp)
        guard !files.contains(where: { $0.path == file.path }) else { return }
        files.append(file)
        addPlace(String(found.path.prefix(upTo: found.path.lastSlash ?? found.path.endIndex)))
    }

    private mutating func addPlace(_ directory: String) {
        guard let found = ViewPath.follow(directory), found.status.isDirectory else { return }
        let place = File(path: found.path, stamp: found.status.stamp)
        if !places.contains(where: { $0.path == place.path }) { places.append(place) }
    }

    /// Whether a program has one of the names among its words; what cannot be read is taken to have them.
    private static func offers(_ path: String, _ names: Set<String>) -> Bool {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
        guard file >= 0 else { return true }
        defer { close(file) }
        guard let size = FileStatus(of: file)?.size, size > 0, size < 256 << 20 else { return true }
        guard let start = mmap(nil, Int(size), PROT_READ, MAP_PRIVATE, file, 0), start != MAP_FAILED else {
            return true
        }
        defer { munmap(start, Int(size)) }
        let bytes = UnsafeRawBufferPointer(start: start, count: Int(size))
        return names.contains { bytes.holds(Array($0.utf8) + [0]) }
    }

    /// The paths of the files and of every hard link to them that a view with all of `roots` would show. Long: files with
    /// links that have not been found yet are looked for everywhere.
    func withLinks(in roots: [String]) -> [File] {
        var missing: [FileIdentity: UInt64] = [:]
        for file in files {
            guard let links = FileStatus(of: file.path)?.links else { continue }
            let known = files.count { $0.stamp.identity == file.stamp.identity }
            if links > known { missing[file.stamp.identity] = links - UInt64(known) }
        }
        guard !missing.isEmpty else { return files }
        let inodes = Set(missing.keys.map(\.inode))
        var all = files
        // One that is a link would show everything twice.
        for root in roots where FileStatus(of: root)?.isDirectory == true {
            DirectoryWalk.visit(root) { path, entry in
                guard inodes.contains(entry.inode), !all.contains(where: { $0.path == path }) else { return true }
                guard let status = FileStatus(of: path), let left = missing[status.stamp.identity] else { return true }
                all.append(File(path: path, stamp: status.stamp))
                missing[status.stamp.identity] = left > 1 ? left - 1 : nil
                return !missing.isEmpty
            }
        }
        return all
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func holds(_ word: [UInt8]) -> Bool {
        guard var at = baseAddress, let first = word.first else { return false }
        let end = at + count
        while end - at >= word.count, let found = memchr(at, Int32(first), end - at - word.count + 1) {
            if memcmp(found, word, word.count) == 0 { return true }
            at = UnsafeRawPointer(found) + 1
        }
        return false
    }
}
