internal import OstlerProtocol

/// Files without effects.
extension ApplyRun {
    /// Finds out what would become of it, and keeps that in mind for the resources after it.
    func foretell(
        _ file: FileResource,
        _ resource: Resource,
        _ outcome: inout ResourceOutcome
    ) async throws(Failure) {
        let way = await world.resolve(file.path).place
        let requirement = unknownRequirement(of: resource).map(Doubt.requirement)
        let found: FileInspection.Found?
        do throws(Failure) {
            found = try await foresee(file, way, resource, &outcome)
        } catch {
            // It fails or is left out; it changes nothing in either case.
            guard let requirement else { throw error }
            return outcome.becomeUnknown(failing: error, requirement)
        }
        let mayChange = outcome.changed || outcome.state == .unknown
        if let requirement, outcome.state != .unknown {
            outcome.becomeUnknown(asThingsAre: outcome.changed, requirement)
        }
        guard mayChange else { return }
        var own = file
        own.path = way.path
        if outcome.changed { outcome.message = file.noopMessage(outcome.differences, found) }
        let isUnknown = outcome.state == .unknown
        foretell(resource) { model in
            if model.isAstray(way) {
                model.goAstray(resource.title)
            } else if isUnknown {
                model.doubt(own, found: found, resource.title)
            } else {
                model.make(own, isFresh: found == .nothing || model.knowledge(of: way.path) == .absent)
            }
        }
    }

    /// Finds out what would become of it.
    /// - Returns: what is there now; nil if that cannot be told.
    private func foresee(
        _ file: FileResource,
        _ way: ResolvedPath.Way,
        _ resource: Resource,
        _ outcome: inout ResourceOutcome
    ) async throws(Failure) -> FileInspection.Found? {
        let model = model(for: resource)
        let knowledge = model.knowledge(of: way)
        var doubt: Doubt? = knowledge == .unknown ? .path(file.path, way, model) : nil
        for path in file.dependencies(withSource: mode.sharesSources) where doubt == nil && model.isTouched {
            let place = await world.resolve(path)
            if model.knowledge(following: place) != .asItIs { doubt = .path(path, place.end, model) }
        }
        let found: FileInspection
        do throws(Failure) {
            found = try await world.inspect(file, withDiff: mode.showsDiff)
            outcome.ensure = found.found.ensure
        } catch {
            if let doubt {
                outcome.becomeUnknown(failing: error, doubt)
                return nil
            }
            // What stands in the way on the disk is gone by then.
            guard knowledge != .asItIs, error.isInTheWay else { throw error }
            found = FileInspection(found: .other, hasParent: true)
        }
        if let doubt {
            outcome.becomeUnknown(asThingsAre: !found.differences.isEmpty, doubt)
        } else {
            try predict(file, way, found, model, &outcome)
        }
        return found.found
    }

    /// What would become of it after all that would have been done before.
    private func predict(
        _ file: FileResource,
        _ way: ResolvedPath.Way,
        _ found: FileInspection,
        _ model: EffectModel,
        _ outcome: inout ResourceOutcome
    ) throws(Failure) {
        let knowledge = model.knowledge(of: way.path)
        guard let differences = try file.differences(knowledge, model.attributes(of: way.path), found) else {
            return outcome.becomeUnknown(asThingsAre: !found.differences.isEmpty, .path(file.path, way, model))
        }
        guard !differences.isEmpty else { return }
        outcome.differences = differences
        if knowledge == .asItIs { outcome.diff = found.diff }
        if let doubt = try file.doubtOfPlace(way, knowledge, found, model) {
            return outcome.becomeUnknown(asThingsAre: true, doubt)
        }
        outcome.state = .changed
        outcome.changed = true
    }
}

extension FileResource {
    /// In what it would not be as it is to be; nil if nobody can say.
    fileprivate func differences(
        _ knowledge: EffectModel.Knowledge,
        _ attributes: EffectModel.Attributes,
        _ found: FileInspection
    ) throws(Failure) -> [String]? {
        switch (ensure, knowledge) {
        case (_, .unknown), (_, .something), (.present, .file): return nil
        case (_, .kept) where found.found != .directory: return nil
        case (_, .asItIs), (_, .kept): return found.differences
        case (.absent, .absent): return []
        case (.absent, .file), (.absent, .directory): return ["exists"]
        case (.present, .absent), (.directory, .absent): return ["absent"]
        case (.directory, .directory): return differences(from: attributes, found)
        case (.present, .directory): throw .isDirectory(path)
        case (.directory, .file): throw .notDirectory(path)
        }
    }

    /// Of a directory that is there; nil if nobody can say.
    private func differences(from attributes: EffectModel.Attributes, _ found: FileInspection) -> [String]? {
        switch attributes {
        case .asItIs where found.found == .directory: return found.differences
        case .asItIs: return mode == nil && owner == nil && group == nil ? [] : nil
        case .given(let givenMode, let givenOwner, let givenGroup):
            guard owner == nil || owner == givenOwner, group == nil || group == givenGroup else { return nil }
            guard let mode else { return [] }
            guard let givenMode else { return nil }
            return mode == givenMode ? [] : [FileInspection.difference(ofMode: givenMode, to: mode)]
        }
    }

    /// Why it is open whether it could be changed where it is; nil if it could. Throws if it could not.
    fileprivate func doubtOfPlace(
        _ way: ResolvedPath.Way,
        _ knowledge: EffectModel.Knowledge,
        _ found: FileInspection,
        _ model: EffectModel
    ) throws(Failure) -> Doubt? {
        guard ensure != .absent else {
            let isAsFound = knowledge == .asItIs || knowledge == .kept
            guard knowledge == .directory || isAsFound && found.found == .directory else { return nil }
            switch model.isEmpty(way.path, holding: found.holds) {
            case true: return nil
            case false: throw .notEmpty(path)
            case nil: return .path(path, way, model)
            }
        }
        let parent = PathText.directory(of: way.path)
        switch model.knowledge(of: parent) {
        case .directory: return nil
        case .asItIs where found.hasParent, .kept where found.hasParent: return nil
        case .unknown, .something, .kept: return .path(PathText.directory(of: path), .init(parent), model)
        case .absent, .asItIs, .file: throw .noParent(PathText.directory(of: path))
        }
    }

    /// What a run without effects says in place of the change.
    fileprivate func noopMessage(_ differences: [String], _ found: FileInspection.Found?) -> String {
        let isNew = differences == ["absent"]
        switch ensure {
        case .present where isNew: return "Would have created the file"
        case .present: return "Would have changed the file"
        case .absent: return found == .directory ? "Would have removed the directory" : "Would have removed the file"
        case .directory: return isNew ? "Would have created directory" : "Would have changed the directory"
        }
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
}
