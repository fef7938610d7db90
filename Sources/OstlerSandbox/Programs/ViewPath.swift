internal import Glibc
internal import OstlerSystem

/// Follows paths as the kernel does, one part after another, and keeps the links that it came over.
///
/// The directories of programs in a view stand where they stand on the host, so the host's links are the view's.
struct ViewPath {
    /// A symbolic link on the way; the path of it has no links in it.
    struct Link: Hashable {
        let path: String
        let content: String
    }

    /// Where a path led.
    struct Found {
        /// The path without links.
        let path: String
        let links: [Link]
        let status: FileStatus
    }

    /// The kernel's own bound.
    private static let linksMax = 40

    /// nil if there is nothing.
    static func follow(_ path: String) -> Found? {
        guard path.isAbsolutePath, !path.utf8.contains(0) else { return nil }
        var left = parts(path)
        var done: [Substring] = []
        var links: [Link] = []
        while let part = left.popLast() {
            if part == "." || part == ".." {
                guard FileStatus(of: "/" + done.joined(separator: "/"))?.isDirectory == true else { return nil }
                if part == ".." { _ = done.popLast() }
                continue
            }
            let here = "/" + (done + [part]).joined(separator: "/")
            let content: String
            switch readLink(here) {
            case .link(let text): content = text
            case .noLink:
                done.append(part)
                continue
            case .nothing: return nil
            }
            guard links.count < linksMax else { return nil }
            links.append(Link(path: here, content: content))
            if content.isAbsolutePath { done = [] }
            left += parts(content)
        }
        let real = "/" + done.joined(separator: "/")
        return FileStatus(of: real).map { Found(path: real, links: links, status: $0) }
    }

    /// The last first. A slash at the end asks for a directory, as "." does.
    private static func parts(_ path: String) -> [Substring] {
        (path.pathParts + (path.endsWithSlash ? ["."] : [])).reversed()
    }

    private enum Step {
        case link(String)
        case noLink
        /// Nothing, or no directory to look in.
        case nothing
    }

    private static func readLink(_ path: String) -> Step {
        var content = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let (count, error) = content.withUnsafeMutableBytes { bytes -> (Int, Int32) in
            guard let start = bytes.baseAddress else { return (-1, ENOMEM) }
            return (readlink(path, start.assumingMemoryBound(to: CChar.self), bytes.count), errno)
        }
        if count > 0 { return .link(String(decoding: content.prefix(count), as: UTF8.self)) }
        return error == EINVAL ? .noLink : .nothing
    }
}
