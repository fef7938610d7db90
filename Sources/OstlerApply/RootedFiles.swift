internal import COstlerShims
internal import Glibc
package import OstlerProtocol
internal import OstlerResources
internal import OstlerSystem

/// Files below one directory, which no link and no `..` leads out of.
package final class RootedFiles: Sendable {
    let root: OwnedFD
    /// As the user knows it; `/` for the machine.
    package let path: String
    private let accounts = Accounts()

    /// Opens the directory. Throws if it cannot be had.
    package init(_ path: String) throws(Failure) {
        let descriptor = Glibc.open(path, OSTLER_O_PATH | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw .file("root_unavailable", "open", path, errno) }
        root = OwnedFD(taking: descriptor)
        self.path = path
    }

    /// Whether a path exists; a link that leads nowhere does not.
    package func exists(_ path: String) throws(Failure) -> Bool {
        do throws(Failure) {
            _ = try open(path, OSTLER_O_PATH)
            return true
        } catch {
            guard error.code == "no_such_file" else { throw error }
            return false
        }
    }

    /// Opens a path below the root.
    func open(_ path: String, _ flags: Int32) throws(Failure) -> OwnedFD {
        let descriptor = ostler_open_in_root(root.number, path == "/" ? "." : path, flags)
        guard descriptor < 0 else { return OwnedFD(taking: descriptor) }
        switch -descriptor {
        case ENOENT, ENOTDIR: throw .file("no_such_file", "open", path, -descriptor)
        default: throw .file("file_unavailable", "open", path, -descriptor)
        }
    }

    /// The directory that a path lies in; nil if there is none.
    func parent(of path: String) throws(Failure) -> OwnedFD? {
        do throws(Failure) {
            return try open(PathText.directory(of: path), O_RDONLY | O_DIRECTORY)
        } catch {
            guard error.code == "no_such_file" else { throw error }
            return nil
        }
    }

    /// What lies in a directory, by name.
    func names(in path: String) throws(Failure) -> [String] {
        let directory = try open(path, O_RDONLY | O_DIRECTORY)
        guard let stream = fdopendir(directory.release()) else { throw .file("file_unavailable", "read", path, errno) }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// The numbers of a file's owner and group that are asked for.
    func accounts(of file: FileResource) throws(Failure) -> (owner: UInt32?, group: UInt32?) {
        (try accounts.user(file.owner, in: self), try accounts.group(file.group, in: self))
    }

    /// The last component.
    static func name(of path: String) -> String {
        path.pathParts.last.map(String.init) ?? ""
    }

    /// All bytes of an open file.
    static func contents(of descriptor: Int32, _ path: String) throws(Failure) -> [UInt8] {
        var bytes: [UInt8] = []
        while true {
            guard bytes.count <= largest else {
                throw Failure(
                    "file_too_large",
                    fault: .user,
                    message: "\(path) is larger than \(largest >> 20) MiB, the most that a file resource takes",
                    hint: "copy it with an exec"
                )
            }
            var problem: Int32 = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: 1 << 18) { buffer, count in
                let size = read(descriptor, buffer.baseAddress, buffer.count)
                problem = size < 0 ? errno : 0
                count = max(size, 0)
            }
            if problem == EINTR { continue }
            guard problem == 0 else { throw .file("file_unavailable", "read", path, problem) }
            if chunk.isEmpty { return bytes }
            bytes += chunk
        }
    }

    /// The largest content, in bytes.
    private static let largest = 64 << 20
}

extension Failure {
    /// A system call that failed on a file.
    static func file(_ code: String, _ call: String, _ path: String, _ number: Int32) -> Failure {
        Failure(
            code,
            fault: .task,
            message: "\(path): \(call): \(String(cString: strerror(number)))",
            hint: number == EACCES || number == EPERM ? "it needs rights that you do not have" : nil
        )
    }
}
