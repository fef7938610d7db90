internal import OstlerJSON

/// What a run without effects believes of the file system: what is there, changed by what earlier resources would have
/// done.
package struct EffectModel: Sendable {
    /// What is known of a path.
    package enum Knowledge: Sendable, Equatable {
        /// Nothing would have touched it: the disk can be asked.
        case asItIs
        case absent
        case directory
        /// A file with just the content that its resource says.
        case file
        /// Something is there, and nobody can say what.
        case something
        /// A directory that is there stays as it is; where there is none, one may have been made.
        case kept
        case unknown
    }

    /// What is known of a directory's mode and owner.
    package enum Attributes: Sendable, Equatable {
        /// Those of the disk, if the directory is there.
        case asItIs
        /// As resources gave them; nil for what nobody can say.
        case given(mode: UInt32?, owner: String?, group: String?)

        static let unknown = Attributes.given(mode: nil, owner: nil, group: nil)
    }

    enum Entry: Sendable {
        case absent
        case file
        /// What is in it beside what has an entry of its own.
        case directory(Contents, Attributes)
        case something
        /// - Parameter title: of the resource that may make what is not there.
        case kept(_ title: String)
        /// - Parameter title: of the resource of which nobody can say what it does here.
        case doubtful(_ title: String)

        var isAbsent: Bool {
            if case .absent = self { true } else { false }
        }

        /// Whether it may be there, or not.
        var isOpen: Bool {
            switch self {
            case .kept, .doubtful: true
            case .absent, .file, .directory, .something: false
            }
        }
    }

    enum Contents: Sendable {
        case nothing
        case asItIs
        case unknown
    }

    /// What has something in it has an entry of its own; what only lacks something need not.
    var entries: [ExactKey: Entry] = [:]
    /// Whether any entry was ever absent: to look for those that are in something costs a look at each.
    private(set) var hasAbsent = false
    /// What may have been executed without anybody having said what it changes, the latest.
    package private(set) var opaque: String?
    /// What is to be said of that.
    private(set) var opacity = ""
    /// Whether anything at all may be otherwise than it is.
    package internal(set) var isTouched = false

    package init() {}

    /// - Parameter path: absolute and normalized.
    package func knowledge(of path: String) -> Knowledge {
        guard isTouched else { return .asItIs }
        switch entries[ExactKey(path)] {
        case .absent: return .absent
        case .file: return .file
        case .directory: return .directory
        case .something: return .something
        case .kept: return .kept
        case .doubtful: return .unknown
        case nil: break
        }
        for ancestor in PathText.ancestors(of: path) {
            switch entries[ExactKey(ancestor)] {
            case .absent, .file, .directory(.nothing, _): return .absent
            case .something, .doubtful, .directory(.unknown, _): return .unknown
            case .directory(.asItIs, _), .kept, nil: continue
            }
        }
        return opaque == nil ? .asItIs : .unknown
    }

    /// Of what is a directory.
    package func attributes(of path: String) -> Attributes {
        if case .directory(_, let attributes) = entries[ExactKey(path)] { attributes } else { .unknown }
    }

    /// Whose doing it is that nobody knows what is at a path; nil if that is no single resource's of which it is unknown
    /// what it does.
    package func culprit(of path: String) -> String? {
        if case .kept(let title) = entries[ExactKey(path)] { return title }
        for place in [path] + PathText.ancestors(of: path) {
            switch entries[ExactKey(place)] {
            case .doubtful(let title): return title
            case .absent, .file, .something: return nil
            case .directory, .kept, nil: continue
            }
        }
        return nil
    }

    /// Whether nothing would lie in a directory any more; nil if nobody can say.
    /// - Parameter names: of what lies in it on the disk.
    package func isEmpty(_ path: String, holding names: [String]) -> Bool? {
        let inside = entries.filter { $0.key.isInside(path) }.values
        if inside.contains(where: { !$0.isAbsent && !$0.isOpen }) { return false }
        let mayHold = inside.contains(where: \.isOpen)
        let own = entries[ExactKey(path)]
        if case .directory(.nothing, _) = own { return mayHold ? nil : true }
        let left = names.map { knowledge(of: PathText.joined(path, $0)) }.filter { $0 != .absent }
        if left.contains(where: { $0 != .unknown }) { return false }
        if case .directory(.unknown, _) = own { return nil }
        return left.isEmpty && !mayHold && opaque == nil ? true : nil
    }

    // MARK: What would be done

    /// A file resource would have made it as it is to be.
    /// - Parameter isFresh: whether nothing is there yet.
    package mutating func make(_ file: FileResource, isFresh: Bool) {
        switch file.ensure {
        case .present: set(file.path, .file)
        case .absent: set(file.path, .absent)
        case .directory: makeDirectory(file, isFresh: isFresh)
        }
    }

    private mutating func makeDirectory(_ file: FileResource, isFresh: Bool) {
        guard !isFresh else {
            let attributes = Attributes.given(mode: file.mode ?? 0o755, owner: file.owner, group: file.group)
            return set(file.path, .directory(.nothing, attributes))
        }
        var (contents, before) = (Contents.asItIs, Attributes.unknown)
        if case .directory(let found, let attributes) = entries[ExactKey(file.path)] {
            (contents, before) = (found, attributes)
        }
        var (mode, owner, group) = (file.mode, file.owner, file.group)
        if case .given(let oldMode, let oldOwner, let oldGroup) = before {
            (mode, owner, group) = (mode ?? oldMode, owner ?? oldOwner, group ?? oldGroup)
        }
        set(file.path, .directory(contents, .given(mode: mode, owner: owner, group: group)))
    }

    /// A command would have been executed.
    /// - Parameters:
    ///   - effects: nil if nobody has said what it changes.
    ///   - title: of the resource, for messages.
    package mutating func execute(_ effects: DeclaredEffects?, _ title: String) {
        isTouched = true
        guard let effects else { return forget(title, "which does not say what it changes") }
        for path in effects.removes { set(path, .absent) }
        for path in effects.creates {
            // What was not in it may be brought by the same command.
            if hasAbsent { entries = entries.filter { !$0.value.isAbsent || !$0.key.isInside(path) } }
            set(path, .something)
        }
    }

    /// Something would have been changed, and nobody can say where: the way leads through a link that may change.
    /// - Parameter title: of the resource, for messages.
    mutating func goAstray(_ title: String) { forget(title, "whose path leads through a link that may change") }

    private mutating func forget(_ title: String, _ words: String) {
        isTouched = true
        entries.removeAll()
        (opaque, opacity) = (title, words)
    }

    private mutating func set(_ path: String, _ entry: Entry) {
        isTouched = true
        let ancestors = PathText.ancestors(of: path)
        let known = entry.isAbsent ? [] : ancestors.map { knowledge(of: $0) }
        let before = entries.updateValue(entry, forKey: ExactKey(path))
        guard !entry.isAbsent else {
            hasAbsent = true
            switch before {
            case .absent, .file, nil: return
            case .directory, .something, .kept, .doubtful:
                return entries = entries.filter { !$0.key.isInside(path) }
            }
        }
        // What lies in something is in a directory.
        for (ancestor, known) in zip(ancestors, known) {
            let key = ExactKey(ancestor)
            switch entries[key] {
            case .absent, .file: entries[key] = .directory(.nothing, .unknown)
            case .something, .doubtful: entries[key] = .directory(.unknown, .unknown)
            case .directory: break
            case .kept: entries[key] = .directory(.asItIs, .asItIs)
            case nil: entries[key] = .directory(.asItIs, known == .asItIs ? .asItIs : .unknown)
            }
        }
    }
}

extension ExactKey {
    /// Whether a path lies below another one.
    func isInside(_ path: String) -> Bool {
        let inside = (path == "/" ? "" : path).utf8
        let own = text.utf8
        return own.starts(with: inside) && own.dropFirst(inside.count).first == UInt8(ascii: "/")
    }
}
