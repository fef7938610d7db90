internal import OstlerJSON

extension Catalog {
    /// What the person who named an unknown executor probably needs to hear.
    func hint(for name: String) -> String? {
        if let lost = rejected.first(where: { $0.executors.contains(name) || $0.name == name }) {
            return "the plugin \"\(lost.name)\" in \(lost.directory) is not used: \(lost.message)"
        }
        // A place that was named and cannot be searched is more to the point than a name that is spelled alike.
        let missing = rejected.first { $0.origin.origin.isExplicit && $0.directory == $0.origin.directory }
        if let missing, missing.executors.isEmpty {
            return "\(missing.origin.origin) names \(missing.directory): \(missing.message)"
        }
        if let near = Suggestion.nearest(to: name, in: executorNames) { return "did you mean \"\(near)\"?" }
        let names = executorNames
        return names.isEmpty
            ? "no executor is installed; see --plugin-path"
            : "the executors here are: \(names.prefix(8).joined(separator: ", "))\(names.count > 8 ? ", …" : "")"
    }
}
