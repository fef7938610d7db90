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
        case unknown
    }

    private enum Entry: Sendable {
        case absent
        case file
        /// What is in it beside what has an entry of its own.
        case directory(Contents)
        case something

        var isAbsent: Bool {
            if case .absent = self { true } else { false }
        }
    }

    private enum Contents: Sendable {
        case nothing
        case asItIs
        case unknown
    }

    private var entries: [String: Entry] = [:]
    /// What would have been executed without anybody having said what it changes, the latest.
    package private(set) var opaque: String?
    /// Whether anything at all would be otherwise than it is.
    package private(set) var isTouched = false

    package init() {}

    /// - Parameter path: absolute and normalized.
    package func knowledge(of path: String) -> Knowledge {
        guard isTouched else { return .asItIs }
        switch entries[path] {
        case .absent: return .absent
        case .file: return .file
        case .directory: return .directory
        case .something: return .something
        case nil: break
        }
        for ancestor in PathText.ancestors(of: path) {
            switch entries[ancestor] {
            case .absent, .file, .directory(.nothing): return .absent
            case .something, .directory(.unknown): return .unknown
            case .directory(.asItIs), nil: continue
            }
        }
        return opaque == nil ? .asItIs : .unknown
    }

    /// A file resource would have written it.
    package mutating func writeFile(_ path: String) { set(path, .file) }

    /// - Parameter isFresh: whether it is not there yet.
    package mutating func makeDirectory(_ path: String, isFresh: Bool) {
        set(path, .directory(isFresh ? .nothing : .asItIs))
    }

    package mutating func remove(_ path: String) { set(path, .absent) }

    /// A command would have been executed.
    /// - Parameters:
    ///   - effects: nil if nobody has said what it changes.
    ///   - title: of the resource, for messages.
    package mutating func execute(_ effects: DeclaredEffects?, _ title: String) {
        isTouched = true
        guard let effects else {
            entries.removeAll()
            return opaque = title
        }
        for path in effects.removes { set(path, .absent) }
        for path in effects.creates { set(path, .something) }
    }

    private mutating func set(_ path: String, _ entry: Entry) {
        isTouched = true
        entries[path] = entry
        guard !entry.isAbsent else {
            return entries = entries.filter { !$0.key.hasPrefix(path + "/") }
        }
        // What lies in something is in a directory.
        for ancestor in PathText.ancestors(of: path) {
            switch entries[ancestor] {
            case .absent, .file: entries[ancestor] = .directory(.nothing)
            case .something: entries[ancestor] = .directory(.unknown)
            case .directory: break
            case nil: entries[ancestor] = .directory(.asItIs)
            }
        }
    }
}
