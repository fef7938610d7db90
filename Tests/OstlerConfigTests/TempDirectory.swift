import Glibc

/// A directory that is removed with its object.
final class TempDirectory: Sendable {
    let root: String

    init() {
        var template = Array("/tmp/ostler-test-XXXXXX".utf8CString)
        root = mkdtemp(&template) == nil ? "" : String(decoding: template.dropLast().map { UInt8($0) }, as: UTF8.self)
        precondition(!root.isEmpty, "no temporary directory: \(errno)")
    }

    deinit {
        Self.removeTree(root)
    }

    private static func removeTree(_ path: String) {
        if unlink(path) == 0 || errno == ENOENT { return }
        chmod(path, 0o700)
        if let stream = opendir(path) {
            while let entry = readdir(stream) {
                let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                    String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
                }
                if name != "." && name != ".." { removeTree(path + "/" + name) }
            }
            closedir(stream)
        }
        rmdir(path)
    }

    func path(_ relative: String) -> String { root + "/" + relative }

    /// Makes a directory and those above it.
    func makeDirectory(_ relative: String) {
        var path = root
        for part in relative.split(separator: "/") {
            path += "/" + part
            guard mkdir(path, 0o755) == 0 || errno == EEXIST else { fatalError("mkdir \(path): \(errno)") }
        }
    }

    /// Writes a file, and makes the directories above it.
    func write(_ relative: String, _ text: String, mode: mode_t = 0o644) {
        makeDirectory(relative.split(separator: "/").dropLast().joined(separator: "/"))
        let descriptor = open(path(relative), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        precondition(descriptor >= 0, "open \(relative): \(errno)")
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            precondition(count > 0, "write \(relative): \(errno)")
            bytes = bytes.dropFirst(count)
        }
        close(descriptor)
        chmod(path(relative), mode)
    }
}
