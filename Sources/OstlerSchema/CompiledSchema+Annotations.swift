public import OstlerJSON

extension CompiledSchema {
    /// A value of the payload that the schema has something to say about.
    public struct AnnotatedValue: Sendable, Equatable {
        public let pointer: JSONPointer
        public let value: JSONValue
        /// What stands behind the annotation's keyword.
        public let annotation: JSONValue
    }

    /// A place of payloads that the schema has something to say about.
    public struct AnnotatedPlace: Sendable, Equatable {
        /// A pointer in which `*` stands for any item, or for any member that has no name of its own in the schema.
        public let pattern: JSONPointer
        public let annotation: JSONValue
    }

    /// Where a keyword that is not JSON Schema's, such as `x-ostler-program`, speaks about which places of payloads.
    ///
    /// References are followed; what refers to itself is entered once on each path. `not` says nothing.
    public func annotations(named name: String) -> [AnnotatedPlace] {
        guard program.annotationNames.contains(name) else { return [] }
        var places: [AnnotatedPlace] = []
        var path: Set<Int> = []
        func visit(_ number: Int, _ pattern: JSONPointer) {
            guard path.insert(number).inserted else { return }
            defer { path.remove(number) }
            let node = program.nodes[number]
            for (keyword, value) in node.rules.annotations where keyword == name {
                let place = AnnotatedPlace(pattern: pattern, annotation: value)
                if !places.contains(place) { places.append(place) }
            }
            for (child, step) in node.annotationEdges {
                visit(child, step.map { JSONPointer(pattern.description + "/" + $0) } ?? pattern)
            }
        }
        visit(0, .root)
        return places
    }

    /// The values of a payload that an annotation applies to, in the order of the payload.
    ///
    /// Of alternatives only those count that fit, so the payload must be one that ``validate(_:into:)`` has accepted.
    /// Throws rather than leave anything out, if the schema asks for too much work.
    public func values(
        annotatedWith name: String,
        in payload: UnsafeBufferPointer<UInt8>
    ) throws(JSONError) -> [AnnotatedValue] {
        guard program.annotationNames.contains(name) else { return [] }
        var walker = SchemaWalker(program, payload)
        walker.wanted = name
        try walker.run()
        let findings = walker.findings.enumerated().sorted {
            ($0.element.offset, $0.offset) < ($1.element.offset, $1.offset)
        }.map(\.element)
        let pointers = PointerFinder.pointers(to: findings.map(\.offset), in: payload)
        var values: [AnnotatedValue] = []
        var alike = 0
        for (finding, pointer) in zip(findings, pointers) {
            guard let value = walker.value(at: finding.offset) else { continue }
            let found = AnnotatedValue(pointer: pointer, value: value, annotation: finding.annotation)
            // What two ways led to stands side by side.
            if values.last?.pointer != pointer { alike = values.count }
            if !values[alike...].contains(found) { values.append(found) }
        }
        return values
    }
}

extension SchemaNode {
    /// The schemas below, each with the step of the payload that leads to it, or nil for the same value.
    fileprivate var annotationEdges: [(node: Int, step: String?)] {
        var edges: [(Int, String?)] = []
        if let rules = rules.inPlace?.value {
            let same =
                rules.all + rules.any + rules.one
                + [rules.dynamic?.fallback, rules.condition, rules.then, rules.otherwise].compactMap(\.self)
            edges += same.map { ($0, nil) }
        }
        if let rules = rules.object?.value {
            for (name, schema) in zip(rules.names.names, rules.schemas) where schema >= 0 {
                edges.append((schema, JSONPointer.escape(name)))
            }
            edges += rules.patterns.map { ($0.schema, "*") } + rules.dependentSchemas.map { ($0.schema, nil) }
            if let schema = rules.additional { edges.append((schema, "*")) }
        }
        if let rules = rules.array?.value {
            edges += rules.prefix.enumerated().map { ($0.element, "\($0.offset)") }
            edges += [rules.items, rules.contains].compactMap(\.self).map { ($0, "*") }
        }
        edges += [rules.unevaluatedItems, rules.unevaluatedProperties].compactMap(\.self).map { ($0, "*") }
        return edges
    }
}
