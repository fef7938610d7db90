internal import Glibc
internal import OstlerConfig
internal import OstlerSystem

/// An opened directory: of plugins, or of one plugin. What is read in it is reached through the descriptor, so that
/// what was checked is what is read.
struct PluginDirectory: ~Copyable {
    static let manifestName = "plugin.yaml"

    let path: String
    let status: SmallFile.Status
    private let descriptor: Int32

    /// Opens a directory by its path, or by its name in another one. Links are followed: what counts is who owns the
    /// directory at their end.
    init(_ path: String, name: String? = nil, in parent: borrowing PluginDirectory) throws(SmallFile.Failure) {
        try self.init(path, opening: name ?? path, in: parent.descriptor)
    }

    init(_ path: String) throws(SmallFile.Failure) {
        try self.init(path, opening: path, in: AT_FDCWD)
    }

    private init(_ path: String, opening name: String, in parent: Int32) throws(SmallFile.Failure) {
        let descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NONBLOCK)
        guard descriptor >= 0 else {
            let code = errno
            throw code == ENOTDIR
                ? SmallFile.Failure(.notRegular, "is not a directory") : SmallFile.Failure(errno: code)
        }
        do throws(SmallFile.Failure) {
            status = try SmallFile.status(of: descriptor)
        } catch {
            close(descriptor)
            throw error
        }
        self.descriptor = descriptor
        self.path = path
    }

    deinit {
        close(descriptor)
    }

    /// The path without links; nil if it has none any more.
    var realPath: String? { Self.real("/proc/self/fd/\(descriptor)") }

    /// Whether the directory is that of a plugin.
    var hasManifest: Bool {
        faccessat(descriptor, Self.manifestName, F_OK, AT_SYMLINK_NOFOLLOW) == 0
    }

    /// The names of what may be directories, without the hidden ones, sorted.
    func names() throws(SmallFile.Failure) -> [String] {
        // fdopendir takes its descriptor over, and it moves the offset, which a duplicate shares.
        let own = openat(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard own >= 0 else { throw SmallFile.Failure(errno: errno) }
        guard let stream = fdopendir(own) else {
            let code = errno
            close(own)
            throw SmallFile.Failure(errno: code)
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let type = Int32(entry.pointee.d_type)
            guard type == Int32(DT_DIR) || type == Int32(DT_LNK) || type == Int32(DT_UNKNOWN) else { continue }
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names.sorted { Array($0.utf8).lexicographicallyPrecedes(Array($1.utf8)) }
    }

    /// Reads a file of the plugin, which must be as safe as the directory.
    func read(_ relativePath: String) throws(SmallFile.Failure) -> (bytes: [UInt8], status: SmallFile.Status) {
        if relativePath.firstSlash != nil { _ = try resolve(relativePath) }
        let (bytes, status) = try SmallFile.read(relativePath, in: descriptor, noFollow: true)
        if let fault = Self.fault(of: status) { throw SmallFile.Failure(.unsafe, "is not used: \(fault)") }
        return (bytes, status)
    }

    /// Reads the manifest.
    func manifestBytes() throws(ConfigFailure) -> (bytes: [UInt8], status: SmallFile.Status) {
        do throws(SmallFile.Failure) {
            return try read(Self.manifestName)
        } catch {
            throw ConfigFailure(
                ConfigError(
                    error.kind == .unsafe ? .unsafePermissions : .unreadable,
                    file: Self.manifestName,
                    message: "the file \(error.message)"
                )
            )
        }
    }

    /// What a regular file is that ``read(_:)`` would read now; nil if it would not.
    func status(of relativePath: String) -> SmallFile.Status? {
        if relativePath.firstSlash != nil, (try? resolve(relativePath)) == nil { return nil }
        guard let status = SmallFile.status(of: relativePath, in: descriptor), status.isRegular,
            Self.fault(of: status) == nil
        else { return nil }
        return status
    }

    /// Checks that a program or library of the plugin exists, stays in the directory, is safe and, as a program, can be
    /// executed.
    func check(_ relativePath: String, isProgram: Bool) throws(SmallFile.Failure) {
        let status = try SmallFile.status(at: try resolve(relativePath))
        guard status.isRegular else { throw SmallFile.Failure(.notRegular, "is not a regular file") }
        guard status.isExecutable || !isProgram else { throw SmallFile.Failure(.notRegular, "is not executable") }
        if let fault = Self.fault(of: status) { throw SmallFile.Failure(.unsafe, "is not used: \(fault)") }
    }

    /// The path without links, which must be below the directory's own.
    private func resolve(_ relativePath: String) throws(SmallFile.Failure) -> String {
        guard let root = Self.real("/proc/self/fd/\(descriptor)") ?? Self.real(path) else {
            throw SmallFile.Failure(errno: errno)
        }
        guard let found = Self.real(root + "/" + relativePath) else { throw SmallFile.Failure(errno: errno) }
        guard found.hasPrefix(root + "/") else {
            throw SmallFile.Failure(.symbolicLink, "leads out of the plugin's directory")
        }
        return found
    }

    private static func real(_ path: String) -> String? {
        guard let resolved = realpath(path, nil) else { return nil }
        defer { free(resolved) }
        return String(cString: resolved)
    }

    /// Why somebody else could have put the file or the plugin's directory there; nil if nobody could.
    static func fault(of status: SmallFile.Status) -> String? {
        if let fault = status.ownershipFault { return fault }
        if status.isWritableByOthers { return "every user can write it" }
        return status.isWritableByGroup ? "its group can write it" : nil
    }

    /// Why somebody else could have put a plugin into a directory of plugins. With the sticky bit they can add one,
    /// which its owner gives away, but not replace one.
    static func faultOfParent(_ status: SmallFile.Status) -> String? {
        status.isSticky ? status.ownershipFault : fault(of: status)
    }
}
