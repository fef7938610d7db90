internal import COstlerShims
internal import Glibc
internal import OstlerProtocol
package import OstlerResources
internal import OstlerSystem

extension RootedFiles {
    /// As many as the kernel follows.
    private static let mostLinks = 40

    /// Where a path leads as things are.
    package func resolve(_ path: String) -> ResolvedPath {
        let place = way(to: path, followsLast: false)
        guard target(of: place.path) != nil else { return ResolvedPath(place: place, end: place) }
        return ResolvedPath(place: place, end: way(to: path, followsLast: true))
    }

    private func way(to path: String, followsLast: Bool) -> ResolvedPath.Way {
        var way = ResolvedPath.Way("/")
        var rest = Self.names(of: path)[...]
        while let name = rest.popFirst() {
            guard name != ".." else {
                way.path = PathText.directory(of: way.path)
                continue
            }
            let next = PathText.joined(way.path, name)
            guard followsLast || !rest.isEmpty, way.links.count < Self.mostLinks, let target = target(of: next) else {
                way.path = next
                continue
            }
            way.links.append(next)
            if target.isAbsolutePath { way.path = "/" }
            rest = (Self.names(of: target) + rest)[...]
        }
        return way
    }

    private static func names(of path: String) -> [String] {
        path.pathParts.map(String.init).filter { $0 != "." }
    }

    /// What a link says; nil if it is none, or cannot be looked at.
    private func target(of path: String) -> String? {
        guard let link = try? open(path, OSTLER_O_PATH | O_NOFOLLOW) else { return nil }
        var bytes = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        let count = readlinkat(link.number, "", &bytes, bytes.count - 1)
        guard count > 0 else { return nil }
        return String(decoding: bytes.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
