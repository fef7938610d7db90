internal import OstlerTasks

extension GuardReference {
    /// With the shortest form of its path, if it names a file by one: however it is spelled, it is one file.
    var normalized: GuardReference {
        guard type == ResourceKind.file.rawValue, let path = PathText.normalized(name) else { return self }
        return GuardReference(type: type, name: path)
    }
}

extension TaskGuards {
    /// Names files by the shortest forms of their paths.
    /// - Parameter kind: of the resource to which they belong.
    mutating func normalize(for kind: ResourceKind) {
        require = require.map(\.normalized)
        subscribe = subscribe.map(\.normalized)
        alias = alias.map { GuardReference(type: kind.rawValue, name: $0).normalized.name }
    }
}
