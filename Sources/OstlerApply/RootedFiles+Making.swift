internal import COstlerShims
internal import Glibc
package import OstlerProtocol
package import OstlerResources
internal import OstlerSystem

extension RootedFiles {
    /// Makes a file as it is to be. A content is written beside it and takes its place in one step; then the disk has it.
    package func make(_ file: FileResource) throws(Failure) {
        guard let parent = try parent(of: file.path) else {
            if file.ensure == .absent { return }
            throw .noParent(PathText.directory(of: file.path))
        }
        let name = Self.name(of: file.path)
        switch file.ensure {
        case .absent: try remove(file.path, name, parent.number)
        case .directory: try makeDirectory(file, name, parent.number)
        case .present: try makeFile(file, name, parent.number)
        }
        guard fsync(parent.number) == 0 || errno == EINVAL else {
            throw .file("file_unavailable", "fsync", file.path, errno)
        }
    }

    private func remove(_ path: String, _ name: String, _ parent: Int32) throws(Failure) {
        let isDirectory = FileStatus(of: name, in: parent)?.isDirectory == true
        guard unlinkat(parent, name, isDirectory ? AT_REMOVEDIR : 0) != 0, errno != ENOENT else { return }
        var failure = Failure.file("not_removed", "remove", path, errno)
        if errno == ENOTEMPTY { failure.hint = "a directory is removed only when it is empty: name what is in it" }
        throw failure
    }

    private func makeDirectory(_ file: FileResource, _ name: String, _ parent: Int32) throws(Failure) {
        let isNew = mkdirat(parent, name, 0o755) == 0
        guard isNew || errno == EEXIST else { throw .file("file_unavailable", "mkdir", file.path, errno) }
        let descriptor = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file("not_a_directory", "open", file.path, errno) }
        let directory = OwnedFD(taking: descriptor)
        try setOwner(file, directory.number)
        // What the mask of the process took away of the default comes back, too.
        if let mode = file.mode ?? (isNew ? 0o755 : nil) { try setMode(mode, file.path, directory.number) }
    }

    private func makeFile(_ file: FileResource, _ name: String, _ parent: Int32) throws(Failure) {
        let status = FileStatus(of: name, in: parent)
        let existing = status?.isRegular == true ? status : nil
        if existing != nil, try !inspect(file, withDiff: false).differences.contains("content") {
            let descriptor = openat(parent, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
            guard descriptor >= 0 else { throw .file("file_unavailable", "open", file.path, errno) }
            let open = OwnedFD(taking: descriptor)
            try setOwner(file, open.number)
            if let mode = file.mode { try setMode(mode, file.path, open.number) }
            return
        }
        try replace(file, name, parent, existing)
    }

    /// The name is always the same, so that what an interrupted run left is taken away by the next.
    private func replace(
        _ file: FileResource,
        _ name: String,
        _ parent: Int32,
        _ existing: FileStatus?
    ) throws(Failure) {
        let content = try content(of: file) ?? []
        let temporary = ".\(name.utf8.count > 200 ? String(name.prefix(50)) : name).ostler-new"
        unlinkat(parent, temporary, 0)
        let descriptor = ostler_create_file(parent, temporary, O_WRONLY | O_EXCL | O_NOFOLLOW)
        guard descriptor >= 0 else { throw .file("file_unavailable", "create", file.path, -descriptor) }
        let new = OwnedFD(taking: descriptor)
        do throws(Failure) {
            try write(content, file.path, new.number)
            try setOwner(file, new.number, like: existing)
            try setMode(file.mode ?? existing.map { $0.mode & 0o7777 } ?? 0o644, file.path, new.number)
            guard fsync(new.number) == 0 else { throw .file("file_unavailable", "fsync", file.path, errno) }
            guard renameat(parent, temporary, parent, name) == 0 else {
                throw .file("file_unavailable", "rename", file.path, errno)
            }
        } catch {
            unlinkat(parent, temporary, 0)
            throw error
        }
    }

    private func write(_ bytes: [UInt8], _ path: String, _ descriptor: Int32) throws(Failure) {
        var done = 0
        while done < bytes.count {
            let count = bytes[done...].withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw .file("file_unavailable", "write", path, errno) }
            done += count
        }
    }

    private func setOwner(_ file: FileResource, _ descriptor: Int32, like existing: FileStatus? = nil) throws(Failure) {
        let accounts = Accounts(files: self)
        let owner = try accounts.user(file.owner)
        let group = try accounts.group(file.group)
        if owner == nil, group == nil, existing == nil { return }
        // Who may not give it to its owner of before keeps it, unless the manifest asks for an owner.
        let isAsked = owner != nil || group != nil
        let result = fchown(descriptor, owner ?? existing?.owner ?? .max, group ?? existing?.group ?? .max)
        guard result == 0 || !isAsked else { throw .file("file_unavailable", "chown", file.path, errno) }
    }

    private func setMode(_ mode: UInt32, _ path: String, _ descriptor: Int32) throws(Failure) {
        guard fchmod(descriptor, mode) == 0 else { throw .file("file_unavailable", "chmod", path, errno) }
    }
}
