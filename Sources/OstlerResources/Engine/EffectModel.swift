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

    /// Whether nothing would lie in a directory any more; nil if nobody can say.
    /// - Parameter names: of what lies in it on the disk.
    package func isEmpty(_ path: String, holding names: [String]) -> Bool? {
        let inside = path + "/"
        if entries.contains(where: { $0.key.hasPrefix(inside) && !$0.value.isAbsent }) { return false }
        if case .directory(.nothing) = entries[path] { return true }
        let left = names.map { knowledge(of: inside + $0) }.filter { $0 != .absent }
        if left.contains(where: { $0 != .unknown }) { return false }
        if case .directory(.unknown) = entries[path] { return nil }
        return left.isEmpty && opaque == nil ? true : nil
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
        let before = entries.updateValue(entry, forKey: path)
        guard !entry.isAbsent else {
            switch before {
            // What has something in it has an entry of its own.
            case .absent, .file, nil: return
            case .directory, .something:
                let inside = path + "/"
                return entries = entries.filter { !$0.key.hasPrefix(inside) }
            }
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
