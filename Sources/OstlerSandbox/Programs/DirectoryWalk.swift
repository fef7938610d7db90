internal import Glibc
internal import OstlerSystem

/// Reads directories without following links.
package enum DirectoryWalk {
    /// An entry as the directory itself tells it, without a look at the file.
    struct Entry {
        let name: String
        let inode: UInt64
        let isDirectory: Bool
        let isFile: Bool
    }

    static func entries(of directory: String) -> [Entry] {
        guard let stream = opendir(directory) else { return [] }
        defer { closedir(stream) }
        var found: [Entry] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { name in
                name.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            let kind = entry.pointee.d_type
            let status = kind == UInt8(DT_UNKNOWN) ? FileStatus(of: directory + "/" + name) : nil
            found.append(
                Entry(
                    name: name,
                    inode: UInt64(entry.pointee.d_ino),
                    isDirectory: kind == UInt8(DT_DIR) || status?.isDirectory == true,
                    isFile: kind == UInt8(DT_REG) || status.map { $0.mode & S_IFMT == S_IFREG } == true
                )
            )
        }
        return found
    }

    /// Calls for each regular file at any depth until it answers false.
    static func visit(_ directory: String, _ body: (_ path: String, Entry) -> Bool) {
        var left = [directory]
        while let here = left.popLast() {
            for entry in entries(of: here) {
                if entry.isDirectory { left.append(here + "/" + entry.name) }
                if entry.isFile, !body(here + "/" + entry.name, entry) { return }
            }
        }
    }

    /// The paths of the regular files whose names are wanted, at any depth.
    package static func files(below directory: String, _ wants: (String) -> Bool) -> [String] {
        var found: [String] = []
        visit(directory) { path, entry in
            if wants(entry.name) { found.append(path) }
            return true
        }
        return found
    }
}
