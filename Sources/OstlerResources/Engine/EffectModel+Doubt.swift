internal import OstlerJSON

/// Resources of which nobody can say what they do.
extension EffectModel {
    /// A file resource may have made it as it is to be, or not.
    /// - Parameters:
    ///   - found: what is there on the disk; nil if that could not be told.
    ///   - title: of the resource, for messages.
    package mutating func doubt(_ file: FileResource, found: FileInspection.Found?, _ title: String) {
        isTouched = true
        let key = ExactKey(file.path)
        let knowledge = knowledge(of: file.path)
        switch (file.ensure, knowledge, found) {
        // Whether it is done or not, as much is known of it as before.
        case (_, .unknown, _), (.absent, .absent, _), (.absent, .asItIs, .nothing): return
        case (.present, .file, _), (.present, .something, _), (.present, .directory, _): return
        case (.directory, .file, _), (.directory, .something, _): return
        case (.directory, .directory, _):
            guard case .directory(let contents, _) = entries[key] else { return }
            entries[key] = .directory(contents, .unknown)
        case (.directory, .asItIs, .directory), (.directory, .kept, .directory):
            entries[key] = .directory(.asItIs, .unknown)
        case (.directory, .asItIs, .nothing), (.directory, .kept, .nothing): entries[key] = .kept(title)
        case (.present, .asItIs, .file), (.present, .asItIs, .other): entries[key] = .something
        default: mark(file.path, title)
        }
        doubtAncestors(of: file.path, title)
    }

    /// A command may have been executed, or not.
    /// - Parameters:
    ///   - effects: nil if nobody has said what it changes.
    ///   - title: of the resource, for messages.
    package mutating func doubt(_ effects: DeclaredEffects?, _ title: String) {
        guard let effects else { return execute(nil, title) }
        isTouched = true
        for path in effects.removes where ![.absent, .unknown].contains(knowledge(of: path)) {
            mark(path, title)
            doubtAncestors(of: path, title)
        }
        for path in effects.creates {
            switch knowledge(of: path) {
            case .unknown: continue
            // It is there in any case.
            case .file, .directory, .something: entries[ExactKey(path)] = .something
            // What was not in it may be brought by the same command.
            case .asItIs, .absent, .kept: mark(path, title, bringsMore: true)
            }
            doubtAncestors(of: path, title)
        }
    }

    /// - Parameter bringsMore: whether what is not in it may be there by then.
    private mutating func mark(_ path: String, _ title: String, bringsMore: Bool = false) {
        if entries[ExactKey(path)] != nil || hasAbsent {
            for (key, entry) in entries where key.isInside(path) && (bringsMore || !entry.isAbsent) {
                entries[key] = .doubtful(title)
            }
        }
        entries[ExactKey(path)] = .doubtful(title)
    }

    /// What is above something that may have been made may have been made with it.
    private mutating func doubtAncestors(of path: String, _ title: String) {
        let ancestors = PathText.ancestors(of: path)
        for (ancestor, known) in ancestors.map({ ($0, knowledge(of: $0)) }) {
            switch known {
            case .asItIs: entries[ExactKey(ancestor)] = .kept(title)
            case .absent, .file: entries[ExactKey(ancestor)] = .doubtful(title)
            case .unknown: entries[ExactKey(ancestor)] = .doubtful(culprit(of: ancestor) ?? opaque ?? title)
            case .directory, .something, .kept: break
            }
        }
    }
}
