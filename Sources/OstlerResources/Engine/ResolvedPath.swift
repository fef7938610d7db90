/// Where a path leads on the disk as it is.
package struct ResolvedPath: Sendable, Equatable {
    /// A path without links on it, and the links that were followed to it, each by a path without links.
    package struct Way: Sendable, Equatable {
        package var path: String
        package var links: [String]

        package init(_ path: String, links: [String] = []) {
            (self.path, self.links) = (path, links)
        }
    }

    /// To what stands there, which may be a link itself.
    package var place: Way
    /// To where that leads; the same if it is no link.
    package var end: Way

    package init(place: Way, end: Way) {
        (self.place, self.end) = (place, end)
    }
}

extension EffectModel {
    /// Whether a link on the way may be another one by then.
    func isAstray(_ way: ResolvedPath.Way) -> Bool { way.links.contains { knowledge(of: $0) != .asItIs } }

    func knowledge(of way: ResolvedPath.Way) -> Knowledge { isAstray(way) ? .unknown : knowledge(of: way.path) }

    /// What is known of that to which a path leads.
    func knowledge(following path: ResolvedPath) -> Knowledge {
        let own = knowledge(of: path.place)
        guard own == .asItIs, path.end != path.place else { return own }
        return knowledge(of: path.end)
    }
}
