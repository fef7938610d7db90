internal import OstlerSystem
internal import Synchronization

/// The lists of programs of an executor, by name.
package struct ProgramLists: Sendable, Hashable {
    /// nil: all that are not blocked.
    package var allowed: [String]?
    package var blocked: [String]
    /// Further files for what is allowed: names of bundles, or paths.
    package var bundles: [String]
    /// Whether what a task makes in its work directory may be executed.
    package var opensWork: Bool

    package init(
        allowed: [String]? = nil,
        blocked: [String] = [],
        bundles: [String] = [],
        opensWork: Bool = false
    ) {
        self.allowed = allowed
        self.blocked = blocked
        self.bundles = bundles
        self.opensWork = opensWork
    }

    package var isEmpty: Bool { allowed == nil && blocked.isEmpty }
}

/// Lists of programs as this machine's files, found out once: the names at once, for judging; what a view holds and hides
/// when it is first asked for, which takes longer and must not happen on the loop.
///
/// Two fences are equal only if they are one: the files may have changed between them.
package final class ProgramFence: Sendable, Hashable {
    /// What a view holds and hides.
    package struct Content: Sendable {
        /// nil without an allow list.
        package let closure: ProgramClosure?
        /// Hidden files.
        let masks: [BlockedFiles.File]
        /// Directories whose change makes the masks doubtful: a file that is replaced comes out from under its mask.
        let witnesses: [BlockedFiles.File]

        package var hidden: [String] { masks.map(\.path) }
    }

    package let lists: ProgramLists
    package let identities: ProgramIdentities
    private let blocked: BlockedFiles
    /// Allowed programs, or places in which blocked ones are looked for.
    private let named: [BlockedFiles.File]
    private let content = Mutex<Content?>(nil)

    package init(_ lists: ProgramLists) {
        self.lists = lists
        let resolver = ProgramResolver()
        let allowed = lists.allowed.map { $0.compactMap(resolver.find) }
        blocked = BlockedFiles(lists.blocked)
        named = blocked.places + (allowed ?? []).map { .init(path: $0.path, stamp: $0.status.stamp) }
        identities = ProgramIdentities(
            allowed: allowed.map { $0.map(\.status.stamp.identity) },
            blocked: blocked.identities,
            opensWork: lists.opensWork
        )
    }

    /// Whether the files that the lists name are still those that were found. Cheap: it is asked for each task.
    package var isCurrent: Bool { named.allSatisfy { FileStatus(of: $0.path)?.stamp == $0.stamp } }

    package var isLoaded: Bool { content.withLock { $0 != nil } }

    /// Looks through the files; the second time it knows.
    package func load() -> Content {
        content.withLock { known in
            if let known { return known }
            let found = lists.allowed.map { Content(closure: closure(of: $0), masks: [], witnesses: []) } ?? masked()
            known = found
            return found
        }
    }

    private func closure(of allowed: [String]) -> ProgramClosure {
        let hidden = Set(identities.blocked)
        var builder = ClosureBuilder(blocked: hidden)
        for name in lists.bundles { ProgramBundle(named: name).map { builder.add($0) } }
        let resolver = ProgramResolver()
        var place = 0
        for name in allowed where resolver.resolve(name) != nil {
            builder.add(program: name, place: place)
            place += 1
        }
        return builder.closure
    }

    private func masked() -> Content {
        let masks = blocked.withLinks(in: ["/usr", "/bin", "/sbin", "/lib"])
        return Content(closure: nil, masks: masks, witnesses: blocked.places)
    }

    package static func == (left: ProgramFence, right: ProgramFence) -> Bool { left === right }

    package func hash(into hasher: inout Hasher) { hasher.combine(ObjectIdentifier(self)) }
}
