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
        throw errno == ENOTEMPTY || errno == EEXIST ? .notEmpty(path) : .file("not_removed", "remove", path, errno)
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

    private func replace(
        _ file: FileResource,
        _ name: String,
        _ parent: Int32,
        _ existing: FileStatus?
    ) throws(Failure) {
        let content = try content(of: file) ?? []
        let new = try ReplacementFile(beside: name, in: parent, path: file.path)
        do throws(Failure) {
            try write(content, file.path, new.number)
            let keepsOwner = try setOwner(file, new.number, like: existing)
            var mode = existing.map { $0.mode & 0o7777 } ?? 0o644
            // With another owner than before, who runs it would get rights that nobody gave.
            if !keepsOwner { mode &= 0o1777 }
            try setMode(file.mode ?? mode, file.path, new.number)
            try new.takePlace()
        } catch {
            new.discard()
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

    /// Gives it the owner and the group that are asked for, and else those of before. Who may not give it to these keeps
    /// what can be kept.
    /// - Returns: whether both are as they were, or as they are asked for.
    @discardableResult
    private func setOwner(
        _ file: FileResource,
        _ descriptor: Int32,
        like existing: FileStatus? = nil
    ) throws(Failure) -> Bool {
        let (owner, group) = try accounts(of: file)
        var keepsAll = true
        for (asked, before, isGroup) in [(owner, existing?.owner, false), (group, existing?.group, true)] {
            guard let wanted = asked ?? before else { continue }
            // The highest number leaves it as it is.
            guard fchown(descriptor, isGroup ? .max : wanted, isGroup ? wanted : .max) != 0 else { continue }
            guard asked == nil else { throw .file("file_unavailable", "chown", file.path, errno) }
            keepsAll = false
        }
        return keepsAll
    }

    private func setMode(_ mode: UInt32, _ path: String, _ descriptor: Int32) throws(Failure) {
        guard fchmod(descriptor, mode) == 0 else { throw .file("file_unavailable", "chmod", path, errno) }
    }
}
