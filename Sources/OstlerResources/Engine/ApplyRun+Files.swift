package import OstlerProtocol

extension ApplyRun {
    func apply(
        _ file: FileResource,
        _ resource: Resource,
        _ outcome: inout ResourceOutcome
    ) async throws(Failure) {
        let found = try await world.inspect(file, withDiff: mode.showsDiff)
        outcome.ensure = found.found.ensure
        guard outcome.isNoop else {
            guard !found.differences.isEmpty else { return }
            (outcome.differences, outcome.diff) = (found.differences, found.diff)
            try await world.make(file)
            (outcome.state, outcome.ensure) = (.changed, file.ensure)
            return outcome.changed = true
        }
        try predict(file, found, &outcome)
        if outcome.state == .unknown || requiresUnknown(resource) {
            if outcome.state != .unknown { outcome.becomeUnknown(asThingsAre: outcome.changed, model) }
            return model.execute(nil, resource.title)
        }
        guard outcome.changed else { return }
        outcome.message = file.noopMessage
        let isFresh = found.found == .nothing || model.knowledge(of: file.path) == .absent
        switch file.ensure {
        case .present: model.writeFile(file.path)
        case .absent: model.remove(file.path)
        case .directory: model.makeDirectory(file.path, isFresh: isFresh)
        }
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
        state = .unknown
        changed = false
        changesAsThingsAre = changes
        let now = changes ? "would change as things are" : "would be stable as things are"
        let why = model.opaque.map { "\($0), which does not say what it changes, would run before" }
        message = "\(now); \(why ?? "what it depends on would change before")"
    }
}

extension Failure {
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
