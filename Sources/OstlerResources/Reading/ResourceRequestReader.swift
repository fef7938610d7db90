package import OstlerConfig
package import OstlerJSON

/// Reads resources that stand in no manifest: a kind, and the properties of a manifest with the name among them.
package struct ResourceRequestReader {
    private let providers: ExecProviderRegistry
    private let warn: (String) -> Void

    package init(providers: ExecProviderRegistry, warn: @escaping (String) -> Void = { _ in }) {
        self.providers = providers
        self.warn = warn
    }

    /// The kinds that can be asked for one by one.
    static let kinds = ResourceKind.allCases.filter { $0 != .apply }.map(\.rawValue)

    /// Reads one resource. It is given less than one of a manifest: unless it says otherwise its commands have the least
    /// environment, and a file's `source` is one below the root.
    /// - Parameters:
    ///   - properties: an object; pointers of problems begin at it.
    ///   - request: what the request is called, which becomes the place of the resource.
    package func read(
        kind: String,
        _ properties: JSONValue,
        request: String
    ) throws(ConfigFailure) -> Resource {
        let document = YAMLDocument(of: properties, name: request)
        let log = ProblemLog(document)
        let reader = ResourceReader(document: document, providers: providers, origin: .request, warn: warn)
        let name = log.root.anyMembers()?.required("name")?.string()
        let resource = name.flatMap { reader.resource(kind, $0, log.root) }
        try log.finish()
        guard let resource else { throw ConfigFailure(.unknownKind(kind, request)) }
        return resource
    }
}

extension ConfigError {
    fileprivate static func unknownKind(_ kind: String, _ request: String) -> ConfigError {
        let kinds = ResourceRequestReader.kinds
        return ConfigError(
            .unknownType,
            file: request,
            message: "unknown kind of resource \(Quotation.text(kind))",
            hint: Suggestion.nearest(to: kind, in: kinds).map { "did you mean \"\($0)\"?" }
                ?? "there are: \(kinds.joined(separator: ", "))"
        )
    }
}
