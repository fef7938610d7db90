internal import Glibc
internal import OstlerJSON
internal import OstlerSystem

/// A plugin's folder as it lies on disk: its files and folders, found through one descriptor without following a link.
package struct PluginTree: ~Copyable {
    /// A file or a folder in it.
    package struct Part: Sendable, Equatable {
        /// Below the plugin's folder; empty for the folder itself.
        package let path: String
        package let isDirectory: Bool
        package let isExecutable: Bool
        package let size: Int64
        package let stamp: PartStamp

        init(path: String, _ facts: FileStatus) {
            self.path = path
            isDirectory = facts.isDirectory
            isExecutable = facts.isRegular && facts.isExecutable
            size = facts.isRegular ? facts.size : 0
            stamp = facts.partStamp
        }
    }

    private let folder: OwnedFD
    /// The path by which it was opened.
    package let path: String

    /// Opens a folder. The folder itself must not be a link.
    package init(_ path: String) throws(TrustError) {
        let descriptor = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else {
            let code = errno
            if FileStatus(of: path)?.isLink == true {
                throw TrustError(
                    .symbolicLink,
                    "\(Quotation.bare(path)) is a symbolic link",
                    hint: "name the folder itself"
                )
            }
            throw TrustError(.unreadable, "\(Quotation.bare(path)): \(Errno.message(code))")
        }
        folder = OwnedFD(taking: descriptor)
        self.path = path
    }

    var descriptor: Int32 { folder.number }

    /// What a name in it is by the kernel; nil if there is none.
    func facts(_ path: String) -> FileStatus? {
        path.isEmpty ? FileStatus(of: descriptor) : FileStatus(of: path, in: descriptor)
    }

    /// All files and folders, the folder itself first, each after the one that holds it. Throws at the first that may not
    /// be part of a plugin.
    package func parts() throws(TrustError) -> [Part] {
        guard let top = FileStatus(of: descriptor) else { throw unreadable("") }
        try top.checkOwner(Quotation.bare(path))
        var inventory = PluginInventory()
        var found = [Part(path: "", top)]
        var next = 0
        while next < found.count {
            let part = found[next]
            next += 1
            guard part.isDirectory else { continue }
            for name in try names(in: part.path) {
                let path = part.path.isEmpty ? name : part.path + "/" + name
                try inventory.add(path)
                guard let facts = FileStatus(of: path, in: descriptor) else { throw unreadable(path) }
                try facts.checkPart(Quotation.bare(path))
                if facts.isRegular { try inventory.add(bytes: Int(facts.size)) }
                found.append(Part(path: path, facts))
            }
        }
        return found
    }

    private func names(in relative: String) throws(TrustError) -> [String] {
        let opened = openat(
            descriptor,
            relative.isEmpty ? "." : relative,
            O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC
        )
        guard opened >= 0 else { throw unreadable(relative) }
        guard let stream = fdopendir(opened) else {
            close(opened)
            throw unreadable(relative)
        }
        defer { closedir(stream) }
        var names: [[UInt8]] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { Array($0.prefix { $0 != 0 }) }
            if name != [0x2E], name != [0x2E, 0x2E] { names.append(name) }
        }
        names.sort { $0.lexicographicallyPrecedes($1) }
        var texts: [String] = []
        for name in names {
            guard let text = String(validating: name, as: UTF8.self) else {
                let shown = Quotation.text(String(decoding: name, as: UTF8.self))
                throw TrustError(.unsafePath, "the name \(shown) is not UTF-8", hint: "rename the file")
            }
            texts.append(text)
        }
        return texts
    }

    /// Reads a file piece by piece. Throws if it is no longer what `part` says.
    func read(_ part: Part, _ take: (UnsafeRawBufferPointer) throws(TrustError) -> Void) throws(TrustError) {
        let opened = openat(descriptor, part.path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC)
        guard opened >= 0 else { throw unreadable(part.path) }
        let file = OwnedFD(taking: opened)
        guard let before = FileStatus(of: file.number), before.partStamp == part.stamp, before.isRegular else {
            throw changed(part.path)
        }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        var count: Int64 = 0
        while true {
            let size = Glibc.read(file.number, &buffer, buffer.count)
            if size < 0, errno == EINTR { continue }
            guard size >= 0 else { throw unreadable(part.path) }
            if size == 0 { break }
            count += Int64(size)
            guard count <= part.size else { throw changed(part.path) }
            try Self.hand(buffer, size, to: take)
        }
        guard count == part.size, FileStatus(of: file.number)?.partStamp == part.stamp else { throw changed(part.path) }
    }

    private static func hand(
        _ buffer: [UInt8],
        _ count: Int,
        to take: (UnsafeRawBufferPointer) throws(TrustError) -> Void
    ) throws(TrustError) {
        let result = buffer.withUnsafeBytes { bytes -> Result<Void, TrustError> in
            Result { () throws(TrustError) in try take(UnsafeRawBufferPointer(rebasing: bytes[..<count])) }
        }
        try result.get()
    }

    /// The digest of a file.
    package func digest(of part: Part) throws(TrustError) -> String {
        var sum = SHA256()
        try read(part) { (bytes) throws(TrustError) in sum.update(bytes) }
        return sum.finish()
    }

    /// The sums of all files, with the parts that they were made of.
    package func sums() throws(TrustError) -> (sums: PluginSums, files: [HashedPart]) {
        var files: [HashedPart] = []
        for part in try parts() {
            files.append(HashedPart(part: part, sha256: part.isDirectory ? nil : try digest(of: part)))
        }
        return (PluginSums(files.compactMap { file in file.sha256.map { (file.part.path, $0) } }), files)
    }

    /// A small file of the plugin; nil if there is none.
    package func contents(of relative: String, limit: Int64 = 1 << 20) throws(TrustError) -> [UInt8]? {
        guard let facts = FileStatus(of: relative, in: descriptor) else { return nil }
        try facts.checkPart(Quotation.bare(relative))
        guard facts.isRegular, facts.size <= limit else {
            throw TrustError(.tooLarge, "\(Quotation.bare(relative)) is no file of at most \(limit) bytes")
        }
        var bytes: [UInt8] = []
        try read(Part(path: relative, facts)) { (piece) throws(TrustError) in bytes.append(contentsOf: piece) }
        return bytes
    }

    /// What the plugin is by its contents. A list of sums that lies in it must be right.
    package func identity() throws(TrustError) -> PluginIdentity {
        let sums = try sums().sums
        return PluginIdentity(sums: sums, signature: try signature(for: sums))
    }

    /// The signature that lies in the plugin, not verified; nil if there is none. A list of sums that lies in the plugin
    /// must be right.
    package func signature(for sums: PluginSums) throws(TrustError) -> Minisign.Signature? {
        if let listed = try contents(of: PluginSums.fileName, limit: 4 << 20) { try sums.check(against: listed) }
        return try contents(of: PluginSums.signatureName).map { (bytes) throws(TrustError) in
            try Minisign.Signature(parsing: bytes)
        }
    }

    private func unreadable(_ relative: String) -> TrustError {
        let code = errno
        return TrustError(.unreadable, "\(Quotation.bare(path + "/" + relative)): \(Errno.message(code))")
    }

    private func changed(_ relative: String) -> TrustError {
        TrustError(
            .changedWhileRead,
            "\(Quotation.bare(relative)) was changed while it was read",
            hint: "try again when nobody writes there"
        )
    }
}

/// A part with the digest of its contents, which folders have none of.
package struct HashedPart: Sendable, Equatable {
    package let part: PluginTree.Part
    package let sha256: String?
}
