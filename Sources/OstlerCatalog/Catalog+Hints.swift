internal import OstlerJSON

extension Catalog {
    /// What the person who named an unknown executor probably needs to hear.
    func hint(for name: String) -> String? {
        if let lost = rejected.first(where: { $0.executors.contains(name) || $0.name == name }) {
            return "the plugin \"\(lost.name)\" in \(lost.directory) is not used: \(lost.message)"
        }
        if let near = Suggestion.nearest(to: name, in: executorNames) { return "did you mean \"\(near)\"?" }
        let names = executorNames
        return names.isEmpty
            ? "no executor is installed; see --plugin-path"
            : "there is \(names.prefix(8).joined(separator: ", "))\(names.count > 8 ? ", …" : "")"
    }
}
