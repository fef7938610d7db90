package import OstlerProtocol

extension ApplyRun {
    func apply(
        _ file: FileResource,
        _ resource: Resource,
        _ outcome: inout ResourceOutcome
    ) async throws(Failure) {
        guard outcome.isNoop else { return try await ensure(file, &outcome) }
        let found = try await foresee(file, &outcome)
        if outcome.state == .unknown || requiresUnknown(resource) {
            if outcome.state != .unknown { outcome.becomeUnknown(asThingsAre: outcome.changed, model) }
            return model.execute(nil, resource.title)
        }
        guard outcome.changed else { return }
        outcome.message = file.noopMessage
        let isFresh = found == .nothing || model.knowledge(of: file.path) == .absent
        switch file.ensure {
        case .present: model.writeFile(file.path)
        case .absent: model.remove(file.path)
        case .directory: model.makeDirectory(file.path, isFresh: isFresh)
        }
    }

    private func ensure(_ file: FileResource, _ outcome: inout ResourceOutcome) async throws(Failure) {
        let found = try await world.inspect(file, withDiff: mode.showsDiff)
        outcome.ensure = found.found.ensure
        guard !found.differences.isEmpty else { return }
        (outcome.differences, outcome.diff) = (found.differences, found.diff)
        try await world.make(file)
        (outcome.state, outcome.ensure) = (.changed, file.ensure)
        outcome.changed = true
    }

    // MARK: Without effects

    /// Finds out what would become of it.
    /// - Returns: what is there now.
    private func foresee(
        _ file: FileResource,
        _ outcome: inout ResourceOutcome
    ) async throws(Failure) -> FileInspection.Found {
        let knowledge = model.knowledge(of: file.path)
        let isDoubtful =
            knowledge == .unknown
            || file.dependencies(withSource: mode.sharesSources).contains { model.knowledge(of: $0) != .asItIs }
        let found: FileInspection
        do throws(Failure) {
            found = try await world.inspect(file, withDiff: mode.showsDiff)
            outcome.ensure = found.found.ensure
        } catch {
            guard !isDoubtful else {
                outcome.becomeUnknown(failing: error, model)
                return .other
            }
            // What stands in the way on the disk is gone by then.
            guard knowledge != .asItIs, error.isInTheWay else { throw error }
            found = FileInspection(found: .other, hasParent: true)
        }
        if isDoubtful {
            outcome.becomeUnknown(asThingsAre: !found.differences.isEmpty, model)
        } else {
            try predict(file, found, &outcome)
        }
        return found.found
    }

    /// What would become of it after all that would have been done before.
    private func predict(
        _ file: FileResource,
        _ found: FileInspection,
        _ outcome: inout ResourceOutcome
    ) throws(Failure) {
        let knowledge = model.knowledge(of: file.path)
        switch (file.ensure, knowledge) {
        case (_, .unknown), (.present, .something), (.directory, .something), (.present, .file):
            return outcome.becomeUnknown(asThingsAre: !found.differences.isEmpty, model)
        case (.absent, .absent): return
        case (.absent, .file), (.absent, .directory), (.absent, .something):
            outcome.differences = ["exists"]
        case (.present, .absent), (.directory, .absent):
            outcome.differences = ["absent"]
        case (.directory, .directory): return
        case (.present, .directory): throw .isDirectory(file.path)
        case (.directory, .file): throw .notDirectory(file.path)
        case (_, .asItIs):
            guard !found.differences.isEmpty else { return }
            (outcome.differences, outcome.diff) = (found.differences, found.diff)
        }
        if file.ensure == .absent, knowledge == .directory || knowledge == .asItIs && found.found == .directory {
            switch model.isEmpty(file.path, holding: found.holds) {
            case true: break
            case false: throw .notEmpty(file.path)
            case nil: return outcome.becomeUnknown(asThingsAre: true, model)
            }
        }
        if file.ensure != .absent {
            let parent = PathText.directory(of: file.path)
            switch model.knowledge(of: parent) {
            case .directory: break
            case .asItIs where found.hasParent: break
            case .unknown, .something: return outcome.becomeUnknown(asThingsAre: true, model)
            case .absent, .asItIs, .file: throw .noParent(parent)
            }
        }
        outcome.state = .changed
        outcome.changed = true
    }
}

extension FileInspection.Found {
    fileprivate var ensure: FileResource.Ensure {
        switch self {
        case .nothing: .absent
        case .directory: .directory
        case .file, .other: .present
        }
    }
}

extension FileResource {
    /// What a run without effects says in place of the change.
    fileprivate var noopMessage: String {
        switch ensure {
        case .present: "Would have created the file"
        case .absent: "Would have removed the file"
        case .directory: "Would have created directory"
        }
    }
}

extension ResourceOutcome {
    mutating func becomeUnknown(asThingsAre changes: Bool, _ model: EffectModel) {
        changesAsThingsAre = changes
        becomeUnknown(changes ? "would change as things are" : "would be stable as things are", model)
    }

    /// Of what would fail, were it its turn now.
    mutating func becomeUnknown(failing failure: Failure, _ model: EffectModel) {
        becomeUnknown("would fail as things are: \(failure.message)", model)
    }

    private mutating func becomeUnknown(_ now: String, _ model: EffectModel) {
        state = .unknown
        changed = false
        let why = model.opaque.map { "\($0), which does not say what it changes, may run before" }
        message = "\(now); \(why ?? "what it depends on would change before")"
    }
}

extension FileResource {
    /// Paths that decide what becomes of it, beside its own.
    fileprivate func dependencies(withSource sharesSources: Bool) -> [String] {
        guard ensure != .absent else { return [] }
        var paths: [String] = []
        switch content {
        case .rootedSource(let path): paths.append(path)
        case .source(let path) where sharesSources: paths += PathText.normalized(path).map { [$0] } ?? []
        case .source, .text, nil: break
        }
        if let owner, UInt32(owner) == nil { paths.append("/etc/passwd") }
        if let group, UInt32(group) == nil { paths.append("/etc/group") }
        return paths
    }
}

extension Failure {
    /// Whether it is only about what is there in the place of the file.
    fileprivate var isInTheWay: Bool { ["is_directory", "not_a_directory", "not_removed"].contains(code) }

    package static func notEmpty(_ path: String) -> Failure {
        Failure(
            "not_removed",
            fault: .task,
            message: "\(path): the directory is not empty",
            hint: "a directory is removed only when it is empty: name what is in it"
        )
    }

    package static func noParent(_ path: String) -> Failure {
        Failure(
            "no_directory",
            fault: .task,
            message: "the directory \(path) does not exist",
            hint: "let a resource before it make it, with ensure: directory"
        )
    }

    package static func isDirectory(_ path: String) -> Failure {
        Failure(
            "is_directory",
            fault: .task,
            message: "\(path) is a directory, and a file is to be there",
            hint: "remove it first: nothing is deleted that is not named"
        )
    }

    package static func notDirectory(_ path: String) -> Failure {
        Failure(
            "not_a_directory",
            fault: .task,
            message: "\(path) is there and is not a directory",
            hint: "remove it first, or name another path"
        )
    }
}
