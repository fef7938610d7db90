internal import OstlerProtocol

extension ApplyRun {
    func apply(
        _ file: FileResource,
        _ resource: Resource,
        _ outcome: inout ResourceOutcome
    ) async throws(Failure) {
        guard outcome.isNoop else { return try await ensure(file, &outcome) }
        try await foretell(file, resource, &outcome)
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
}

extension FileInspection.Found {
    var ensure: FileResource.Ensure {
        switch self {
        case .nothing: .absent
        case .directory: .directory
        case .file, .other: .present
        }
    }
}
