internal import Glibc

/// What the planner must know of the host's file system. It is asked once, so that planning itself is pure.
package struct HostLayout: Sendable, Equatable {
    /// How a directory of the root stands on the host.
    package enum Entry: Sendable, Equatable {
        case symlink(String)
        case directory
    }

    /// `/bin`, `/lib64` and the like, which are links into /usr on most systems of today.
    package var rootEntries: [(name: String, entry: Entry)]

    package init(rootEntries: [(name: String, entry: Entry)]) {
        self.rootEntries = rootEntries
    }

    /// Looks at this machine.
    package static func probe() -> HostLayout {
        let names = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"]
        return HostLayout(rootEntries: names.compactMap { name in entry(of: "/" + name).map { (name, $0) } })
    }

    private static func entry(of path: String) -> Entry? {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = readlink(path, &target, target.count - 1)
        if count > 0 {
            return .symlink(String(decoding: target.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self))
        }
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT == S_IFDIR else { return nil }
        return .directory
    }

    package static func == (left: HostLayout, right: HostLayout) -> Bool {
        left.rootEntries.elementsEqual(right.rootEntries) { $0.name == $1.name && $0.entry == $1.entry }
    }
}
