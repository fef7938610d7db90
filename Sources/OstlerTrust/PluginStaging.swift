internal import Glibc
internal import OstlerJSON
internal import OstlerSystem

/// A plugin on its way into the store: a folder beside its place there that nobody else looks at. It goes away with the
/// value unless it was taken in.
package final class PluginStaging: ArchiveSink {
    /// A file that was added.
    struct File: Hashable {
        let path: ExactKey
        let sha256: String
        let isExecutable: Bool

        init(_ path: String, sha256: String, isExecutable: Bool) {
            self.path = ExactKey(path)
            self.sha256 = sha256
            self.isExecutable = isExecutable
        }
    }

    package let path: String
    private let folder: OwnedFD
    private var inventory = PluginInventory()
    private var folders: Set<String> = []
    private(set) var files: [File] = []
    private var digests: [(path: String, sha256: String)] = []
    private var isTaken = false

    /// Makes an empty one in the store's folder. For who has the turn there.
    init(in store: String) throws(TrustError) {
        var random = SystemRandomNumberGenerator()
        path = store + "/.staging-" + String(random.next(), radix: 16)
        guard mkdir(path, 0o700) == 0 else { throw TrustError.cannotWrite(path, errno) }
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw TrustError.cannotWrite(path, errno) }
        folder = OwnedFD(taking: descriptor)
        // Whoever finds it without a holder knows that its process is gone.
        flock(descriptor, LOCK_EX)
    }

    deinit {
        if !isTaken { Folders.remove(path) }
    }

    package var sums: PluginSums { PluginSums(digests) }

    /// Adds a folder and those above it.
    package func addFolder(_ path: String) throws(TrustError) {
        guard !folders.contains(path) else { return }
        try addParents(of: path)
        try inventory.add(path)
        guard mkdirat(folder.number, path, 0o700) == 0 else {
            throw TrustError.cannotWrite(self.path + "/" + path, errno)
        }
        folders.insert(path)
    }

    private func addParents(of path: String) throws(TrustError) {
        try PluginPath.check(path)
        if let slash = path.lastSlash { try addFolder(String(path[..<slash])) }
    }

    /// Adds a file, whose pieces `fill` hands over.
    package func addFile(
        _ path: String,
        isExecutable: Bool,
        _ fill: (_ take: (UnsafeRawBufferPointer) throws(TrustError) -> Void) throws(TrustError) -> Void
    ) throws(TrustError) {
        try addParents(of: path)
        try inventory.add(path)
        let descriptor = openat(
            folder.number,
            path,
            O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC,
            isExecutable ? 0o500 : 0o400
        )
        guard descriptor >= 0 else { throw TrustError.cannotWrite(self.path + "/" + path, errno) }
        let file = OwnedFD(taking: descriptor)
        var sum = SHA256()
        var inventory = inventory
        try fill { (bytes) throws(TrustError) in
            try inventory.add(bytes: bytes.count)
            sum.update(bytes)
            try Folders.write(Array(bytes), to: file.number, path)
        }
        self.inventory = inventory
        // From now on nobody writes to it, not even its owner without a further step.
        guard fchmod(file.number, isExecutable ? 0o555 : 0o444) == 0, fsync(file.number) == 0 else {
            throw TrustError.cannotWrite(self.path + "/" + path, errno)
        }
        let digest = sum.finish()
        digests.append((path, digest))
        files.append(File(path, sha256: digest, isExecutable: isExecutable))
    }

    /// Adds all that lies in a folder.
    package func copy(_ tree: borrowing PluginTree) throws(TrustError) {
        for part in try tree.parts() where !part.path.isEmpty {
            guard !part.isDirectory else {
                try addFolder(part.path)
                continue
            }
            // A borrowed tree cannot be captured by what hands the pieces over.
            var pieces: [UInt8] = []
            pieces.reserveCapacity(Int(part.size))
            try tree.read(part) { (bytes) throws(TrustError) in pieces.append(contentsOf: bytes) }
            try addFile(part.path, isExecutable: part.isExecutable) { (take) throws(TrustError) in
                let result = pieces.withUnsafeBytes { bytes -> Result<Void, TrustError> in
                    Result { () throws(TrustError) in try take(bytes) }
                }
                try result.get()
            }
        }
    }

    /// Takes the right to write away and puts it in its place; what was there goes.
    func take(to place: String) throws(TrustError) {
        for path in folders.sorted(by: >) { fchmodat(folder.number, path, 0o555, 0) }
        guard fchmod(folder.number, 0o555) == 0, fsync(folder.number) == 0 else {
            throw TrustError.cannotWrite(path, errno)
        }
        if FileStatus(of: place) != nil {
            let old = path + ".old"
            guard rename(place, old) == 0 else { throw TrustError.cannotWrite(place, errno) }
            Folders.remove(old)
        }
        guard rename(path, place) == 0 else { throw TrustError.cannotWrite(place, errno) }
        isTaken = true
        flock(folder.number, LOCK_UN)
    }
}
