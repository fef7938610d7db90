internal import Glibc
package import OstlerProtocol
package import OstlerResources
internal import OstlerSystem

extension RootedFiles {
    /// In what a file is not as it is to be.
    package func inspect(_ file: FileResource, withDiff: Bool) throws(Failure) -> FileInspection {
        guard let parent = try parent(of: file.path) else {
            var found = FileInspection(found: .nothing, hasParent: false)
            if file.ensure != .absent { found.differences = ["absent"] }
            if withDiff { found.diff = try diff(file, nil) }
            return found
        }
        let status = FileStatus(of: Self.name(of: file.path), in: parent.number)
        var found = FileInspection(found: status.map(\.found) ?? .nothing, hasParent: true)
        switch (file.ensure, found.found) {
        case (.absent, .nothing): return found
        case (.absent, let there):
            found.differences = ["exists"]
            if there == .directory { found.holds = try names(in: file.path) }
        case (.present, .directory): throw .isDirectory(file.path)
        case (.directory, .file), (.directory, .other): throw .notDirectory(file.path)
        case (_, .nothing):
            found.differences = ["absent"]
            try checkSources(of: file)
        case (.present, .other): found.differences = ["not a file"]
        case (.present, .file), (.directory, .directory):
            found.differences = try differences(file, parent.number, status)
        }
        if withDiff, found.found == .nothing || found.differences.contains("content") {
            found.diff = try diff(file, found.found == .file ? parent.number : nil)
        }
        return found
    }

    /// Finds out what could not be had when the file is made.
    private func checkSources(of file: FileResource) throws(Failure) {
        if file.ensure == .present { _ = try content(of: file) }
        _ = try accounts(of: file)
    }

    private func differences(
        _ file: FileResource,
        _ parent: Int32,
        _ status: FileStatus?
    ) throws(Failure) -> [String] {
        guard let status else { return ["absent"] }
        var differences: [String] = []
        if let wanted = try content(of: file), try !holds(file.path, parent, status, wanted) {
            differences.append("content")
        }
        if let mode = file.mode, mode != status.mode & 0o7777 {
            differences.append(FileInspection.difference(ofMode: status.mode & 0o7777, to: mode))
        }
        let (owner, group) = try accounts(of: file)
        if let owner, owner != status.owner {
            differences.append("owner \(status.owner) -> \(owner)")
        }
        if let group, group != status.group {
            differences.append("group \(status.group) -> \(group)")
        }
        return differences
    }

    private func holds(
        _ path: String,
        _ parent: Int32,
        _ status: FileStatus,
        _ wanted: [UInt8]
    ) throws(Failure) -> Bool {
        guard status.size == Int64(wanted.count) else { return false }
        return try present(path, in: parent) == wanted
    }

    private func present(_ path: String, in parent: Int32) throws(Failure) -> [UInt8] {
        let descriptor = openat(parent, Self.name(of: path), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file("file_unavailable", "open", path, errno) }
        let file = OwnedFD(taking: descriptor)
        return try Self.contents(of: file.number, path)
    }

    /// What is to be in a file; nil for whatever is.
    func content(of file: FileResource) throws(Failure) -> [UInt8]? {
        switch file.content {
        case nil: return nil
        case .text(let text): return Array(text.utf8)
        case .source(let path):
            let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK)
            guard descriptor >= 0 else { throw .file("source_unavailable", "open", path, errno) }
            return try Self.source(OwnedFD(taking: descriptor), path)
        case .rootedSource(let path): return try Self.source(open(path, O_RDONLY | O_NONBLOCK), path)
        }
    }

    /// A pipe that nobody writes to looks like an empty file, and a device never ends.
    private static func source(_ file: borrowing OwnedFD, _ path: String) throws(Failure) -> [UInt8] {
        guard FileStatus(of: file.number)?.isRegular == true else {
            throw Failure(
                "source_unavailable",
                fault: .user,
                message: "\(path) is no regular file",
                hint: "name a file as source, or copy it with an exec"
            )
        }
        return try contents(of: file.number, path)
    }

    // MARK: Lines that differ

    private func diff(_ file: FileResource, _ parent: Int32?) throws(Failure) -> String? {
        guard file.ensure == .present, let wanted = try content(of: file) else { return nil }
        guard !file.isSensitive else { return "(the content is sensitive, and not shown)\n" }
        let old = try parent.map { (parent) throws(Failure) in try present(file.path, in: parent) } ?? []
        return LineDiff.text(old, wanted, path: file.path)
    }
}

extension FileStatus {
    fileprivate var found: FileInspection.Found { isRegular ? .file : isDirectory ? .directory : .other }
}
