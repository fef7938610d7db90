/// Paths as text: nothing here looks at a disk. They are taken apart by their bytes, since a slash that is followed by a
/// combining mark is a slash to the kernel.
package enum PathText {
    /// An absolute path without `.`, empty components and a slash at its end, with `..` taken back; nil for one that is
    /// not absolute.
    package static func normalized(_ path: String) -> String? {
        guard isAbsolute(path), !path.utf8.contains(0) else { return nil }
        var parts: [Substring] = []
        for part in components(of: path) where part != "." {
            if part == ".." { _ = parts.popLast() } else { parts.append(part) }
        }
        return "/" + parts.joined(separator: "/")
    }

    /// A path that is meant from a directory on.
    package static func joined(_ directory: String, _ path: String) -> String {
        isAbsolute(path) ? path : directory == "/" ? "/" + path : directory + "/" + path
    }

    /// The directory that a path lies in; `.` if it names none.
    package static func directory(of path: String) -> String {
        guard let slash = path.utf8.lastIndex(of: slash) else { return "." }
        return slash == path.startIndex ? "/" : String(path[..<slash])
    }

    /// Each directory above an absolute path, the nearest first; the root is the last.
    package static func ancestors(of path: String) -> [String] {
        var found: [String] = []
        var rest = path
        while rest != "/", rest != "." {
            rest = directory(of: rest)
            found.append(rest)
        }
        return found
    }

    /// A path without detours, to compare it with others; one that is not absolute stays so. Links are not followed.
    static func folded(_ path: String) -> String {
        var parts: [Substring] = []
        for part in components(of: path) where part != "." {
            if part == "..", let last = parts.last, last != ".." { parts.removeLast() } else { parts.append(part) }
        }
        return (isAbsolute(path) ? "/" : "") + parts.joined(separator: "/")
    }

    private static let slash = UInt8(ascii: "/")

    private static func isAbsolute(_ path: String) -> Bool { path.utf8.first == slash }

    private static func components(of path: String) -> [Substring] {
        path.utf8.split(separator: slash).map { Substring($0) }
    }
}
