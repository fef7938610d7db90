import OstlerJSON

/// Turns a schema document, and all that it refers to, into a ``SchemaProgram``.
struct SchemaCompiler {
    var registry: SchemaRegistry
    /// By the key of the place.
    private var numbers: [[UInt8]: Int] = [:]
    /// The places of all schemas; the first `nodes.count` of them are compiled.
    private var places: [SchemaPlace] = []
    private var nodes: [SchemaNode] = []
    private var vocabularies: [Int: SchemaVocabularies] = [:]
    private static let maximumSchemas = 20_000

    private init(_ registry: SchemaRegistry) {
        self.registry = registry
    }

    /// Compiles a document; its root becomes the first node.
    static func compile(
        _ document: JSONValue,
        resources: [String: JSONValue]
    ) throws(SchemaError) -> SchemaProgram {
        var registry = SchemaRegistry()
        for (uri, resource) in resources.sorted(by: { $0.key < $1.key }) { try registry.register(resource, as: uri) }
        let root = try registry.register(document, as: "ostler:/schema")
        var compiler = SchemaCompiler(registry)
        _ = try compiler.number(of: registry.root(of: root))
        try compiler.compileAll()
        let anchors = try compiler.dynamicAnchors()
        try compiler.refuseEndlessReferences()
        return SchemaProgram(nodes: compiler.nodes, dynamicAnchors: anchors)
    }

    private mutating func compileAll() throws(SchemaError) {
        while nodes.count < places.count { nodes.append(try node(places[nodes.count])) }
    }

    /// The number that a schema has or will have; it is compiled later, so that no chain of references gets deep.
    mutating func number(of place: SchemaPlace) throws(SchemaError) -> Int {
        if let known = numbers[place.key] { return known }
        guard places.count < Self.maximumSchemas else {
            throw SchemaError(pointer: registry.pointer(to: place), message: "more than \(Self.maximumSchemas) schemas")
        }
        numbers[place.key] = places.count
        places.append(place)
        return places.count - 1
    }

    private mutating func dynamicAnchors() throws(SchemaError) -> [[String: Int]] {
        guard nodes.contains(where: { $0.rules.inPlace?.value.dynamic != nil }) else { return [] }
        var anchors: [[String: Int]] = []
        // Compiling what an anchor names can bring in further documents.
        while anchors.count < registry.resources.count {
            var named: [String: Int] = [:]
            for name in registry.resources[anchors.count].dynamicAnchors.keys.sorted() {
                let place = try? registry.resolve("#" + name, from: anchors.count)
                if let place { named[name] = try number(of: place) }
            }
            anchors.append(named)
            try compileAll()
        }
        return anchors
    }

    private mutating func node(_ place: SchemaPlace) throws(SchemaError) -> SchemaNode {
        let pointer = registry.pointer(to: place)
        var rules = SchemaRules()
        switch place.value {
        case .bool(let isAllowed): rules.isNever = !isAllowed
        case .object(let object):
            let fields = SchemaFields(object: object, pointer: pointer)
            rules = try self.rules(fields, place, vocabulary(of: place.resource))
        default:
            let message = "a schema must be an object or a boolean, not \(Phrase.value(place.value))"
            throw SchemaError(pointer: pointer, message: message)
        }
        return SchemaNode(rules, resource: place.resource, pointer: pointer, source: place.value)
    }

    private mutating func vocabulary(of resource: Int) throws(SchemaError) -> SchemaVocabularies {
        if let known = vocabularies[resource] { return known }
        let vocabulary = try registry.vocabularies(of: resource)
        vocabularies[resource] = vocabulary
        return vocabulary
    }

    /// A schema that applies itself to the same value again would never come to an end.
    private func refuseEndlessReferences() throws(SchemaError) {
        enum Mark {
            case open
            case done
        }
        var marks: [Int: Mark] = [:]
        for first in nodes.indices where marks[first] == nil {
            var stack = [(node: first, edges: edges(of: first)[...])]
            marks[first] = .open
            while let (node, edges) = stack.last {
                guard let next = edges.first else {
                    marks[node] = .done
                    stack.removeLast()
                    continue
                }
                stack[stack.count - 1].edges = edges.dropFirst()
                if marks[next] == .open {
                    throw SchemaError(pointer: nodes[next].pointer, message: "the schema refers to itself without end")
                }
                if marks[next] == nil {
                    marks[next] = .open
                    stack.append((next, self.edges(of: next)[...]))
                }
            }
        }
    }

    private func edges(of node: Int) -> [Int] {
        let rules = nodes[node].rules
        return (rules.inPlace?.value.edges ?? []) + (rules.object?.value.dependentSchemas.map(\.schema) ?? [])
    }
}
